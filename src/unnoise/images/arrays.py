"""Arrays as users hold them to float32 ``(N, C, H, W)`` and back."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.errors import ImageError
from unnoise.images.axes import Array, Layout, check_axes, guess_axes
from unnoise.images.reader import check_header, check_values
from unnoise.images.value_range import ValueRange

Floats = NDArray[np.float32]

FLOAT_LIMITS = -1.0, 2.0  # as far as noise takes floats that are nominally in [0, 1]


def as_stack(
    array: Array, *, axes: str | None = None, name: str = "the array"
) -> tuple[Array, Layout]:
    """View an array as a stack of images ``(N, H, W, C)`` of its own dtype.

    Args:
        array: Any array of a real dtype.
        axes: One letter per axis: Y, X, C for channels, any other counts images. None guesses
            where that is safe: ``(H, W)``; ``(H, W, C)`` and ``(N, H, W, C)`` if the last axis has
            length 1, 3 or 4.
        name: How messages call it.

    Raises:
        ImageError: The dtype is not numeric, an axis is empty, the axes cannot be guessed or are
            not those of the array, or a value is NaN or infinite.
    """
    array = np.asarray(array)
    letters = (
        check_axes(axes, array.shape, name=name) if axes else guess_axes(array.shape, name=name)
    )
    layout = check_header(array.dtype, letters, array.shape, name=name, max_pixels=0)
    check_values(array, name=name)
    return layout.to_stack(array), layout


def to_float(stack: Array, value_range: ValueRange | None = None) -> Floats:
    """Scale a stack ``(N, H, W, C)`` to float32 ``(N, C, H, W)``.

    Args:
        stack: Of any real dtype.
        value_range: Which values become 0 and 1. None is the nominal range of the dtype: uint8 255
            becomes 1, booleans become 0 and 1, floats keep their values.

    Raises:
        ImageError: The range is nominal, and the values lie so far outside of it that they must be
            of another scale: floats below -1 or above 2.
    """
    used = value_range or ValueRange.nominal(stack.dtype)
    if (used.low, used.high, used.clamp) == (0, 1, True):
        _check_scale(stack)
    low, span = used.low, used.high - used.low
    narrow = stack.dtype.kind == "b" or stack.dtype.itemsize <= 2 or (low, span) == (0.0, 1.0)
    # float32 holds 16-bit integers exactly; wider ones and floats lose bits when low is taken off.
    scaled: Any = np.moveaxis(stack, -1, 1).astype(np.float32 if narrow else np.float64, order="C")
    if low:
        scaled -= low
    if span != 1:
        scaled /= span
    floats: Floats = scaled.astype(np.float32, copy=False)
    return floats


def _check_scale(stack: Array) -> None:
    """Raise ``ImageError`` if values cannot be of the nominal range."""
    least, most = stack.min(), stack.max()
    if stack.dtype.kind == "f" and not FLOAT_LIMITS[0] <= least <= most <= FLOAT_LIMITS[1]:
        raise ImageError(
            f"the values go from {least:g} to {most:g}: floats are taken as nominally 0 to 1, "
            "so divide them by the largest value they can have first (255 for 8 bits), or train "
            "on images like these, whose range is then kept"
        )


def from_float(images: Floats, layout: Layout, value_range: ValueRange | None = None) -> Array:
    """Turn float32 ``(N, C, H, W)`` back into the user's layout and dtype.

    Integers are rounded to nearest and clipped to the range of their dtype; booleans are cut at
    one half.

    Args:
        images: Nominally [0, 1].
        layout: Axes and dtype of the result; sizes and channels are those of ``images``.
        value_range: Which values 0 and 1 become; with ``clamp``, images are limited to [0, 1]
            first. None is the nominal range without that.
    """
    used = value_range or ValueRange.nominal(layout.dtype)
    stack = layout.from_stack(np.moveaxis(images, 1, -1))
    if value_range and value_range.clamp:
        stack = np.clip(stack, np.float32(0), np.float32(1))
    return np.ascontiguousarray(_unscale(stack, layout.dtype, used))


def _unscale(values: Array, dtype: np.dtype[np.generic], used: ValueRange) -> Array:
    low, span = used.low, used.high - used.low
    if dtype.kind == "b":
        return np.asarray(values >= np.float32(0.5))
    if dtype.kind == "f" and (low, span) == (0.0, 1.0):
        return values.astype(dtype, copy=False)
    # Wide values do not fit float32 exactly, so the last step is taken in float64.
    wide = values.astype(np.float64) * span + low
    if dtype.kind == "f":
        top = float(np.finfo(dtype.name).max)
        return np.clip(wide, -top, top).astype(dtype)
    limits = np.iinfo(dtype.name)
    largest = np.nextafter(float(limits.max) + 1, 0) if dtype.itemsize == 8 else limits.max
    return np.clip(np.rint(wide), limits.min, largest).astype(dtype)
