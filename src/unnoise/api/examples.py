"""Which parts of images a person is shown: held-out ones, where they show most."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache

import numpy as np

from unnoise.data import Plan, split_indices
from unnoise.data.material import TOO_SMALL
from unnoise.data.splitting import HELD_STRIPS, HELD_WHOLE, MANY, cut_row
from unnoise.errors import UnnoiseError
from unnoise.report import amount_of_structure, most_structured
from unnoise.types import Array

SIDE = 256  # pixels of an image that are shown
LEAST = 48  # rows of a strip that shows something
WIDE = 3  # times its rows that the part of a strip is wide
SEARCHED = 16  # images of which the most structured are taken
WHOLE_BYTES = 2**28  # of a file up to which it is read for its held-out part; of others the middle

Scene = tuple[Array, ...]  # the views of one scene, (H, W, C)


def held_out_examples(plan: Plan, *, count: int, share: float | None, seed: int) -> list[Scene]:
    """Return the most structured scenes that a training held out; none where none can be read.

    Of many images, whole ones are held out, and of a few the lowest rows of each. Where these rows
    are too few to show anything, and of images that are streamed, it is the whole image.

    Args:
        plan: The images of the training.
        count: How many scenes.
        share: As for the training.
        seed: Likewise.
    """
    parts = plan.views[0]
    images = [
        (index, page)
        for index, part in enumerate(parts)
        for page in range(part.count)
        if min(part.height, part.width) >= TOO_SMALL
    ]
    groups = plan.scenes or tuple((i,) for i in range(len(images)))
    many = len(groups) >= MANY
    held = split_indices(len(groups), share or HELD_WHOLE, seed)[1] if many else range(len(groups))
    chosen = [images[groups[int(g)][0]] for g in held]
    read = cache(_reader(plan))
    found = []
    for index, page in chosen[:: max(1, -(-len(chosen) // SEARCHED))]:
        with suppress(UnnoiseError):  # training left it out, too
            scene = tuple(stack[min(page, len(stack) - 1)] for stack in read(index))
            found.append(scene if many else _strip(scene, share or HELD_STRIPS))
    return sorted(found, key=lambda scene: -amount_of_structure(scene[-1]))[:count]


def cut_alike(scenes: Sequence[Scene], *, side: int = SIDE) -> list[Array]:
    """Cut the most structured part of one size out of every scene, and stack each view.

    The last view decides, which is the clean one where there is one.
    """
    height, width = (min(side, *(scene[0].shape[axis] for scene in scenes)) for axis in (0, 1))
    if height < side // WIDE:
        width = min(width, WIDE * height)
    cut = []
    for scene in scenes:
        top, left = most_structured(scene[-1], height, width)
        cut.append([view[top : top + height, left : left + width] for view in scene])
    return [np.stack(view) for view in zip(*cut, strict=True)]


def _reader(plan: Plan) -> Callable[[int], tuple[Array, ...]]:
    """Return what reads the views of a part, each ``(N, H, W, C)``."""

    def read(index: int) -> tuple[Array, ...]:
        views = [view[index] for view in plan.views]
        if plan.packed or sum(part.bytes for part in views) > WHOLE_BYTES:
            return tuple(part.peek(0)[None] for part in views)
        return tuple(part.read() for part in views)

    return read


def _strip(scene: Scene, share: float) -> Scene:
    """Return the rows that are held out, where they show something; else the whole scene."""
    rows = len(scene[0])
    cut = cut_row(rows, share)
    return tuple(view[cut:] for view in scene) if rows - cut >= LEAST else scene
