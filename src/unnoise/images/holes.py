"""Pixels without data: they are found, filled from the data beside them, and left out of training.

A file (``GDAL_NODATA``) or a person states their value, an array masks them, or they are NaN. The
network sees the mirrored data beside them. In the result they keep their values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from unnoise.errors import ConfigError
from unnoise.types import Array, Mask

NaN = Literal["refuse", "keep"]

BLOCK, MOST_BLOCKS = 32, 64  # side of a block, in pixels, unless a side has more than 64 blocks
FEW = 0.1  # share of a block that may be filled


@dataclass(frozen=True)
class Holes:
    """The values that count as no data."""

    value: float | None = None  # None if no value stands for no data
    nan: bool = False  # whether NaN and infinity are no data; otherwise they are refused

    @classmethod
    def of(cls, value: float | None, nan: NaN, *, stated: float | None = None) -> Self:
        """Return the values that count as no data: the value of a person wins over the file's."""
        if nan not in ("refuse", "keep"):
            raise ConfigError(f"nan is {nan!r}: use refuse, or keep, which leaves NaN in place")
        used = stated if value is None else value
        return cls(used, nan == "keep" or (used is not None and not np.isfinite(used)))

    def __bool__(self) -> bool:
        """Whether there can be any."""
        return self.nan or self.value is not None

    def find(self, part: Array) -> Mask | None:
        """Return where a part has no data, in its own shape; None if it has data everywhere."""
        bad: Any = np.zeros(part.shape, bool)
        if self.value is not None and np.isfinite(self.value):
            bad |= part == part.dtype.type(self.value) if _fits(self.value, part) else False
        if self.nan and part.dtype.kind == "f":
            bad |= ~np.isfinite(part)
        return bad if bad.any() else None


def fill_holes(part: Array, bad: Mask | None) -> Array:
    """Fill pixels of ``(H, W, C)`` with the mirrored data beside them, each channel separately.

    So a network that estimates the noise sees the same noise in holes. Holes that are larger than
    the data beside them are filled step by step. An image without any data becomes zeros.
    """
    if bad is None:
        return part
    result = np.where(bad, np.zeros((), part.dtype), part)
    alike = (bad == bad[..., :1]).all()
    each = [slice(channel, channel + 1) for channel in range(part.shape[-1])]
    for channels in [slice(None)] if alike else each:
        lacks = np.any(bad[..., channels], axis=-1)
        if lacks.any() and not lacks.all():
            result[lacks, channels] = part[..., channels][_sources(~lacks)][lacks]
    return result


def _sources(known: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows and columns of the data that fill each pixel of ``(H, W)``."""
    known = known.copy()
    here = np.indices(known.shape, np.intp)
    rows, columns = here[0].copy(), here[1].copy()
    while not known.all():
        down, *vertical = (each.T for each in _beside(known.T))
        right, *across = _beside(known)
        nearer = right <= down
        # If the mirrored pixels have no data either, the nearest pixel is the last resort.
        for row, column in zip(vertical, across, strict=True):
            y, x = np.where(nearer, here[0], row), np.where(nearer, column, here[1])
            new = ~known & known[y, x]
            if new.any():
                break
        rows[new], columns[new] = rows[y[new], x[new]], columns[y[new], x[new]]
        known |= new
    return rows, columns


def _beside(known: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Return for each pixel the distance of data in its row, its mirror image, and the nearest."""
    width, far = known.shape[1], 2 * known.size
    here = np.arange(width)
    before = np.maximum.accumulate(np.where(known, here, -far), axis=1)
    after = np.minimum.accumulate(np.where(known, here, 2 * far)[:, ::-1], axis=1)[:, ::-1]
    nearest = np.where(here - before <= after - here, before, after)
    distance = np.abs(nearest - here)
    mirrored = 2 * nearest - here
    inside = (mirrored >= 0) & (mirrored < width)
    # A pixel mirrored beyond the image waits until more is filled.
    return distance, np.where(inside, mirrored, here), nearest.clip(0, width - 1)


def hole_mask(image: Array) -> Mask | None:
    """Return the mask of a masked array, in its shape; None if nothing is masked."""
    if not isinstance(image, np.ma.MaskedArray):
        return None
    mask = np.ma.getmaskarray(image)
    return mask if mask.any() else None


def without_holes(views: Sequence[Array]) -> list[tuple[Array, ...]]:
    """Cut the views of a scene into the same rectangles with data, largest first.

    Single pixels without data are filled. Blocks (32 × 32 pixels, larger in large images) that lack
    more than a tenth are left out.

    Args:
        views: ``(H, W, C)`` of the same height and width; masked arrays if some data lack.
    """
    masks = [hole_mask(view) for view in views]
    if all(mask is None for mask in masks):
        return [tuple(np.asarray(view) for view in views)]
    lacks = np.any([mask.any(-1) for mask in masks if mask is not None], axis=0)
    filled = [fill_holes(np.asarray(view), mask) for view, mask in zip(views, masks, strict=True)]
    return [tuple(view[place] for view in filled) for place in _rectangles(lacks)]


def largest_part(lacks: Mask | None) -> tuple[slice, slice]:
    """Return rows and columns of the largest rectangle with data in an image ``(H, W)``."""
    parts = [] if lacks is None else _rectangles(lacks)
    return parts[0] if parts else (slice(None), slice(None))


def _rectangles(lacks: Mask) -> list[tuple[slice, slice]]:
    """Return disjoint rectangles that cover all blocks with data, largest first."""
    height, width = lacks.shape
    side = max(BLOCK, -(-max(height, width) // MOST_BLOCKS))
    tops, lefts = range(0, height, side), range(0, width, side)
    free = np.array(
        [[lacks[y : y + side, x : x + side].mean() <= FEW for x in lefts] for y in tops]
    )
    found = []
    while free.any():
        top, left, down, right = _largest(free)
        free[top:down, left:right] = False
        rows = slice(top * side, min(down * side, height))
        found.append((rows, slice(left * side, min(right * side, width))))
    return found


def _largest(free: Mask) -> tuple[int, int, int, int]:
    """Return the largest rectangle of free cells: top, left, and its ends below and right."""
    best, place = 0, (0, 0, 0, 0)
    heights = np.zeros(free.shape[1], int)
    for row, cells in enumerate(free):
        heights = np.where(cells, heights + 1, 0)
        for left in np.flatnonzero(heights):
            lowest = np.minimum.accumulate(heights[left:])
            areas = lowest * np.arange(1, len(lowest) + 1)
            at = int(areas.argmax())
            if areas[at] > best:
                best = int(areas[at])
                place = (row + 1 - int(lowest[at]), int(left), row + 1, int(left) + at + 1)
    return place


def _fits(value: float, part: Array) -> bool:
    """Whether the dtype can hold a value: uint8 does not hold -9999."""
    if part.dtype.kind not in "iu":
        return True
    limits = np.iinfo(part.dtype.name)
    return float(value).is_integer() and limits.min <= value <= limits.max
