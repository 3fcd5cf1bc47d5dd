"""Tables whose rows are flattened images, told from images by their values."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from unnoise.errors import ImageError

LEAST_ROWS = 16
LEAST_SIDE = 8  # pixels, of a flattened image
SAMPLE = 64  # rows that are compared
# Neighbouring rows of an image differ by less than this share of what rows far apart differ by.
APART = 0.8
# What lies one row of a flattened image apart differs by less than this share of what neighbouring
# rows of the table differ by, and of what lies half a row apart: in a row of an image, values that
# are nearer to each other are more alike, also where each row has a brightness of its own.
WITHIN = 0.8


def check_no_table(array: Any, *, name: str) -> None:
    """Refuse an array ``(N, K)`` that looks like a table of N flattened images.

    In an image neighbouring rows are alike, and in such a table they are as different as any two;
    but there values are alike that lie one row of a flattened image apart, and more so than those
    that lie half of that apart.

    Raises:
        ImageError: It does, and nobody said which axes it has.
    """
    height, width = array.shape
    shapes = list(_flattened(width))
    if height < LEAST_ROWS or not shapes or array.dtype.kind not in "biuf":
        return
    first = np.unique(np.linspace(0, height - 2, SAMPLE).astype(int))
    rows, below = (np.asarray(array[at], np.float64) for at in (first, first + 1))
    step = len(rows) // 2
    neighbours, far = _difference(rows, below), _difference(rows, np.roll(rows, step, axis=0))
    if not neighbours > APART * far:
        return
    for shape, lag in shapes:
        below_it, beside_it = _shifted(rows, lag), _shifted(rows, lag // 2)
        if below_it < WITHIN * min(neighbours, beside_it):
            whole = ", ".join(map(str, (height, *shape)))
            raise ImageError(
                f"{name} has shape {(height, width)} and looks like a table of {height} flattened "
                f"images: reshape it to ({whole}), or pass --axes YX if it is one image"
            )


def _flattened(width: int) -> Iterator[tuple[tuple[int, ...], int]]:
    """Yield which square images may be flattened to this length, and the length of their rows."""
    for colours in (1, 3):
        side = math.isqrt(width // colours)
        if side >= LEAST_SIDE and colours * side * side == width:
            if colours == 1:
                yield (side, side), side
            else:
                yield (colours, side, side), side
                yield (side, side, colours), side * colours


def _shifted(rows: Any, lag: int) -> float:
    return _difference(rows[:, lag:], rows[:, :-lag])


def _difference(one: Any, other: Any) -> float:
    return float(np.abs(one - other).mean())
