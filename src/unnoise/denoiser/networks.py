"""Networks as tiles need them, whichever library runs them, and networks made of others."""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from unnoise.images import RGB
from unnoise.sizes import Sized, middle_of
from unnoise.types import Floats


class AtOnce(NamedTuple):
    """The amount that runs at once on a device."""

    side: int  # of what a tile reads, in pixels
    pixels: int  # of a batch of small images


# A larger tile repeats less overlap (32 % at this side for a receptive field of 141) and takes more
# memory; a still larger one is no faster. This number of pixels of small images keeps the cores
# busy, and the feature maps of a small network stay in the cache: benchmarks/tiles.py.
CPU = AtOnce(side=1024, pixels=150_000)
# Fills a card; 3840 × 2160 stays whole. Tiles are halved if its memory does not suffice.
GPU = AtOnce(side=4096, pixels=2**23)


class Network(Sized, Protocol):
    """A network on its device."""

    @property
    def at_once(self) -> AtOnce:
        """The amount that it takes at once."""

    def run(self, images: Floats) -> Floats:
        """Denoise float32 ``(B, depth · C, H, W)`` with sides that ``size_multiple`` divides.

        ``MemoryError`` means that there is not enough memory for these pixels.
        """


class Backend(Protocol):
    """A model as one library runs it."""

    @property
    def network(self) -> Network:
        """The model as it was trained."""

    @property
    def distances(self) -> Network | None:
        """The network of its bounds, if it has any."""

    @property
    def device(self) -> str:
        """Where it runs."""

    def at(self, channels: int) -> Network:
        """Return the network for images of this number of channels."""

    def weights(self) -> dict[str, Any]:
        """Return the weights by their names in a model file."""

    def encode(self, images: Floats, levels: Sequence[int] | None, pool: int | None) -> Floats:
        """Return features; see ``Denoiser.encode``."""

    def describe(self) -> dict[str, Any]:
        """Return ``parameters``, ``kmacs_per_pixel`` and the contract of the network."""


class Repeated:
    """A colour network for grey images: the mean of its results for three equal channels."""

    def __init__(self, network: Network) -> None:
        self._network, self.channels, self.depth = network, 1, network.depth
        self.size_multiple, self.fixed_size = network.size_multiple, network.fixed_size
        self.receptive_field, self.at_once = network.receptive_field, network.at_once

    def run(self, images: Floats) -> Floats:
        """Denoise ``(B, depth, H, W)``."""
        made = self._network.run(np.repeat(images, self._network.channels, axis=1))
        mean: Floats = made.mean(axis=1, keepdims=True)
        return mean


class Interleaved:
    """A network applied to each of the ``stride²`` images that lie interleaved in one.

    If the noise of neighbouring pixels is correlated, the noise of every ``stride``-th pixel is
    not. The results of the interleaved images differ a little from each other, which makes a
    pattern in the joined image; ``level`` removes it.
    """

    def __init__(self, network: Network, stride: int) -> None:
        assert network.fixed_size is None
        assert stride > 1
        self._network, self._stride = network, stride
        self.channels, self.depth, self.fixed_size = network.channels, network.depth, None
        self.size_multiple = stride * network.size_multiple
        self.receptive_field = stride * (network.receptive_field - 1) + 1 + 2 * reach(stride)
        self.at_once = network.at_once

    def run(self, images: Floats) -> Floats:
        """Denoise ``(B, depth · C, H, W)``."""
        parts = self._network.run(deinterleave(images, self._stride))
        middle = middle_of(images, self.depth)
        return level(interleave(parts, self._stride), middle, self._stride)


def deinterleave(images: Floats, stride: int) -> Floats:
    """Turn ``(B, C, H, W)`` into ``(B · stride², C, H / stride, W / stride)``."""
    batch, channels, height, width = images.shape
    parts = images.reshape(batch, channels, height // stride, stride, width // stride, stride)
    return parts.transpose(0, 3, 5, 1, 2, 4).reshape(
        batch * stride**2, channels, height // stride, width // stride
    )


def interleave(parts: Floats, stride: int) -> Floats:
    """Undo ``deinterleave``."""
    count, channels, height, width = parts.shape
    split = parts.reshape(count // stride**2, stride, stride, channels, height, width)
    return split.transpose(0, 3, 4, 1, 5, 2).reshape(-1, channels, height * stride, width * stride)


def network_at(backend: Backend, channels: int, stride: int) -> Network:
    """Return the network for images of this number of channels, seen at a stride."""
    network = backend.at(channels)
    return Interleaved(network, stride) if stride > 1 else network


def makes_grey(channels: int, wanted: int) -> bool:
    """Whether images of ``channels`` are for the grey form of a model of ``wanted``."""
    return (channels, wanted) == (1, RGB)


def for_grey(network: Network, channels: int) -> Network:
    """Return the network for images of this number of channels, without a grey form of its own."""
    return Repeated(network) if makes_grey(channels, network.channels) else network


# No ladder: each of the ``s²`` images is denoised alone. Its error varies slowly and differs from
# the errors of the others. In the joined image, they make a pattern of period ``s``: energy near
# the frequencies ``k / s``, where the network could not see it. ``level`` removes it.

# Standard deviations of gaussians, in pixels of one interleaved image.
SLOW, FAST = 1.5, 0.7  # errors that vary more slowly than SLOW are the pattern proper
AROUND = 2.5  # energies are averaged over it
CUT = 2.7  # standard deviations where the gaussians are cut off

# For the pattern, and for other fine detail. Chosen on photographs with synthetic grain and on
# microscopy: docs/lab-notes.md.
CERTAIN = 1.5, 1.3  # energy beyond this multiple of the noise belongs to the scene
LEFT = 0.3, 0.03  # share of the energy of the noise that the network may have left
NONE = 1e-20  # energy, against a division by 0


def level(restored: Floats, noisy: Floats, stride: int) -> Floats:
    """Remove the pattern of a stride from a result.

    Everything that varies faster than one interleaved image can show has two parts. Each is removed
    where the noisy image has no more energy in it than noise:

    - The pattern proper, in narrow bands around ``k / stride``. Its noise is measured beside these
      bands, in what the network removed. A texture of that period, and the mosaic of a camera,
      have more energy, and stay unchanged.
    - The other fine detail. Its noise is what the network removed of it.

    Both are local Wiener filters (Lim, "Two-Dimensional Signal and Image Processing", 1990, section
    9.2). Their gain is found from the noisy image and applied to the result. Means over a period do
    not change. The sides of the images ``(B, C, H, W)`` are multiples of the stride.
    """
    made, given = _fine(restored, stride), _fine(noisy, stride)
    made_slow, given_slow = _smooth(made, SLOW, stride), _smooth(given, SLOW, stride)
    beside = _smooth(given - made, FAST, stride) - (given_slow - made_slow)
    noise = _energy(beside, stride) * np.float32(_share(stride))
    result = restored - _noise_share(given_slow, noise, 0, stride) * made_slow

    made, given = made - made_slow, given - given_slow
    result -= _noise_share(given, _energy(given - made, stride), 1, stride) * made
    return result


def _noise_share(noisy: Floats, noise: Floats, part: int, stride: int) -> Floats:
    """Return the share of a part of the result that is removed, from 0 to 1.

    The parts are 0, the pattern, and 1, other fine detail. ``noise`` is the energy in each cell.
    """
    scene = (_energy(noisy, stride) - np.float32(CERTAIN[part]) * noise).clip(0)
    left = np.float32(LEFT[part]) * noise + np.float32(NONE)
    share: Floats = (left / (scene + left)).repeat(stride, axis=-2).repeat(stride, axis=-1)
    return share


def reach(stride: int) -> int:
    """Return how many pixels around a pixel ``level`` uses at most."""
    slow, around = (len(_gaussian(width)) // 2 for width in (SLOW, AROUND))
    return stride * (slow + around + 1) + 2 * (len(_period(stride)) // 2)


def _fine(images: Floats, stride: int) -> Floats:
    """Return the part that varies within a period: all frequencies ``k / stride`` but 0."""
    for _ in range(2):  # twice: the first pass leaves the bend of a slope
        images = images - _filter(images, _period(stride), 1, stride)
    return images


def _smooth(images: Floats, width: float, stride: int) -> Floats:
    """Smooth each interleaved image by itself, which keeps frequencies near ``k / stride``."""
    return _filter(images, _gaussian(width), stride, stride)


def _energy(images: Floats, stride: int) -> Floats:
    """Return the energy around each cell of ``stride`` × ``stride`` pixels."""
    batch, channels, height, width = images.shape
    cells = (batch, channels, height // stride, stride, width // stride, stride)
    return _filter(np.square(images).reshape(cells).mean((3, 5)), _gaussian(AROUND), 1, 1)


def _filter(images: Floats, kernel: tuple[float, ...], step: int, period: int) -> Floats:
    """Filter rows and columns with a symmetric kernel whose taps are ``step`` pixels apart.

    Beyond the borders the images repeat their last ``period`` pixels.
    """
    half = len(kernel) // 2
    for axis in (-2, -1):
        length = images.shape[axis]
        places = np.arange(-half * step, length + half * step)
        places = np.where(places < 0, places % period, places)
        places = np.where(places >= length, length - period + places % period, places)
        padded = images.take(places, axis=axis)
        total, part = np.zeros_like(images), np.empty_like(images)
        for place, weight in enumerate(kernel):
            window = [slice(None)] * images.ndim
            window[axis] = slice(place * step, place * step + length)
            np.multiply(padded[tuple(window)], np.float32(weight), out=part)
            total += part
        images = total
    return images


@cache
def _gaussian(width: float) -> tuple[float, ...]:
    half = int(np.ceil(CUT * width))
    values = np.exp(-0.5 * np.square(np.arange(-half, half + 1) / width))
    return tuple(map(float, values / values.sum()))


@cache
def _period(stride: int) -> tuple[float, ...]:
    """Return a symmetric mean that has none of the frequencies ``k / stride`` but 0."""
    mean = np.full(stride, 1 / stride)
    return tuple(map(float, mean if stride % 2 else np.convolve(mean, (0.5, 0.5))))


@cache
def _share(stride: int) -> float:
    """Return the energy of white noise in the pattern's bands, over that beside them."""
    side = 32 * stride
    points = np.zeros((stride**2, 1, side, side), np.float32)
    middle = side // 2 + np.arange(stride)
    points[np.arange(stride**2), 0, np.repeat(middle, stride), np.tile(middle, stride)] = 1
    fine = _fine(points, stride)
    slow, fast = (_smooth(fine, width, stride) for width in (SLOW, FAST))
    return float(np.square(slow).sum() / np.square(fast - slow).sum())
