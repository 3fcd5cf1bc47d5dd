"""Axes: from an array to its images, and back, without changing values.

An array has one letter per axis: ``Y`` and ``X`` are rows and columns, ``C`` is channels, and any
other letter (``N``, ``T``, ``Z``, ...) counts images. The rest of this room sees an image as
``(H, W, C)`` and a stack as ``(N, H, W, C)``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unnoise.errors import ImageError
from unnoise.types import Array

COLOUR_COUNTS = (1, 3, 4)  # a last axis of this length counts as channels
MANY = 100  # number of images from which on a width of a few pixels is a mistake
LEAST_FLAT = 64  # values of a flattened image
LONG = 10  # ratio of rows to columns from which on they are a table
FEW = 8  # a first or last axis up to this length may be channels
OUTER = "TZNPV"  # letters of the axes that count images, in examples
NAMELESS = "NQI"  # letters of axes whose meaning is not known
STACK_LETTERS = "NTZPVQIRABDEFGHJKLMOUW"  # possible letters of axes that count images


@dataclass(frozen=True)
class Layout:
    """How an array or file holds its images."""

    dtype: np.dtype[np.generic]  # in native byte order
    axes: str  # one letter per axis
    shape: tuple[int, ...]  # the length of each axis

    @property
    def stack_shape(self) -> tuple[int, ...]:
        """The lengths of the axes that count images."""
        return tuple(n for n, a in zip(self.shape, self.axes, strict=True) if a not in "YXC")

    @property
    def stack_axes(self) -> str:
        """The letters of the axes that count images."""
        return "".join(axis for axis in self.axes if axis not in "YXC")

    @property
    def count(self) -> int:
        """The number of images."""
        return math.prod(self.stack_shape)

    @property
    def height(self) -> int:
        """The number of rows of an image."""
        return self.shape[self.axes.index("Y")]

    @property
    def width(self) -> int:
        """The number of columns of an image."""
        return self.shape[self.axes.index("X")]

    @property
    def channels(self) -> int:
        """The number of channels; 1 without a channel axis."""
        return self.shape[self.axes.index("C")] if self.channel_axis else 1

    @property
    def image_axes(self) -> str:
        """The axes that do not count images, in their order."""
        return "".join(axis for axis in self.axes if axis in "YXC")

    @property
    def channel_axis(self) -> bool:
        """Whether there is a channel axis."""
        return "C" in self.axes

    @property
    def counted(self) -> dict[str, int]:
        """The length of each axis that counts several images, by its letter."""
        lengths = zip(self.stack_axes, self.stack_shape, strict=True)
        return {axis: length for axis, length in lengths if length > 1}

    def place(self, index: int) -> str:
        """Return the place of an image in words, such as ``T 12 of 64``; empty for a single one."""
        lengths = self.counted
        at = np.unravel_index(index, tuple(lengths.values())) if lengths else ()
        return ", ".join(
            f"{'image' if axis in NAMELESS else axis} {int(number) + 1} of {length}"
            for (axis, length), number in zip(lengths.items(), at, strict=True)
        )

    def take(
        self, array: Any, index: int, rows: slice = slice(None), columns: slice = slice(None)
    ) -> Array:
        """Return a part of image ``index`` ``(rows, columns, C)`` of anything that slices."""
        part = np.asarray(array[self._part(index, rows, columns)])
        left = self.image_axes
        if "C" not in left:
            part, left = part[..., None], left + "C"
        return part.transpose([left.index(axis) for axis in "YXC"])

    def put(self, array: Any, index: int, start: int, band: Array) -> None:
        """Write rows ``(rows, W, C)`` of image ``index``, the first at row ``start``."""
        part = self._part(index, slice(start, start + len(band)))
        if not self.channel_axis:
            band = band[..., 0]
        array[part] = band.transpose(["YXC".index(axis) for axis in self.image_axes])

    def to_stack(self, array: Array) -> Array:
        """View an array of this layout as ``(N, H, W, C)``."""
        if not self.channel_axis:
            array = array[..., None]
        axes = self.axes if self.channel_axis else self.axes + "C"
        stacked = [i for i, axis in enumerate(axes) if axis not in "YXC"]
        moved = array.transpose([*stacked, *(axes.index(axis) for axis in "YXC")])
        return moved.reshape(-1, *moved.shape[-3:])

    def from_stack(self, stack: Array) -> Array:
        """Give a stack ``(N, H, W, C)`` these axes; ``N`` must be the number of images."""
        moved = stack.reshape(*self.stack_shape, *stack.shape[1:])
        held = [axis for axis in self.axes if axis not in "YXC"] + list("YXC")
        if not self.channel_axis:
            moved, held = moved[..., 0], held[:-1]
        return moved.transpose([held.index(axis) for axis in self.axes])

    def _part(
        self, index: int, rows: slice, columns: slice = slice(None)
    ) -> tuple[int | slice, ...]:
        place = iter(np.unravel_index(index, self.stack_shape) if self.stack_shape else ())
        parts = {"Y": rows, "X": columns, "C": slice(None)}
        return tuple(parts[axis] if axis in parts else int(next(place)) for axis in self.axes)


def check_axes(axes: str, shape: Sequence[int], *, name: str) -> str:
    """Return the user's ``--axes`` in capitals; raise ``ImageError`` unless they suit the shape."""
    letters = axes.upper()
    if not (letters.isascii() and letters.isalpha()):
        raise ImageError(f"axes {axes!r} must be letters, such as YX, YXC or ZYX")
    if len(letters) != len(shape):
        raise ImageError(
            f"{name} has shape {tuple(shape)}, {len(shape)} axes, and --axes {axes} names "
            f"{len(letters)}: {candidates(shape)}"
        )
    if len(set(letters)) < len(letters) or not {"Y", "X"} <= set(letters):
        raise ImageError(f"axes {axes!r} must hold Y once, X once, and no letter twice")
    return normal_axes(letters)


def normal_axes(letters: str) -> str:
    """Rename axes that files state, so that channels are ``C`` and no letter stands twice."""
    if "S" in letters:  # samples are the channels; C beside them counts images
        letters = letters.replace("C", "?").replace("S", "C")
    free = iter(letter for letter in STACK_LETTERS if letter not in letters)
    result = ""
    for letter in letters:
        result += next(free) if letter == "?" or letter in result else letter
    return result


def check_likely(letters: str, shape: Sequence[int], *, name: str) -> None:
    """Refuse guessed axes that make little sense.

    Raises:
        ImageError: They make hundreds of narrow images, or one image of rows of flattened images.
    """
    layout = Layout(np.dtype(np.uint8), letters, tuple(shape))
    side = math.isqrt(layout.width)
    if layout.count >= MANY and layout.width <= FEW:
        raise ImageError(
            f"{name} has shape {tuple(shape)}, which would be {layout.count} images of "
            f"{layout.height} × {layout.width} pixels: {candidates(shape)}"
        )
    flat = side * side == layout.width >= LEAST_FLAT and layout.height >= LONG * layout.width
    if letters == "YX" and flat:
        raise ImageError(
            f"{name} has shape {tuple(shape)}, which looks like a table of {layout.height} "
            f"flattened images: reshape it to ({layout.height}, {side}, {side}), or pass --axes YX "
            "if it is one image"
        )


def guess_axes(shape: Sequence[int], *, name: str) -> str:
    """Guess the axes of an array; raise ``ImageError`` with suggestions if that is not safe."""
    coloured = len(shape) in (3, 4) and shape[-1] in COLOUR_COUNTS
    if len(shape) != 2 and not coloured:
        raise ImageError(f"{name} has shape {tuple(shape)}: {candidates(shape)}")
    letters = "NYXC"[-len(shape) :] if coloured else "YX"
    if 0 not in shape:
        check_likely(letters, shape, name=name)
    return letters


def candidates(shape: Sequence[int]) -> str:
    """Suggest axes for an array of this shape, the likelier first."""
    if len(shape) < 2:
        return "an image has at least two axes, rows and columns (Y and X)"
    if len(shape) > 3 + len(OUTER):
        return "pass --axes, one letter per axis"
    outer = OUTER[: len(shape) - 3]
    options = {2: ["YX"], 3: ["ZYX", "CYX"], 4: ["TZYX", "NCYX"]}.get(
        len(shape), [f"{outer}CYX", f"{outer}YXC"]
    )
    last = {3: "YXC", 4: "NYXC"}.get(len(shape))
    if last and shape[-1] <= FEW:
        options = [last, *options]
    elif len(shape) == 4 and shape[1] <= FEW:
        options = options[::-1]
    return f"pass --axes, e.g. {' or '.join(_explained(axes, shape) for axes in options[:2])}"


def _explained(axes: str, shape: Sequence[int]) -> str:
    layout = Layout(np.dtype(np.uint8), axes, tuple(shape))
    images = "one image" if layout.count == 1 else f"{layout.count} images"
    if layout.channel_axis:
        images += f" of {layout.channels} channel{'s' if layout.channels != 1 else ''}"
    return f"{axes} ({images})"


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
    """Return the layout of an array, from its header alone; raise ``ImageError`` if it has none."""
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
