"""Arrays as users hold them: to float32 ``(N, C, H, W)`` and back, and between grey and colour."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.errors import ImageError
from unnoise.images.axes import Layout, check_values, checked_layout
from unnoise.images.holes import Holes, hole_mask
from unnoise.images.tables import check_no_table
from unnoise.images.value_range import ValueRange
from unnoise.types import LUMA, Array, Floats

NUMPY_FLOATS = ("torch.float16", "torch.float32", "torch.float64")
NO_LIGHT = ("CMYK", "LAB", "HSV")  # modes of PIL


def as_array(value: Any) -> Array:
    """Turn a tensor of torch, a picture of PIL, or anything else that holds numbers into an array.

    Tensors may lie on any device. Palettes of PIL become colours. Grey with transparency becomes
    colours with it, since two channels could mean anything. A masked array keeps its mask.

    Raises:
        ImageError: The channels of a picture of PIL are no light, as in CMYK.
    """
    kind = type(value).__module__.partition(".")[0]
    if kind == "torch" and hasattr(value, "detach"):
        return _of_tensor(value)
    if kind == "PIL" and hasattr(value, "mode"):
        value = _plain_picture(value)
    return np.asanyarray(value)


def _of_tensor(value: Any) -> Array:
    tensor = value.detach().cpu().resolve_conj().resolve_neg()
    if "strided" not in str(tensor.layout):
        tensor = tensor.to_dense()
    known = not tensor.is_floating_point() or str(tensor.dtype) in NUMPY_FLOATS
    return np.asarray((tensor if known else tensor.float()).numpy())


def _plain_picture(value: Any) -> Any:
    """Turn a picture of PIL to grey, or to red, green, blue and transparency."""
    if value.mode in NO_LIGHT:
        raise ImageError(
            f"the picture of PIL is {value.mode}, whose channels are not red, green and blue: "
            'pass picture.convert("RGB")'
        )
    clear = "transparency" in value.info and value.mode == "P"
    if value.mode in ("LA", "La", "PA", "RGBa") or clear:
        return value.convert("LA").convert("RGBA") if value.mode == "La" else value.convert("RGBA")
    return value.convert("RGB") if value.mode in ("P", "YCbCr", "RGBX") else value


def is_array(value: object) -> bool:
    """Whether a value holds images in memory, and is no name of a file."""
    return hasattr(value, "__array__") or hasattr(value, "__array_interface__")


def as_stack(
    array: Any,
    *,
    axes: str | None = None,
    name: str = "the array",
    holes: Holes = Holes(),  # noqa: B008  frozen
) -> tuple[Array, Layout]:
    """View an array as a stack of images ``(N, H, W, C)`` of its own dtype.

    Args:
        array: Any array of a real dtype.
        axes: One letter per axis, Y, X, C for channels, others count images; None guesses.
        name: Its name in messages.
        holes: Values that count as no data, in addition to masked values.

    Returns:
        The stack, a masked array if some values are no data; and the layout of the array.

    Raises:
        ImageError: The dtype is not numeric, an axis is empty, the axes cannot be guessed or do not
            fit the array, or a value is NaN or infinite.
    """
    array = as_array(array)
    layout = checked_layout(array.dtype, array.shape, axes=axes, name=name, max_pixels=0)
    if axes is None and layout.axes == "YX":
        check_no_table(np.asarray(array), name=name)
    masked, values = hole_mask(array), np.asarray(array)
    found = holes.find(values) if holes else None
    bad: Any = found if masked is None else masked if found is None else masked | found
    check_values(values if bad is None else values[~bad], name=name)
    stack = layout.to_stack(values)
    if bad is None:
        return stack, layout
    lacks: Any = layout.to_stack(bad)
    return np.ma.MaskedArray(stack, lacks), layout


def to_float(stack: Array, value_range: ValueRange | None = None) -> Floats:
    """Scale a stack ``(N, H, W, C)`` of any real dtype to float32 ``(N, C, H, W)``.

    Args:
        value_range: The values that become 0 and 1; None is the nominal range of the dtype.
    """
    used = value_range or ValueRange.nominal(stack.dtype)
    low, span = np.asarray(used.low, np.float64), np.asarray(used.span, np.float64)
    narrow = stack.dtype.kind == "b" or stack.dtype.itemsize <= 2
    plain = not low.any() and (span == 1).all()
    # float32 holds 16-bit integers exactly; wider integers and floats lose bits in the subtraction.
    kind = np.float32 if narrow or plain else np.float64
    scaled: Any = np.moveaxis(stack, -1, 1).astype(kind, order="C")
    if not plain:
        scaled -= low.reshape(-1, 1, 1).astype(kind)
        scaled /= span.reshape(-1, 1, 1).astype(kind)
    return np.asanyarray(scaled.astype(np.float32, copy=False))


def from_float(images: Floats, layout: Layout, value_range: ValueRange | None = None) -> Array:
    """Turn float32 ``(N, C, H, W)`` back into the user's layout and dtype.

    Integers are rounded and clipped to the range of their dtype. Booleans are true from 0.5 on.

    Args:
        images: Nominally [0, 1].
        layout: Axes and dtype of the result; ``images`` determine its sizes and channels.
        value_range: The values that 0 and 1 become; with ``clamp``, images are limited to [0, 1]
            first. None is the nominal range, without the limit.
    """
    used = value_range or ValueRange.nominal(layout.dtype)
    stack: Array = np.moveaxis(images, 1, -1)  # channels last, as the ends of the range
    if value_range and value_range.clamp:
        stack = np.clip(stack, np.float32(0), np.float32(1))
    return np.ascontiguousarray(layout.from_stack(_unscale(stack, layout.dtype, used)))


def _unscale(values: Array, dtype: np.dtype[np.generic], used: ValueRange) -> Array:
    low, span = np.asarray(used.low, np.float64), np.asarray(used.span, np.float64)
    if dtype.kind == "b":
        return np.asarray(values >= np.float32(0.5))
    if dtype.kind == "f" and not low.any() and (span == 1).all():
        return values.astype(dtype, copy=False)
    # float32 does not hold wide values exactly, so the last step is done in float64.
    wide = values.astype(np.float64) * span + low
    if dtype.kind == "f":
        top = float(np.finfo(dtype.name).max)
        return np.clip(wide, -top, top).astype(dtype)
    limits = np.iinfo(dtype.name)
    largest = np.nextafter(float(limits.max) + 1, 0) if dtype.itemsize == 8 else limits.max
    return np.clip(np.rint(wide), limits.min, largest).astype(dtype)


def to_channels(stack: NDArray[np.generic], channels: int) -> NDArray[np.generic]:
    """Turn a stack ``(N, H, W, C)`` to grey (1 channel) or colour (3), in its own dtype.

    Raises:
        ImageError: The stack has neither 1 nor 3 channels, or ``channels`` is neither.
    """
    have = stack.shape[-1]
    if have == channels:
        return stack
    if (mask := hole_mask(stack)) is not None:  # a pixel lacks data if any channel does
        bad: Any = np.repeat(mask.any(-1, keepdims=True), channels, axis=-1)
        return np.ma.MaskedArray(to_channels(np.asarray(stack), channels), bad)
    if {have, channels} != {1, 3}:
        raise ImageError(
            f"images of {have} channels cannot be converted to {channels}: "
            "only grey (1) and colour (3) can be converted into each other"
        )
    if channels == 3:
        return np.repeat(stack, 3, axis=-1)
    grey: NDArray[np.float64] = (stack.astype(np.float64) @ LUMA)[..., None]
    return (np.rint(grey) if stack.dtype.kind in "iu" else grey).astype(stack.dtype)
