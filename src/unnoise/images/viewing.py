"""Images for the eye: upright, and with low contrast stretched.

Only this file decides which values are shown black and white. Files keep their values.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from unnoise.images.arrays import to_float
from unnoise.images.holes import Holes
from unnoise.images.value_range import MARGIN, ValueRange, thinned
from unnoise.types import Array

SHOWN = 0.1, 99.9  # percentiles that are black and white
USED = 0.5  # share of the range; photographs use more, so they are drawn unchanged
SWAPPED, FROM_BELOW, FROM_RIGHT = (5, 6, 7, 8), (3, 4, 7, 8), (2, 3, 6, 7)  # numbers of EXIF


@dataclass(frozen=True)
class Contrast:
    """The values of an image that are drawn black and white."""

    values: ValueRange  # one pair for all channels, or one for each
    stretched: bool  # whether they differ from the full range, which the picture should state

    @classmethod
    def of(cls, image: Array, unit: ValueRange | None = None, *, each: bool = False) -> Self:
        """Choose the contrast for images ``(..., C)`` that stand side by side."""
        unit = unit or ValueRange.nominal(image.dtype)
        parts = [image[..., i, None] for i in range(image.shape[-1])] if each else [image]
        stretches = [find_stretch(part, unit) for part in parts]
        ranges = [stretch or unit for stretch in stretches]
        if len(set(ranges)) == 1:
            return cls(ranges[0], any(stretches))
        lows = tuple(float(np.max(found.low)) for found in ranges)
        highs = tuple(float(np.max(found.high)) for found in ranges)
        return cls(ValueRange(lows, highs, True), any(stretches))

    def draw(self, image: Array) -> NDArray[np.float32]:
        """Return an image ``(H, W, C)`` as finite float32, 0 for black and 1 for white."""
        scaled = np.nan_to_num(to_float(np.asarray(image)[None], self.values)[0]).clip(0, 1)
        return np.asarray(np.moveaxis(scaled, 0, -1))

    @property
    def ends(self) -> str:
        """The values in words, such as ``210 to 3,950``, or of all channels if they differ."""
        return self.values.written(in_digits)

    @property
    def said(self) -> str:
        """The statement in a picture; empty if the image is drawn unchanged."""
        return f"contrast stretched: {self.ends}" if self.stretched else ""


def find_stretch(
    seen: Array,
    unit: ValueRange,
    *,
    holes: Holes = Holes(),  # noqa: B008  frozen
) -> ValueRange | None:
    """Return the range to which ``(..., C)`` is stretched for the eye; None if it is not."""
    (part,) = thinned([seen])
    lacks = holes.find(np.asarray(part)) if holes else None
    values: Any = np.ma.compressed(part if lacks is None else np.ma.MaskedArray(part, lacks))
    values = values[np.isfinite(values)]
    if seen.dtype.kind == "b" or not values.size:
        return None
    low, high = (float(end) for end in np.percentile(values, SHOWN))
    if low == high:  # nearly all values are equal
        found = ValueRange.of([values[:, None]])
        return None if (found.low, found.high) == (unit.low, unit.high) else found
    black, span = float(np.max(unit.low)), float(np.max(unit.span))
    within = low >= black - MARGIN * span and high <= black + (1 + MARGIN) * span
    if within and high - low >= USED * span:
        return None
    return ValueRange(low, high, True)


def in_digits(value: float) -> str:
    """Format a value with as many digits as a reader needs: ``3,950``, ``0.0123``."""
    return f"{value:,.0f}" if abs(value) >= 10 or value == round(value) else f"{value:.3g}"


def upright(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn an image ``(H, W, ...)`` upright, given its EXIF orientation, 1 to 8."""
    turned = values.swapaxes(0, 1) if orientation in SWAPPED else values
    if orientation in FROM_BELOW:
        turned = turned[::-1]
    if orientation in FROM_RIGHT:
        turned = turned[:, ::-1]
    return turned
