"""Which file value is the library's 0 and which its 1."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from unnoise.errors import ImageError
from unnoise.images.axes import Array

SAMPLE = 2**20  # values that a percentile is taken from: its error is far below a grey level
TAIL = 0.1  # percent left out at each end of floats: a hot pixel must not set the scale


@dataclass(frozen=True)
class ValueRange:
    """The map between file values and the library's: ``value = low + x * (high - low)``.

    Attributes:
        low: The file value that is 0.
        high: The file value that is 1.
        clamp: Whether results are limited to [0, 1]: true for the range of a dtype, false for one
            from statistics, which values may rightly leave.
    """

    low: float
    high: float
    clamp: bool

    @classmethod
    def nominal(cls, dtype: np.dtype[np.generic] | type[np.generic]) -> Self:
        """Return 0 to the largest value for integers, 0 to 1 for floats and booleans."""
        dtype = np.dtype(dtype)
        return cls(0.0, float(np.iinfo(dtype.name).max) if dtype.kind in "iu" else 1.0, True)

    @classmethod
    def of(cls, stacks: Sequence[Array]) -> Self:
        """Return the range of training data, arrays of one dtype and any shapes.

        The nominal one wherever the data use it. Unsigned integers that stay below half of theirs
        get the smallest number of bits that holds them, at least 8 (12 bits in 16); signed ones
        their extremes; floats outside of [0, 1] their percentiles 0.1 and 99.9. ``low`` is 0 when
        no value is below.

        Raises:
            ImageError: There is nothing, or the dtypes differ.
        """
        dtypes = sorted({str(stack.dtype) for stack in stacks})
        if len(dtypes) != 1:
            raise ImageError(
                f"a value range needs images of one dtype, and these have {', '.join(dtypes) or 0}"
            )
        dtype = stacks[0].dtype
        nominal = cls.nominal(dtype)
        if dtype.kind == "b" or dtype == np.uint8:
            return nominal
        low = min(float(stack.min()) for stack in stacks)
        high = max(float(stack.max()) for stack in stacks)
        if dtype.kind == "u":
            if high >= (nominal.high + 1) / 2:
                return nominal
            return cls(0.0, 2.0 ** max(8, int(high).bit_length()) - 1, False)
        if dtype.kind == "f":
            if low >= 0 and high <= 1:
                return nominal
            top = high
            least, most = np.percentile(_sample(stacks), [TAIL, 100 - TAIL])
            low, high = (0.0 if low >= 0 else float(least)), float(most)
            high = high if high > low else top  # nearly all values are equal
        low = min(low, 0.0)
        return cls(low, high if high > low else low + max(1.0, abs(low)), False)


def _sample(stacks: Sequence[Array]) -> NDArray[np.float64]:
    """Take at most ``SAMPLE`` values, evenly from all stacks, as float64."""
    step = max(1, -(-sum(stack.size for stack in stacks) // SAMPLE))
    # A step that divides the width would take whole columns only.
    return np.concatenate(
        [np.asarray(stack).flat[:: step | 1].astype(np.float64) for stack in stacks]
    )
