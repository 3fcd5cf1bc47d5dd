"""The value range: the file values that become 0 and 1 in the library. Scales are decided here.

The range follows the data, not the dtype: a 12-bit camera writes 16-bit files, and floats may go
from 0 to 4,000. Training and use follow the same rule.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from unnoise.errors import ConfigError, ImageError
from unnoise.types import Array

SAMPLE = 2**20  # values for a percentile, whose error is then far below a grey level
TAIL = 0.1  # percent left out at each end, so that hot pixels and saturated stars do not count
FEWEST = 4  # values left out at each end of a small image
BITS = (8, 10, 12, 14, 16, 24, 32, 48, 64)  # bit depths of cameras and scanners
COUNTS = 16  # 8-bit data below this are counts of photons, not a picture
USED = 0.8  # share of a scale from 0; data that use less are stretched (at 0.6 photo loses 0.3 dB)
USED_UNIT = 0.5  # the same for 0 to 1, which floats keep to on purpose
SHARE = 0.125  # share of a model's range; data that use less have another range
BLANK = 10  # standard deviations of noise; values that span no more are only noise
SLACK = 3.5  # standard deviations of noise by which floats may leave 0 to 1
COARSE = 64  # steps of a dtype in a range below which rounding is coarser than denoised noise
MARGIN = 0.5  # share of the range beyond its ends up to which a network sees values unchanged

Ends = float | tuple[float, ...]


@dataclass(frozen=True)
class ValueRange:
    """The map from the library's values to file values: ``value = low + x * (high - low)``."""

    low: Ends  # the file value that is 0: one for all channels, or one for each
    high: Ends  # the file value that is 1, likewise
    clamp: bool  # whether results are limited to [0, 1]; false for a range from statistics

    @classmethod
    def nominal(cls, dtype: np.dtype[np.generic] | type[np.generic]) -> Self:
        """Return 0 to the largest value for integers, 0 to 1 for floats and booleans."""
        dtype = np.dtype(dtype)
        return cls(0.0, float(np.iinfo(dtype.name).max) if dtype.kind in "iu" else 1.0, True)

    @classmethod
    def given(cls, low: float, high: float) -> Self:
        """Return a range that a person chose; raise ``ConfigError`` unless it is finite."""
        if not (np.isfinite([low, high]).all() and low < high):
            raise ConfigError(
                f"the range goes from {low:g} to {high:g}: give two finite numbers, the lower one "
                "first, such as --range 0 4095"
            )
        return cls(float(low), float(high), False)

    @classmethod
    def of(cls, parts: Sequence[Array], *, each: bool = False) -> Self:
        """Return the range of data ``(..., W, C)``; NaN, infinity and masked values are left out.

        8-bit pictures and booleans keep the range of their dtype. Wider integers get the smallest
        bit depth of cameras that holds them (12 bits in 16). Floats get 0 to 1 if only their noise
        leaves it, else 0 to their highest values. Data that use only a part of this scale, or go
        below 0, get the range from their percentile 0.1 to 99.9.
        """
        dtypes = sorted({str(part.dtype) for part in parts})
        if len(dtypes) != 1:
            raise ImageError(
                f"a value range needs images of one dtype, and these have {', '.join(dtypes) or 0}"
            )
        parts = thinned(parts)
        if not each or parts[0].shape[-1] == 1:
            return cls(*_scale(parts))
        found = [
            _scale([part[..., channel, None] for part in parts])
            for channel in range(parts[0].shape[-1])
        ]
        if len(set(found)) == 1:
            return cls(*found[0])
        lows, highs, clamps = zip(*found, strict=True)
        return cls(lows, highs, all(clamps))

    @property
    def span(self) -> Any:
        """``high - low``, a number or one for each channel."""
        return np.subtract(self.high, self.low)

    def of_channels(self, channels: int) -> "ValueRange":
        """Return the range for images that lie one after the other in the channels."""
        if not (isinstance(self.low, tuple) and isinstance(self.high, tuple)):
            return self
        count = channels // len(self.low)
        return ValueRange(self.low * count, self.high * count, self.clamp)

    def knows(self, other: "ValueRange", noise: float) -> bool:
        """Whether data with noise of this standard deviation may be in the unit of this range."""
        below = np.subtract(other.low, self.low) / self.span
        above = np.subtract(other.high, self.low) / self.span
        inside = bool((below >= -MARGIN).all() and (above <= 1 + 2 * MARGIN).all())
        used = bool(np.max(other.span / self.span) >= SHARE)
        return inside and (used or bool(np.max(other.span) <= BLANK * noise))

    def find_far(self, part: Array) -> NDArray[np.bool_] | None:
        """Return which values ``(..., C)`` lie far outside, such as hot pixels; None if none."""
        if self.clamp:  # no value is outside the range of a dtype
            return None
        low, span = np.asarray(self.low), self.span
        far = np.asarray((part < low - MARGIN * span) | (part > low + (1 + MARGIN) * span))
        return far if far.any() else None

    def fits(self, channels: int) -> bool:
        """Whether the range suits images with this number of channels."""
        return np.ndim(self.low) == 0 or np.size(self.low) == channels

    def rounds_coarsely(self, dtype: np.dtype[np.generic]) -> bool:
        """Whether rounding to the whole numbers of a dtype limits the PSNR to 47 dB or less."""
        return dtype.kind in "iu" and bool(np.min(self.span) < COARSE)

    def describe(self, dtype: np.dtype[np.generic]) -> str:
        """Return ``0 to 4095 of uint16, 6 % of its values``."""
        if dtype.kind not in "iu":
            return f"{self} of {dtype}"
        limits = np.iinfo(dtype.name)
        share = float(np.max(self.span)) / (float(limits.max) - float(limits.min))
        return f"{self} of {dtype}, {float(f'{100 * share:.2g}'):g} % of its values"

    def __str__(self) -> str:
        return self.written("{:.6g}".format)

    def written(self, number: Callable[[float], str]) -> str:
        """Return ``0 to 4095``, or the ranges of all channels if they differ."""
        lows, highs = np.broadcast_arrays(np.atleast_1d(self.low), np.atleast_1d(self.high))
        ends = zip(lows, highs, strict=True)
        return ", ".join(f"{number(low)} to {number(high)}" for low, high in ends)


def ranges_of(views: Sequence[Sequence[Array]], *, each: bool = False) -> tuple[ValueRange, ...]:
    """Return the range of each view of scenes, such as noisy and clean images.

    Views in one unit share a range. A dark noisy view and a bright clean view get one each.

    Args:
        views: The images ``(H, W, C)`` of each view.
        each: Whether each channel has its own range.
    """
    found = [ValueRange.of(view, each=each) for view in views]
    if len(found) == 1:
        return tuple(found)
    (noisy, clean), (ours, theirs) = found, (view[0].dtype for view in views)
    pictures = noisy.clamp and clean.clamp and ours.kind != "f" != theirs.kind  # 8 and 16 bits
    if pictures or not _alike(noisy, clean):
        return noisy, clean
    if ours == theirs:
        return (ValueRange.of([image for view in views for image in view], each=each),) * 2
    return noisy, noisy  # for example, floats that average integer captures


def estimate_noise(parts: Sequence[Array]) -> float:
    """Estimate the standard deviation of noise by the median difference of neighbours in a row."""
    wide = [part.astype(np.float64) for part in thinned(parts)]
    with np.errstate(invalid="ignore", over="ignore"):  # for infinite values
        steps = np.concatenate(
            [np.ma.compressed(abs(part[..., 1:, :] - part[..., :-1, :])) for part in wide]
        )
    steps = steps[np.isfinite(steps)]
    return float(np.median(steps)) / (0.6745 * math.sqrt(2)) if steps.size else 0.0


def _scale(parts: Sequence[Array]) -> tuple[float, float, bool]:
    """Return low, high and clamp for one channel or all together; see ``ValueRange.of``."""
    dtype = parts[0].dtype
    nominal = ValueRange.nominal(dtype)
    top = nominal.span
    low, high = _ends(parts)
    picture = dtype == np.uint8 and (high >= COUNTS or low == high)
    if dtype.kind == "b" or picture or low == high == 0:
        return 0.0, float(top), True
    if dtype.kind in "iu":
        bits = next((bits for bits in BITS if high < 2.0**bits), BITS[-1])
        scale = high if dtype == np.uint8 else min(2.0**bits - 1, float(top))
        fits, used = low >= 0, USED
    else:
        slack = min(SLACK * estimate_noise(parts), 1.0)
        unit = -slack <= low and high <= 1 + slack
        scale, used = (1.0, USED_UNIT) if unit else (high, USED)
        fits = unit or low >= 0
    if fits and (high - low >= used * scale or low == high):
        return 0.0, float(scale), bool(scale == top)
    return (low, high, False) if low < high else (low, 0.0, False)


def _alike(one: ValueRange, other: ValueRange) -> bool:
    """Whether two ranges may have one unit: they overlap, and neither is twice the other."""
    spans = np.max(one.span), np.max(other.span)
    apart = np.min(one.low) > np.max(other.high) or np.min(other.low) > np.max(one.high)
    return bool(not apart and max(spans) < 2 * min(spans))


def thinned(parts: Sequence[Array]) -> list[Array]:
    """Take some whole rows of each part, about ``SAMPLE`` values in total."""
    step = max(1, -(-sum(part.size for part in parts) // SAMPLE))
    # A step that divides the height would always take the same rows.
    return [part.reshape(-1, *part.shape[-2:])[:: step | 1] for part in parts]


def _ends(parts: Sequence[Array]) -> tuple[float, float]:
    """Return the lowest and highest values without outliers; 0 and 0 if there are no values."""
    values = np.concatenate([np.ma.compressed(part) for part in parts])
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 0.0
    tail = max(TAIL, 100 * min(FEWEST, values.size // 64) / values.size)
    low, high = np.percentile(values, [tail, 100 - tail], method="nearest")
    if low == high:  # nearly all values are equal
        low, high = values.min(), values.max()
    return float(low), float(high)
