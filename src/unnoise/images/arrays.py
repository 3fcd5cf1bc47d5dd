"""Arrays as users hold them to float32 ``(N, C, H, W)`` and back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unnoise.errors import ImageError

Array = NDArray[np.generic]
Floats = NDArray[np.float32]

FLOAT_LIMIT = 16.0  # far outside of [0, 1], where results are clamped
COLOUR_COUNTS = (1, 3, 4)  # a last axis of this length is read as channels


@dataclass(frozen=True)
class Layout:
    """How the user's array looked, so that a result can be given back the same way."""

    dtype: np.dtype[np.generic]
    stacked: bool  # the array had a leading axis of images
    channel_axis: bool  # the array had a trailing axis of channels


def as_stack(array: Array, *, name: str = "the array") -> tuple[Array, Layout]:
    """View an array as a stack of images ``(N, H, W, C)`` of its own dtype.

    ``(H, W)`` is one grey image; three axes are ``(H, W, C)`` if the last has length 1, 3 or 4 and
    ``(N, H, W)`` otherwise; four axes are ``(N, H, W, C)``.

    Args:
        array: Any array of a real dtype.
        name: How messages call it.

    Raises:
        ImageError: The dtype is not numeric, an axis is empty, there are fewer than two or more
            than four axes, or a value is NaN or infinite.
    """
    array = np.asarray(array)
    if array.dtype.kind not in "biuf":
        raise ImageError(f"{name} has dtype {array.dtype}: it must hold integers or real floats")
    if array.size == 0:
        raise ImageError(f"{name} has shape {array.shape}: there is no pixel in it")
    check_values(array, name=name)
    if array.ndim == 2:
        return array[None, :, :, None], Layout(array.dtype, False, False)
    if array.ndim == 3 and array.shape[-1] in COLOUR_COUNTS:
        return array[None], Layout(array.dtype, False, True)
    if array.ndim == 3:
        return array[..., None], Layout(array.dtype, True, False)
    if array.ndim == 4:
        return array, Layout(array.dtype, True, True)
    raise ImageError(
        f"{name} has shape {array.shape}: an image is (H, W) or (H, W, C), "
        "a stack of images (N, H, W) or (N, H, W, C)"
    )


def check_values(array: Array, *, name: str) -> None:
    """Raise ``ImageError`` if a value of ``array`` is NaN or infinite."""
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        bad = int(array.size - np.isfinite(array).sum())
        raise ImageError(
            f"{name} holds NaN or infinity in {bad} of {array.size} values: "
            "replace them first, for example with numpy.nan_to_num"
        )


def to_float(stack: Array) -> Floats:
    """Scale a stack ``(N, H, W, C)`` to float32 ``(N, C, H, W)``.

    Integers are divided by the largest value of their dtype, so uint8 255 becomes 1; booleans
    become 0 and 1; floats keep their values.

    Raises:
        ImageError: Floats lie so far outside of [0, 1] that they must be of another scale.
    """
    scale = _scale(stack.dtype)
    moved = np.moveaxis(stack, -1, 1)
    if stack.dtype.kind == "f" and np.abs(stack).max() > FLOAT_LIMIT:
        raise ImageError(
            f"the values reach {np.abs(stack).max():g}: floats are taken as nominally 0 to 1, "
            "so divide them by the largest value they can have first (255 for 8 bits)"
        )
    return np.ascontiguousarray(moved, dtype=np.float32) / np.float32(scale)


def from_float(images: Floats, layout: Layout) -> Array:
    """Turn float32 ``(N, C, H, W)`` back into the user's layout and dtype.

    Integers are rounded to nearest and clipped to the range of their dtype; booleans are cut at
    one half.
    """
    stack = np.moveaxis(images, 1, -1)
    if not layout.channel_axis:
        stack = stack[..., 0]
    if not layout.stacked:
        stack = stack[0]
    dtype = layout.dtype
    if dtype.kind == "b":
        return np.ascontiguousarray(stack >= 0.5)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype.name)
        # Wide integers do not fit float32 exactly, so the last step is taken in float64.
        scaled = np.rint(stack.astype(np.float64) * _scale(dtype))
        top = np.nextafter(float(limits.max) + 1, 0) if dtype.itemsize == 8 else limits.max
        return np.clip(scaled, limits.min, top).astype(dtype)
    return np.ascontiguousarray(stack, dtype=dtype)


def _scale(dtype: np.dtype[np.generic]) -> float:
    return float(np.iinfo(dtype.name).max) if dtype.kind in "iu" else 1.0
