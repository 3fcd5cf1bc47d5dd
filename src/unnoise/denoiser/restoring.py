"""One pass of a model over a stack or an open file, part by part.

This file knows where images come from; ``values`` knows what becomes of a part, ``tiles`` where a
model is applied.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from unnoise.denoiser.hot_pixels import Tally
from unnoise.denoiser.networks import Network
from unnoise.denoiser.tiles import Runner, Tile, Work, plan_tiles, run_bands
from unnoise.denoiser.view import from_model, makes_grey, to_model
from unnoise.images import BAND_ROWS, Reader, fill_holes
from unnoise.types import Array, Floats


class Restorer:
    """Applies a network to parts of float images.

    Args:
        network: What is applied.
        clamp: Whether results are limited to [0, 1].
    """

    def __init__(self, network: Network, *, clamp: bool) -> None:
        self._runner = Runner(network)
        self._channels = network.channels
        self._clamp = clamp

    def __call__(self, noisy: Floats, tile: Tile) -> Floats:
        """Turn what a tile reads ``(B, C, h, w)`` into what it keeps, of the same channels."""
        images = to_model(noisy, self._channels)
        restored = from_model(self._runner.run(images, tile), len(noisy))
        return restored.clip(0, 1) if self._clamp else restored


def filled(stack: Array, lacks: Array | None) -> Array:
    """Fill what lacks data in images ``(B, h, w, C)``."""
    if lacks is None:
        return stack
    return np.stack([fill_holes(image, bad) for image, bad in zip(stack, lacks, strict=True)])


def on_floats(restore: Restorer) -> Work:
    """Return what denoises parts ``(B, h, w, C)`` of float32 images in the model's own scale."""

    def work(stack: Array, tile: Tile) -> Array:
        noisy = np.moveaxis(stack.astype(np.float32, copy=False), -1, 1)
        return np.moveaxis(restore(noisy, tile), 1, -1)

    return work


class ArraySource:
    """A stack ``(N, H, W, C)`` that is read as an open file is."""

    def __init__(self, stack: Array) -> None:
        self.count, self.height, self.width = stack.shape[:3]
        self._stack = stack

    def image(self, index: int) -> Array:
        """Return one image ``(H, W, C)``."""
        image: Array = self._stack[index]
        return image

    def bands(self, index: int, rows: int) -> Generator[Array, None, None]:
        """Yield one image in bands of rows."""
        return (self._stack[index, top : top + rows] for top in range(0, self.height, rows))

    def window(self, index: int, rows: slice, columns: slice) -> Array:
        """Return a part of one image."""
        part: Array = self._stack[index, rows, columns]
        return part


class OneImage:
    """One image of a source, read as a source of one."""

    def __init__(self, source: "Reader | ArraySource | OneImage", index: int) -> None:
        self.count = 1
        self.height: int = source.height
        self.width: int = source.width
        self._source, self._index = source, index

    def image(self, index: int) -> Array:
        """Return the image."""
        assert index == 0
        return self._source.image(self._index)

    def bands(self, index: int, rows: int) -> Generator[Array, None, None]:
        """Yield it in bands of rows."""
        assert index == 0
        return self._source.bands(self._index, rows)

    def window(self, index: int, rows: slice, columns: slice) -> Array:
        """Return a part of it."""
        assert index == 0
        return self._source.window(self._index, rows, columns)

    def middle(self, side: int) -> Array:
        """Return the middle of it, at most ``side`` pixels high and wide."""
        rows, columns = (_middle(length, side) for length in (self.height, self.width))
        return self.window(0, rows, columns)


class TiledImage:
    """One image whose tiles are denoised in any order.

    Args:
        page: The image.
        network: What is applied.
        work: Applies it to what a tile reads.
        margin: See ``plan_tiles``.
        tally: Counts the hot pixels that ``work`` replaces.

    Attributes:
        plan: Its tiles: those of ``run_images``, so that results are the same.
    """

    def __init__(
        self, page: OneImage, network: Network, work: Work, *, margin: int, tally: Tally
    ) -> None:
        self.plan = plan_tiles(
            network, page.height, page.width, side=network.at_once.side, margin=margin
        )
        self._page, self._work, self._tally = page, work, tally

    @property
    def replaced(self) -> int:
        """Hot pixels that were replaced in the tiles that were done."""
        return self._tally.replaced

    def tile(self, row: int, column: int) -> Array:
        """Return what tile ``(row, column)`` of the grid keeps ``(rows, columns, C)``."""
        tile = Tile(self.plan, self.plan.rows[row], self.plan.columns[column])
        read = (slice(span.start, span.stop) for span in (tile.rows, tile.columns))
        kept: Array = self._work(self._page.window(0, *read)[None], tile)[0]
        return kept


def _middle(length: int, side: int) -> slice:
    start = max(0, (length - side) // 2)
    return slice(start, min(start + side, length))


def run_images(
    network: Network, source: Reader | ArraySource | OneImage, work: Work, *, margin: int = 0
) -> Iterator[Iterable[Array]]:
    """Yield what ``work`` makes of each image of a source, as bands from the top.

    Small images are taken several at once, large ones in tiles.
    """
    size = network.at_once
    grid = plan_tiles(network, source.height, source.width, side=size.side, margin=margin)
    if not grid.whole:
        for index in range(source.count):
            yield run_bands(source.bands(index, BAND_ROWS), grid, work)
        return
    tile = Tile(grid, grid.rows[0], grid.columns[0])
    count = max(1, size.pixels // (source.height * source.width))
    for start in range(0, source.count, count):
        group = range(start, min(start + count, source.count))
        for image in work(np.stack([source.image(index) for index in group]), tile):
            yield [image]


def fill(results: Array, images: Iterable[Iterable[Array]]) -> None:
    """Write images that come in bands into a stack ``(N, H, W, C)``."""
    for result, bands in zip(results, images, strict=True):
        top = 0
        for band in bands:
            result[top : top + len(band)] = band
            top += len(band)


class DistanceFinder:
    """Finds the distances to the bounds of images of any size.

    Args:
        network: What finds them.
        channels: Of the images of the model that it was trained beside.
    """

    def __init__(self, network: Network, channels: int) -> None:
        self._network, self._channels = network, channels

    def __call__(
        self, noisy: Floats, restored: Floats, groups: Sequence[Mapping[str, Any]]
    ) -> tuple[Floats, Floats]:
        """Return the distances below and above denoised images ``(N, C, H, W)``.

        Args:
            noisy: float32, in the model's own scale.
            restored: What the model made of them.
            groups: The scale of each group of images, as in the header of a model file; without
                any, distances are as the network gives them.
        """
        count, given, height, width = noisy.shape
        grey = makes_grey(given, self._channels)
        taken = np.sqrt(np.mean((noisy - restored) ** 2, axis=(1, 2, 3)))
        if grey:
            noisy, restored = (
                np.repeat(each, self._channels, axis=1) for each in (noisy, restored)
            )
        shape = (-1, self._channels, height, width)  # a grey model takes each channel by itself
        seen = np.concatenate([noisy.reshape(shape), restored.reshape(shape)], axis=1)
        found = self._run(seen)
        scales = np.array([_scale(float(each), groups, grey=grey) for each in taken], np.float32)
        below, above = (
            part.mean(axis=1, keepdims=True) if grey else part.reshape(count, given, height, width)
            for part in (found[:, : self._channels], found[:, self._channels :])
        )
        return scales[:, None, None, None] * below, scales[:, None, None, None] * above

    def _run(self, seen: Floats) -> Floats:
        found = np.empty_like(seen)
        work = on_floats(Restorer(self._network, clamp=False))
        stack = ArraySource(np.moveaxis(seen, 1, -1))
        made = run_images(self._network, stack, work)
        fill(np.moveaxis(found, 1, -1), made)
        return found


def _scale(taken: float, groups: Sequence[Mapping[str, Any]], *, grey: bool) -> float:
    """Return the scale for an image from which so much was taken, as a root mean square."""
    own = [group for group in groups if group["grey"] == grey] or groups
    fitting = [group for group in own if taken <= group["up_to"]] or own[-1:]
    return float(fitting[0]["scale"]) if fitting else 1.0
