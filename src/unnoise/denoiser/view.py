"""A source of images, and how a model sees it: its channels, its scale, its missing data."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from unnoise.denoiser.options import ChannelUse
from unnoise.denoiser.steady import Course
from unnoise.errors import ConfigError
from unnoise.images import (
    RGB,
    Colour,
    Holes,
    Layout,
    Neighbours,
    ValueRange,
    fill_holes,
    from_float,
    hole_mask,
    to_float,
)
from unnoise.types import Array, Floats, Mask

GREY = 1
COMMON, LEAST_PIXELS = 0.2, 256  # least correlation of two colours, and pixels to measure it on
STILL = 0.5  # share of neighbouring pixels that are equal in transparency, and not in a photograph


class Source(Protocol):
    """Images of one size, such as an open file: a ``Reader`` is one."""

    @property
    def count(self) -> int:
        """Number of images."""

    @property
    def height(self) -> int:
        """Rows of an image."""

    @property
    def width(self) -> int:
        """Columns of an image."""

    def image(self, index: int, /) -> Array:
        """Return one image ``(H, W, C)``."""

    def bands(self, index: int, rows: int, /) -> Iterator[Array]:
        """Yield one image from the top in bands of ``rows`` rows."""

    def window(self, index: int, rows: slice, columns: slice, /) -> Array:
        """Return a part of one image."""


class ArraySource:
    """A stack ``(N, H, W, C)`` as a source."""

    def __init__(self, stack: Array) -> None:
        self.count, self.height, self.width = stack.shape[:3]
        self._stack = stack

    def image(self, index: int) -> Array:
        """Return one image."""
        image: Array = self._stack[index]
        return image

    def bands(self, index: int, rows: int) -> Iterator[Array]:
        """Yield one image in bands."""
        return (self._stack[index, top : top + rows] for top in range(0, self.height, rows))

    def window(self, index: int, rows: slice, columns: slice) -> Array:
        """Return a part of one image."""
        part: Array = self._stack[index, rows, columns]
        return part


class OneImage:
    """One image of a source as a source."""

    def __init__(self, source: Source, index: int) -> None:
        self.count, self.height, self.width = 1, source.height, source.width
        self._source, self._index = source, index

    def image(self, index: int) -> Array:
        """Return the image."""
        assert index == 0
        return self._source.image(self._index)

    def bands(self, index: int, rows: int) -> Iterator[Array]:
        """Yield it in bands."""
        assert index == 0
        return self._source.bands(self._index, rows)

    def window(self, index: int, rows: slice, columns: slice) -> Array:
        """Return a part of it."""
        assert index == 0
        return self._source.window(self._index, rows, columns)

    def middle(self, side: int) -> Array:
        """Return the middle of it, at most ``side`` pixels high and wide."""
        rows, columns = (
            slice(start := max(0, (length - side) // 2), min(start + side, length))
            for length in (self.height, self.width)
        )
        return self.window(0, rows, columns)


def fill(results: Array, images: Iterable[Iterable[Array]]) -> None:
    """Write images that come in bands into a stack ``(N, H, W, C)``."""
    for result, bands in zip(results, images, strict=True):
        top = 0
        for band in bands:
            result[top : top + len(band)] = band
            top += len(band)


@dataclass(frozen=True)
class View:
    """How one source is seen."""

    values: ValueRange  # the values that are 0 and 1 for the model
    # The values that 0 and 1 of the results become. They differ from ``values`` where the model
    # learned from dark noisy and bright clean images.
    results: ValueRange
    channels: int  # without transparency
    alpha: bool  # whether one more channel, the last, is transparency
    together: bool  # whether the model takes all channels at once; else each is an image
    holes: Holes  # the values that count as no data
    dtype: np.dtype[np.generic]  # of the results
    notes: tuple[str, ...] = ()  # remarks for the user
    colours: bool = False  # whether the channels are red, green and blue
    around: Neighbours | None = None  # that the model sees; None for a model of single images
    course: Course | None = None  # images whose results are blended over time; None for none

    @property
    def taken(self) -> int:
        """Channels that the model takes at once."""
        return self.channels if self.together else 1

    @property
    def groups(self) -> list[slice]:
        """The channels that show one thing: all that the model takes at once, or colours."""
        if self.together or self.colours:
            return [slice(0, self.channels)]
        return [slice(channel, channel + 1) for channel in range(self.channels)]

    @property
    def depth(self) -> int:
        """Number of images that the model sees together."""
        return self.around.depth if self.around else 1

    def lacks(self, stack: Array) -> Mask | None:
        """Return which values of images ``(..., C)`` the network does not see; None if it sees all.

        They have no data; or lie under fully transparent pixels, which must not be mixed with
        visible ones; or lie far outside of the range, such as a hot pixel. They keep their values.
        The mask has the shape of the images without transparency.
        """
        far = self.values.find_far(np.asarray(stack[..., : self.channels]))
        return _any_of(self.absent(stack), far)

    def absent(self, stack: Array) -> Mask | None:
        """Return ``lacks`` without the values far outside of the range."""
        values = stack[..., : self.channels]
        found = self.holes.find(values) if self.holes else hole_mask(values)
        hidden = np.broadcast_to(stack[..., -1:] == 0, values.shape) if self.alpha else None
        return _any_of(found, hidden)

    def scale(self, stack: Array) -> tuple[Floats, Mask | None]:
        """Return images ``(B, h, w, C)`` as the model sees them, and ``lacks``.

        They become float32 ``(B, C, h, w)`` without transparency, filled where values lack.
        """
        lacks, values = self.lacks(stack), np.asarray(stack[..., : self.channels])
        return to_float(filled(values, lacks), self.values), lacks

    def unscale(
        self, results: Floats, given: Array, lacks: Mask | None, *, clamp: bool = True
    ) -> Array:
        """Undo ``scale`` for results ``(B, C, h, w)`` of the images ``(B, h, w, C)``.

        Transparency, and values that the model did not see, come from the images. With ``clamp``,
        results are limited to the range, if it says so.
        """
        values = self.results if clamp else replace(self.results, clamp=False)
        made = from_float(results, Layout(self.dtype, "NYXC", given.shape), values)
        if lacks is not None:
            made = np.where(lacks, given[..., : self.channels], made).astype(self.dtype, copy=False)
        if not self.alpha:
            return made
        return np.concatenate([made, given[..., -1:].astype(self.dtype)], axis=-1)


def filled(stack: Array, lacks: Mask | None) -> Array:
    """Fill what lacks data in images ``(B, h, w, C)``."""
    if lacks is None:
        return stack
    return np.stack([fill_holes(image, bad) for image, bad in zip(stack, lacks, strict=True)])


def _any_of(*found: Mask | None) -> Mask | None:
    masks = [np.asarray(mask) for mask in found if mask is not None and mask.any()]
    return np.logical_or.reduce(masks) if masks else None


def adapts(channels: int, wanted: int) -> bool:
    """Whether a model of ``wanted`` channels, or its grey form, takes images of ``channels``."""
    return channels == wanted or wanted in (GREY, RGB)


def goes_together(
    use: ChannelUse, channels: int, colour: Colour, wanted: int, *, colours: bool
) -> bool:
    """Whether a model takes all channels of a pixel at once, or each as a grey image.

    The image has ``channels`` of the meaning ``colour``. The model takes ``wanted`` channels, which
    are red, green and blue if ``colours``.
    """
    fits = channels in (GREY, wanted)
    if use == "together" and not fits:
        raise ConfigError(
            f"channels is together: the image has {channels} and the model takes {wanted} at once; "
            "pass --channels separate, or leave it out"
        )
    if use != "auto":
        return use == "together"
    return fits and (channels == GREY or colour == "rgb" or not colours)


def read_channels(
    parts: Sequence[Array],
    channels: int,
    wanted: int,
    *,
    alpha: bool,
    colour: Colour,
    colours: bool,
) -> tuple[bool, Colour, list[str]]:
    """Check what a file states of its channels by values ``(..., W, C)``; return notes, too.

    The model takes ``wanted`` channels, which are red, green and blue if ``colours``.
    """
    notes = []
    if alpha and wanted == channels:
        alpha = False  # the model was trained with transparency as one of its channels
    if colour == "unknown":
        if channels == RGB + 1 != wanted and colours:
            alpha = all(map(_looks_like_alpha, parts))
            what = "transparency: it is flat" if alpha else "an image: it is not flat"
            notes.append(f"the fourth channel is taken as {what}")
        if channels == RGB == wanted and colours and _have_little_in_common(parts[0]):
            notes.append(
                "its three channels have little in common for colours: if they are slices or "
                "stains, pass --channels separate, or their --axes"
            )
        return alpha, "rgb" if channels - alpha == RGB else "other", notes
    if alpha and channels == RGB + 1 and not all(map(_looks_like_alpha, parts)):
        notes.append(
            "the file calls its fourth channel transparency, which comes back as it is, but it "
            "is not flat: if it is an image, pass --axes, such as ZYX"
        )
    return alpha, colour, notes


def _looks_like_alpha(part: Array) -> bool:
    """Whether the last of four channels ``(..., W, 4)`` that nothing describes is transparency.

    Transparency is constant over wide areas; noise is not.
    """
    last = part[..., -1]
    return part.shape[-1] == RGB + 1 and bool(np.mean(last[..., 1:] == last[..., :-1]) > STILL)


def _have_little_in_common(part: Array) -> bool:
    """Whether three channels ``(..., W, 3)`` that nothing describes differ more than colours do."""
    flat = part.reshape(-1, part.shape[-1]).astype(np.float64)
    flat = flat[np.isfinite(flat).all(axis=1)]
    if len(flat) < LEAST_PIXELS or (flat.std(axis=0) == 0).any():
        return False
    found: Any = np.corrcoef(flat, rowvar=False)
    return bool(np.abs(found[np.triu_indices(len(found), 1)]).max() < COMMON)
