"""Which parts of held-out images a person is shown: those with the most structure."""

from collections.abc import Sequence

import numpy as np

from unnoise.data.batches import split_indices
from unnoise.data.plan import Groups
from unnoise.data.splitting import HELD_STRIPS, HELD_WHOLE, MANY, Scene, Views, cut_row
from unnoise.facts import amount_of_structure, most_structured
from unnoise.types import Array

SIDE = 256  # pixels of an image that are shown
LEAST = 48  # rows of a strip that shows something
WIDE = 3  # times its rows that the part of a strip is wide
SEARCHED = 16  # scenes of which the most structured are taken
LARGE, SMALL = 5, 10  # how many large and small images are shown
SMALL_SIDE = 64  # pixels of a small one


def held_scenes(views: Views, groups: Groups, share: float | None, seed: int) -> list[Scene]:
    """Return the scenes that ``split_views`` holds out, at the size at which users have them.

    A few images are held out as strips. Where strips are too low to show anything, the whole
    images are returned.
    """
    if len(groups) >= MANY:
        _, held = split_indices(len(groups), share or HELD_WHOLE, seed)
        return [tuple(view[groups[i][0]] for view in views) for i in held]
    first = [tuple(view[group[0]] for view in views) for group in groups]
    return [_strip(scene, share or HELD_STRIPS) for scene in first]


def choose_examples(scenes: Sequence[Scene]) -> tuple[Array, ...]:
    """Return each view of the most structured scenes, cut to one size: ``(N, H, W, C)``.

    Small images are taken as they come.
    """
    if max(scenes[0][0].shape[:2]) <= SMALL_SIDE:
        return cut_alike(scenes[:SMALL])
    spread = scenes[:: -(-len(scenes) // SEARCHED)]
    return cut_alike(sorted(spread, key=lambda scene: -amount_of_structure(scene[-1]))[:LARGE])


def cut_alike(scenes: Sequence[Scene], *, side: int = SIDE) -> tuple[Array, ...]:
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
    return tuple(np.stack(view) for view in zip(*cut, strict=True))


def _strip(scene: Scene, share: float) -> Scene:
    """Return the rows that are held out, where they show something; else the whole scene."""
    rows = len(scene[0])
    cut = cut_row(rows, share)
    return tuple(view[cut:] for view in scene) if rows - cut >= LEAST else scene
