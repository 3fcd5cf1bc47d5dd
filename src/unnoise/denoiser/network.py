"""What tiles need of a network, whichever library runs it, and networks that are made of others."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from unnoise.denoiser.channels import makes_grey
from unnoise.denoiser.ladder import level, reach
from unnoise.sizes import Sized
from unnoise.types import Floats


class AtOnce(NamedTuple):
    """How much runs at once on a device."""

    side: int  # of what a tile reads, in pixels
    pixels: int  # of a batch of small images


# A larger tile repeats less overlap (32 % at this side for a receptive field of 141) and takes more
# memory; beyond this one nothing is won any more. So many pixels of small images keep the cores
# busy, and the feature maps of a small network stay in the cache. See benchmarks/tiles.py and
# docs/lab-notes.md.
CPU = AtOnce(side=1024, pixels=150_000)
# Meant to fill a card; 3840 × 2160 stays whole. Tiles are halved where its memory does not suffice.
GPU = AtOnce(side=4096, pixels=2**23)


class Network(Sized, Protocol):
    """A network on its device."""

    @property
    def at_once(self) -> AtOnce:
        """How much it takes at once."""

    def run(self, images: Floats) -> Floats:
        """Denoise float32 ``(B, C, H, W)`` whose sides are multiples of ``size_multiple``.

        Raises:
            MemoryError: There is not enough of it for so many pixels.
        """


class Engine(Protocol):
    """A model as one library runs it."""

    @property
    def network(self) -> Network:
        """The model as it was trained."""

    @property
    def distances(self) -> Network | None:
        """What finds the bounds, where the model has any."""

    @property
    def device(self) -> str:
        """Where it runs."""

    def at(self, channels: int) -> Network:
        """Return the network for images of so many channels."""

    def weights(self) -> dict[str, Any]:
        """Return what a model file holds."""

    def encode(self, images: Floats, levels: Sequence[int] | None, pool: int | None) -> Floats:
        """Return features; see ``Denoiser.encode``."""

    def describe(self) -> dict[str, Any]:
        """Return ``parameters``, ``kmacs_per_pixel`` and what it states about itself."""


class Repeated:
    """A colour network for grey images: what it makes of three equal channels, the mean of that."""

    def __init__(self, network: Network) -> None:
        self._network, self.channels = network, 1
        self.size_multiple, self.fixed_size = network.size_multiple, network.fixed_size
        self.receptive_field, self.at_once = network.receptive_field, network.at_once

    def run(self, images: Floats) -> Floats:
        """Denoise ``(B, 1, H, W)``."""
        made = self._network.run(np.repeat(images, self._network.channels, axis=1))
        mean: Floats = made.mean(axis=1, keepdims=True)
        return mean


class Interleaved:
    """A network applied to each of the ``stride²`` images that lie interleaved in one.

    Where the noise of neighbouring pixels is correlated, every ``stride``-th pixel of an image is
    an image of its own whose noise is not. The results differ a little from each other; the
    pattern that this makes of the whole is taken out again.

    Args:
        network: Takes images of any size.
        stride: At least 2.
    """

    def __init__(self, network: Network, stride: int) -> None:
        assert network.fixed_size is None
        assert stride > 1
        self._network, self._stride = network, stride
        self.channels, self.fixed_size = network.channels, None
        self.size_multiple = stride * network.size_multiple
        self.receptive_field = stride * (network.receptive_field - 1) + 1 + 2 * reach(stride)
        self.at_once = network.at_once

    def run(self, images: Floats) -> Floats:
        """Denoise ``(B, C, H, W)``."""
        parts = self._network.run(deinterleave(images, self._stride))
        return level(interleave(parts, self._stride), images, self._stride)


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


def network_at(engine: Engine, channels: int, stride: int) -> Network:
    """Return the network for images of so many channels, seen at a stride."""
    network = engine.at(channels)
    return Interleaved(network, stride) if stride > 1 else network


def for_grey(network: Network, channels: int) -> Network:
    """Return the network for images of so many channels, where a grey one is not made otherwise."""
    return Repeated(network) if makes_grey(channels, network.channels) else network
