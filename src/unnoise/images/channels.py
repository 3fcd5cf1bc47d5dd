"""Colour to grey, grey to colour."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.errors import ImageError
from unnoise.images.holes import hole_mask

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow, OpenCV and MATLAB have it


def to_channels(stack: NDArray[np.generic], channels: int) -> NDArray[np.generic]:
    """Turn a stack ``(N, H, W, C)`` to grey (``channels`` 1) or colour (3), in its own dtype.

    Raises:
        ImageError: It has neither 1 nor 3 channels, or something else was asked for.
    """
    have = stack.shape[-1]
    if have == channels:
        return stack
    if (mask := hole_mask(stack)) is not None:  # a pixel lacks data where any channel does
        bad: Any = np.repeat(mask.any(-1, keepdims=True), channels, axis=-1)
        return np.ma.MaskedArray(to_channels(np.asarray(stack), channels), bad)
    if {have, channels} != {1, 3}:
        raise ImageError(
            f"images of {have} channels cannot be turned to {channels}: "
            "only grey (1) and colour (3) are turned into each other"
        )
    if channels == 3:
        return np.repeat(stack, 3, axis=-1)
    grey: NDArray[np.float64] = (stack.astype(np.float64) @ LUMA)[..., None]
    return (np.rint(grey) if stack.dtype.kind in "iu" else grey).astype(stack.dtype)
