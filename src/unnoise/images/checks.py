"""Checks that every format shares: of headers, before values are read, and of values."""

import math
from collections.abc import Sequence

import numpy as np

from unnoise.errors import ImageError
from unnoise.images.axes import Layout, check_axes, guess_axes
from unnoise.types import Array

MAX_PIXELS = 2**30  # of one image: 32,768 × 32,768


def checked_layout(
    dtype: np.dtype[np.generic],
    shape: Sequence[int],
    *,
    axes: str | None,
    stated: str | None = None,
    name: str,
    max_pixels: int,
) -> Layout:
    """Return the layout of an array, from its header alone; raise ``ImageError`` if it has none.

    A person names its axes, or the file states them, or they are guessed.
    """
    check_dtype(dtype, name=name)
    letters = check_axes(axes, shape, name=name) if axes else stated
    letters = letters or guess_axes(shape, name=name)
    if math.prod(shape) == 0:
        raise ImageError(f"{name} has shape {tuple(shape)}: it has no pixels")
    layout = Layout(np.dtype(dtype).newbyteorder("="), letters, tuple(map(int, shape)))
    check_pixels(layout.width, layout.height, name=name, max_pixels=max_pixels)
    return layout


def check_dtype(dtype: np.dtype[np.generic], *, name: str) -> None:
    """Raise ``ImageError`` unless the dtype is boolean, integer or real floating point."""
    if np.dtype(dtype).kind not in "biuf":
        raise ImageError(f"{name} has dtype {dtype}: it must hold integers or real floats")


def check_pixels(width: int, height: int, *, name: str, max_pixels: int) -> None:
    """Raise ``ImageError`` if an image has more than ``max_pixels`` pixels; 0 is no limit."""
    if max_pixels and width * height > max_pixels:
        raise ImageError(
            f"{name} has {width} × {height} pixels, more than {max_pixels}: if you trust the "
            f"file, pass --max-pixels {width * height} (0: no limit)"
        )


def check_values(array: Array, *, name: str) -> None:
    """Raise ``ImageError`` if a value is NaN or infinite."""
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ImageError(
            f"{name} holds NaN or infinity: pass --nan keep, which leaves them in place, or "
            "replace them first"
        )
