"""The values of DICOM: from stored numbers to the unit of the file, and back."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from unnoise.types import Array


@dataclass(frozen=True)
class Coding:
    """How a DICOM file stores its values, and what they mean."""

    bits: int  # that a value uses of those of ``dtype``
    dtype: np.dtype[Any]  # of stored values, in native byte order
    scales: tuple[tuple[float, float], ...]  # slope and intercept: of all frames, or of each
    padding: int | None  # the stored value that stands for no data

    @property
    def limits(self) -> tuple[int, int]:
        """The lowest and highest value that can be stored."""
        if self.dtype.kind == "u":
            return 0, 2**self.bits - 1
        return -(2 ** (self.bits - 1)), 2 ** (self.bits - 1) - 1

    @property
    def physical(self) -> np.dtype[Any]:
        """The dtype of values in the unit of slope and intercept, such as Hounsfield units.

        It is float32 wherever they are stated: so files of one unit have one dtype.
        """
        return np.dtype(np.float32) if self.scales else self.dtype

    def scale(self, frame: int) -> tuple[float, float]:
        """Return the slope and intercept of a frame."""
        return self.scales[frame if len(self.scales) > 1 else 0] if self.scales else (1.0, 0.0)

    @property
    def no_data(self) -> float | None:
        """The physical value that stands for no data; NaN among floats."""
        return np.nan if self.padding is not None and self.scales else self.padding

    def to_physical(self, stored: Array, frame: int) -> Array:
        """Return the physical values of a part of a frame."""
        raw: Any = stored.astype(self.dtype)
        values = raw
        if spare := 8 * self.dtype.itemsize - self.bits:  # bits above are no part of a value
            values = (raw << spare) >> spare
            if self.padding is not None:  # but the padding may use them
                values = np.where(raw == self.padding, raw, values)
        if not self.scales:
            return np.asarray(values)
        slope, start = self.scale(frame)
        made: Any = (values.astype(np.float64) * slope + start).astype(np.float32)
        if self.padding is not None:
            made[raw == self.padding] = np.nan
        return np.asarray(made)

    def to_stored(self, values: Any, frame: int) -> Array:
        """Return a part of a frame as it is stored, rounded to the steps of its slope."""
        lacks = ~np.isfinite(values)
        if self.padding is not None and not self.scales:
            lacks |= values == self.padding
        slope, start = self.scale(frame)
        steps = np.rint((np.where(lacks, start, values).astype(np.float64) - start) / slope)
        made = steps.clip(*self.limits).astype(self.dtype)
        if self.padding is not None:
            made[lacks] = self.padding
        return np.asarray(made)
