"""Tables whose rows are flattened images, recognised by their values."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from unnoise.errors import ImageError

LEAST_ROWS = 16
LEAST_SIDE = 8  # pixels of a side of a flattened image
SAMPLE = 64  # rows that are compared
# In an image, the difference of neighbouring rows is below this share of the difference of distant
# rows.
APART = 0.8
# In a table, the difference of values one row of a flattened image apart is below this share of two
# others: of neighbouring rows of the table, and of values half a row apart. In a row of an image,
# nearer values are more alike, even if each row has its own brightness.
WITHIN = 0.8


def check_no_table(array: Any, *, name: str) -> None:
    """Refuse an array ``(N, K)``, whose axes nobody stated, if it looks like N flattened images."""
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
    for shape, lag in shapes:  # values one row of a flattened image apart are alike
        below_it, beside_it = _shifted(rows, lag), _shifted(rows, lag // 2)
        if below_it < WITHIN * min(neighbours, beside_it):
            whole = ", ".join(map(str, (height, *shape)))
            raise ImageError(
                f"{name} has shape {(height, width)} and looks like a table of {height} flattened "
                f"images: reshape it to ({whole}), or pass --axes YX if it is one image"
            )


def _flattened(width: int) -> Iterator[tuple[tuple[int, ...], int]]:
    """Yield shapes of square images that flatten to this length, and the length of their rows."""
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
