"""Scenes for training, for validation, and for a person: whole ones apart, or strips of each."""

from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np

from unnoise.data.batches import Groups, split_indices
from unnoise.data.beside import Beside
from unnoise.errors import DataError
from unnoise.facts import amount_of_structure, most_structured
from unnoise.types import Array, Indices

Views = tuple[list[Array], ...]  # the images (H, W, C) of each view
Scene = tuple[Array, ...]  # the views of one scene, (H, W, C)

HELD_WHOLE, HELD_STRIPS = 0.2, 0.1
MANY = 50  # images, from which on whole ones are held out; of fewer, strips of each
THINNEST = 16  # rows of a strip
HELD_PIXELS = 1_500_000  # at most; the figure is then good to about 0.02 dB
BLOCK = 512  # pixels of a side of what validation runs at once
CALIBRATION_PIXELS, CALIBRATION_BLOCK = 6_000_000, 256  # of more images, smaller parts
COPIED_PIXELS = 2 * CALIBRATION_PIXELS  # of images that are copied, each with its neighbours
SMALLEST = 6  # pixels of a side: noise2void needs a window of 5
SHOWN = 256  # pixels of a side of an image that is shown
LEAST_ROWS = 48  # rows of a strip that shows something
WIDE = 3  # times its rows that the part of a strip is wide
SEARCHED = 16  # scenes of which the most structured are taken
LARGE, SMALL = 5, 10  # how many large and small images are shown
SMALL_SIDE = 64  # pixels of a small one


def split_views(
    views: Views,
    groups: Groups,
    share: float | None,
    seed: int,
    *,
    captures: bool,
    beside: Beside | None = None,
) -> tuple[Views, list[Scene], Groups, list[Scene]]:
    """Hold out whole groups where there are many, else a strip of each image.

    A group is the captures of one scene, or the parts of one image. Returned are the views to train
    on, held-out scenes, the groups of the views, and the rest of images that strips are taken from.
    Of images that are seen with others ``beside`` them, strips are held out.
    """
    whole = None if beside else _whole_groups(groups, share, seed)
    if whole:
        keep, held = whole
        held_out = [shown for g in held for shown in _shown(views, groups[g], captures=captures)]
        order = [index for g in keep for index in groups[g]]
        train = tuple([view[i] for i in order] for view in views)
        return train, held_out, numbered([len(groups[g]) for g in keep]), []
    cuts = [_cut(image, share) for image in views[0]]
    train = tuple([image[:cut] for image, cut in zip(view, cuts, strict=True)] for view in views)
    strips = tuple([image[cut:] for image, cut in zip(view, cuts, strict=True)] for view in views)
    held_out, learned = (
        [
            shown
            for group in _spread(groups, part, beside)
            for shown in _shown(part, group, captures=captures, beside=beside)
        ]
        for part in (strips, train)
    )
    return train, held_out, groups, learned


def _whole_groups(groups: Groups, share: float | None, seed: int) -> tuple[Indices, Indices] | None:
    """Return the groups to train on and to hold out; None where strips are held out instead."""
    if not holds_whole(len(groups)):
        return None
    return split_indices(len(groups), share or HELD_WHOLE, seed)


def holds_whole(groups: int) -> bool:
    """Whether whole groups are held out, of this many; else strips of each image."""
    return groups >= MANY


def strip_of(image: Array, share: float | None) -> Array:
    """Return the strip of an image that is held out where strips are."""
    return image[_cut(image, share) :]


def _cut(image: Array, share: float | None) -> int:
    return cut_row(len(image), share or HELD_STRIPS)


def numbered(counts: Sequence[int]) -> Groups:
    """Number the members of all groups, from the size of each group."""
    ends = list(accumulate(counts))
    return tuple(tuple(range(e - n, e)) for e, n in zip(ends, counts, strict=True))


def cut_row(height: int, share: float) -> int:
    """Return the first row of the strip of an image that is held out."""
    return max(height - max(round(share * height), THINNEST), height // 2)


def _shown(
    views: Views, group: tuple[int, ...], *, captures: bool, beside: Beside | None = None
) -> list[Scene]:
    """Return the scenes of a group: its views, or each two captures that follow each other."""

    def first(index: int) -> Array:
        return beside.together(views[0], index) if beside else views[0][index]

    if captures:
        return [(first(a), views[0][b]) for a, b in pairwise(group)]
    return [(first(i), *(view[i] for view in views[1:])) for i in group]


def _spread(groups: Groups, views: Views, beside: Beside | None) -> Groups:
    """Return evenly spread groups, of as many pixels as are needed where images are copied."""
    if beside is None:
        return groups
    pixels = sum(image.shape[0] * image.shape[1] for image in views[0])
    return groups[:: max(1, pixels // COPIED_PIXELS)]


def validation_blocks(scenes: list[Scene]) -> list[Scene]:
    """Cut held-out scenes into blocks that validation runs at once."""
    return _blocks(scenes, side=BLOCK, pixels=HELD_PIXELS)


def calibration_blocks(scenes: list[Scene]) -> list[Scene]:
    """Cut scenes into more and smaller blocks, to calibrate on."""
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


def held_scenes(
    views: Views, groups: Groups, share: float | None, seed: int, beside: Beside | None = None
) -> list[Scene]:
    """Return the scenes that ``split_views`` holds out, whole where strips are too low."""
    if beside:
        few = groups[:: -(-len(groups) // SEARCHED)]
        first = [_shown(views, group[:1], captures=False, beside=beside)[0] for group in few]
    elif whole := _whole_groups(groups, share, seed):
        _, held = whole
        return [tuple(view[groups[i][0]] for view in views) for i in held]
    else:
        first = [tuple(view[group[0]] for view in views) for group in groups]
    strips = [tuple(strip_of(view, share) for view in scene) for scene in first]
    return [
        strip if len(strip[0]) >= LEAST_ROWS else scene
        for strip, scene in zip(strips, first, strict=True)
    ]


def choose_examples(scenes: Sequence[Scene]) -> tuple[Array, ...]:
    """Return each view of the most structured scenes, cut to one size: ``(N, H, W, C)``."""
    if max(scenes[0][0].shape[:2]) <= SMALL_SIDE:
        return cut_alike(scenes[:SMALL])
    spread = scenes[:: -(-len(scenes) // SEARCHED)]
    return cut_alike(sorted(spread, key=lambda scene: -amount_of_structure(scene[-1]))[:LARGE])


def cut_alike(scenes: Sequence[Scene], *, side: int = SHOWN) -> tuple[Array, ...]:
    """Cut the part with the most structure in the last view from each scene; stack each view."""
    height, width = (min(side, *(scene[0].shape[axis] for scene in scenes)) for axis in (0, 1))
    if height < side // WIDE:
        width = min(width, WIDE * height)
    cut = []
    for scene in scenes:
        top, left = most_structured(scene[-1], height, width)
        cut.append([view[top : top + height, left : left + width] for view in scene])
    return tuple(np.stack(view) for view in zip(*cut, strict=True))
