"""What training sees and what validation sees: whole scenes apart, or strips of each image."""

from collections.abc import Sequence
from itertools import accumulate, pairwise

from unnoise.data.batches import split_indices
from unnoise.data.plan import Groups
from unnoise.errors import DataError
from unnoise.types import Array

Views = tuple[list[Array], ...]  # the images (H, W, C) of each view
Scene = tuple[Array, ...]  # the views of one scene, (H, W, C)

HELD_WHOLE, HELD_STRIPS = 0.2, 0.1
MANY = 50  # images, from which on whole ones are held out; of fewer, strips of each
THINNEST = 16  # rows of a strip
HELD_PIXELS = 1_500_000  # at most; the figure is then good to about 0.02 dB
BLOCK = 512  # pixels of a side of what validation runs at once
CALIBRATION_PIXELS, CALIBRATION_BLOCK = 6_000_000, 256  # of more images, smaller parts
SMALLEST = 6  # pixels of a side: noise2void needs a window of 5


def split_views(
    views: Views, groups: Groups, share: float | None, seed: int, *, captures: bool
) -> tuple[Views, list[Scene], Groups, list[Scene]]:
    """Hold out whole groups where there are many, else a strip of each image.

    A group is what belongs to one scene: its captures, or the parts of one image.

    Returns:
        What is trained on, scenes that are held out, the groups of the former, and where strips
        are held out the rest of these images, as scenes too.
    """
    if len(groups) >= MANY:
        keep, held = split_indices(len(groups), share or HELD_WHOLE, seed)
        held_out = [shown for g in held for shown in _shown(views, groups[g], captures=captures)]
        order = [index for g in keep for index in groups[g]]
        train = tuple([view[i] for i in order] for view in views)
        return train, held_out, numbered([len(groups[g]) for g in keep]), []
    cuts = [cut_row(len(image), share or HELD_STRIPS) for image in views[0]]
    train = tuple([image[:cut] for image, cut in zip(view, cuts, strict=True)] for view in views)
    strips = tuple([image[cut:] for image, cut in zip(view, cuts, strict=True)] for view in views)
    held_out, learned = (
        [shown for group in groups for shown in _shown(part, group, captures=captures)]
        for part in (strips, train)
    )
    return train, held_out, groups, learned


def numbered(counts: Sequence[int]) -> Groups:
    """Number the members of groups through, from the size of each group."""
    ends = list(accumulate(counts))
    return tuple(tuple(range(e - n, e)) for e, n in zip(ends, counts, strict=True))


def cut_row(height: int, share: float) -> int:
    """Return the first row of the strip of an image that is held out."""
    return max(height - max(round(share * height), THINNEST), height // 2)


def _shown(views: Views, group: tuple[int, ...], *, captures: bool) -> list[Scene]:
    """Return what validation sees of a group: its views, or each two neighbouring captures."""
    if captures:
        return [(views[0][a], views[0][b]) for a, b in pairwise(group)]
    return [tuple(view[i] for view in views) for i in group]


def validation_blocks(scenes: list[Scene]) -> list[Scene]:
    """Cut held-out scenes into blocks that validation runs at once.

    Raises:
        DataError: All are too small to say anything.
    """
    return _blocks(scenes, side=BLOCK, pixels=HELD_PIXELS)


def calibration_blocks(scenes: list[Scene]) -> list[Scene]:
    """Cut scenes into more and smaller blocks, to calibrate on; none of none."""
    return _blocks(scenes, side=CALIBRATION_BLOCK, pixels=CALIBRATION_PIXELS) if scenes else []


def _blocks(scenes: list[Scene], *, side: int, pixels: int) -> list[Scene]:
    """Cut scenes into blocks, and take evenly spread ones of about this number of pixels."""
    blocks = [
        block
        for scene in scenes
        for y in range(0, scene[0].shape[0], side)
        for x in range(0, scene[0].shape[1], side)
        if min((block := tuple(v[y : y + side, x : x + side] for v in scene))[0].shape[:2])
        >= SMALLEST
    ]
    if not blocks:
        raise DataError(
            f"the held-out images have sides below {SMALLEST} pixels, too few to validate: "
            "train on larger images, or with a larger --validation"
        )
    total = sum(block[0].shape[0] * block[0].shape[1] for block in blocks)
    return blocks[:: max(1, -(-total // pixels))]
