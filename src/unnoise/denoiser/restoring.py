"""A network applied to images of any size: where they come from, and their way through tiles.

``tiles`` knows where a network is applied, ``values`` what else happens to a part of an image.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from unnoise.denoiser.networks import Network, makes_grey
from unnoise.denoiser.tiles import Runner, Tile, plan_tiles, run_bands
from unnoise.images import BAND_ROWS
from unnoise.types import Array, Floats


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
        return self._source.image(self._index + index)

    def bands(self, index: int, rows: int) -> Iterator[Array]:
        """Yield it in bands."""
        return self._source.bands(self._index + index, rows)

    def window(self, index: int, rows: slice, columns: slice) -> Array:
        """Return a part of it."""
        return self._source.window(self._index + index, rows, columns)

    def middle(self, side: int) -> Array:
        """Return the middle of it, at most ``side`` pixels high and wide."""
        rows, columns = (
            slice(start := max(0, (length - side) // 2), min(start + side, length))
            for length in (self.height, self.width)
        )
        return self.window(0, rows, columns)


class FloatPass:
    """One pass of a network over float32 images in the model's own scale.

    ``margin`` pixels around a tile decide on it, beside those that the network sees.
    """

    def __init__(
        self, source: Source, network: Network, *, clamp: bool = False, margin: int = 0
    ) -> None:
        self._at_once, self._channels, self._clamp = network.at_once, network.channels, clamp
        self._runner = Runner(network)
        self.source = source
        self.grid = plan_tiles(
            network, source.height, source.width, side=self._at_once.side, margin=margin
        )

    def images(self) -> Iterator[Iterable[Array]]:
        """Yield the result of each image as bands from the top.

        Small images are taken several at once, large ones in tiles.
        """
        source, grid = self.source, self.grid
        if not grid.whole:
            for index in range(source.count):
                yield run_bands(source.bands(index, BAND_ROWS), grid, self.work)
            return
        size = max(1, self._at_once.pixels // (source.height * source.width))
        for start in range(0, source.count, size):
            group = range(start, min(start + size, source.count))
            for image in self.work(np.stack(list(map(source.image, group))), grid.tile(0, 0)):
                yield [image]

    def tile(self, row: int, column: int) -> Array:
        """Return what one tile of the first image keeps, as in ``images``."""
        tile = self.grid.tile(row, column)
        kept: Array = self.work(self.source.window(0, *tile.read)[None], tile)[0]
        return kept

    def work(self, stack: Array, tile: Tile) -> Array:
        """Turn what a tile reads ``(B, h, w, C)`` into what it keeps."""
        noisy = np.moveaxis(stack.astype(np.float32, copy=False), -1, 1)
        return np.moveaxis(self.restore(noisy, tile), 1, -1)

    def restore(self, noisy: Floats, tile: Tile) -> Floats:
        """Apply the network to what a tile reads ``(B, C, h, w)``; return what it keeps."""
        count, channels, *sides = noisy.shape
        if channels != self._channels:  # a grey network takes each channel as an image
            noisy = noisy.reshape(-1, 1, *sides)
        restored = self._runner.run(noisy, tile)
        restored = restored.reshape(count, -1, *restored.shape[2:])
        return restored.clip(0, 1) if self._clamp else restored


def images_of(passes: Iterable[FloatPass]) -> Iterator[Iterable[Array]]:
    """Yield the result of each image of several passes as bands from the top."""
    for each in passes:
        yield from each.images()


def fill(results: Array, images: Iterable[Iterable[Array]]) -> None:
    """Write images that come in bands into a stack ``(N, H, W, C)``."""
    for result, bands in zip(results, images, strict=True):
        top = 0
        for band in bands:
            result[top : top + len(band)] = band
            top += len(band)


def find_distances(
    network: Network,
    channels: int,
    noisy: Floats,
    restored: Floats,
    groups: Sequence[Mapping[str, Any]],
) -> tuple[Floats, Floats]:
    """Return the distances of bounds below and above denoised images ``(N, C, H, W)`` of any size.

    ``network`` was trained beside a model of ``channels``. ``groups`` have the scale of each group
    of images, as in the header of a model file; without any, the network's distances are returned.
    """
    count, given, height, width = noisy.shape
    grey = makes_grey(given, channels)
    removed = np.sqrt(np.mean((noisy - restored) ** 2, axis=(1, 2, 3)))
    if grey:
        noisy, restored = (np.repeat(each, channels, axis=1) for each in (noisy, restored))
    shape = (-1, channels, height, width)  # a grey model takes each channel by itself
    seen = np.concatenate([noisy.reshape(shape), restored.reshape(shape)], axis=1)
    found = np.empty_like(seen)
    source = ArraySource(np.moveaxis(seen, 1, -1))
    fill(np.moveaxis(found, 1, -1), FloatPass(source, network).images())
    scales = np.array([_scale(float(each), groups, grey=grey) for each in removed], np.float32)
    below, above = (
        part.mean(axis=1, keepdims=True) if grey else part.reshape(count, given, height, width)
        for part in (found[:, :channels], found[:, channels:])
    )
    return scales[:, None, None, None] * below, scales[:, None, None, None] * above


def _scale(removed: float, groups: Sequence[Mapping[str, Any]], *, grey: bool) -> float:
    """Return the scale of an image from the root mean square of what was removed from it."""
    own = [group for group in groups if group["grey"] == grey] or groups
    fitting = [group for group in own if removed <= group["up_to"]] or own[-1:]
    return float(fitting[0]["scale"]) if fitting else 1.0
