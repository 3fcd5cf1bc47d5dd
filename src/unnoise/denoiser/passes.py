"""Passes of a network over images of any size, tile by tile.

A part of an image becomes its result in steps: hot pixels, scale, network, detail, blend.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from unnoise.denoiser.detail import LOOK, Removed, recover
from unnoise.denoiser.detail import REACH as DETAIL_REACH
from unnoise.denoiser.hot_pixels import REACH as HOT_REACH
from unnoise.denoiser.hot_pixels import describe, find_hot_pixels, replace_pixels
from unnoise.denoiser.networks import Backend, Network, network_at
from unnoise.denoiser.options import DenoiseOptions
from unnoise.denoiser.seen import Seen
from unnoise.denoiser.sight import Sight
from unnoise.denoiser.steady import OverTime
from unnoise.denoiser.tiles import Runner, Tile, plan_tiles, run_bands
from unnoise.denoiser.together import apart
from unnoise.denoiser.view import OneImage, Source, View, filled
from unnoise.images import BAND_ROWS, LUMA, to_float
from unnoise.sizes import Images
from unnoise.types import Array, Floats, Mask

WEIGHTS = LUMA.astype(np.float32)[:, None, None]
GRAIN_LOOK = 1024  # pixels: side of the middle of an image in which its noise correlation is found


@dataclass
class Tally:
    """Counts of pixels: all, those that are done, and hot ones that were replaced."""

    total: int
    progress: Callable[[float], None] = lambda _: None  # called with the share that is done
    done: int = 0
    replaced: int = 0

    def add(self, pixels: int) -> None:
        """Count pixels that are done."""
        self.done += pixels
        self.progress(self.done / self.total)

    def in_words(self) -> str:
        """Report how many hot pixels were replaced."""
        return describe(self.replaced, self.total)


class FloatPass:
    """One pass of a network over float32 images in the model's own scale.

    A source for a network of ``depth`` N gives N images, one after the other in the channels, of
    which the middle one is denoised. ``margin`` pixels around a tile decide on it, beside those
    that the network sees.
    """

    def __init__(
        self, source: Source, network: Network, *, clamp: bool = False, margin: int = 0
    ) -> None:
        self._at_once, self._channels, self._clamp = network.at_once, network.channels, clamp
        self._depth = network.depth
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
        """Turn what a tile reads ``(B, h, w, N · C)`` into what it keeps ``(B, h, w, C)``."""
        noisy = np.moveaxis(apart(stack, self._depth).astype(np.float32, copy=False), -1, 1)
        return np.moveaxis(self.restore(noisy, tile), 1, -1)

    def middle(self, images: Images) -> Images:
        """Return the middle ones of images that were taken apart ``(B · N, ...)``."""
        middle: Images = images[self._depth // 2 :: self._depth]
        return middle

    def restore(self, noisy: Floats, tile: Tile) -> Floats:
        """Apply the network to what a tile reads ``(B · N, C, h, w)``; return what it keeps."""
        depth, (_, channels, *sides) = self._depth, noisy.shape
        seen = noisy.reshape(-1, depth, channels, *sides)
        if channels != self._channels:  # a grey network takes each channel as an image
            seen = np.swapaxes(seen, 1, 2).reshape(-1, depth, 1, *sides)
        restored = self._runner.run(seen.reshape(len(seen), -1, *sides), tile)
        restored = restored.reshape(-1, channels, *restored.shape[2:])
        return restored.clip(0, 1) if self._clamp else restored


class ValuePass(FloatPass):
    """One pass over images of any dtype, as options say; with ``detail``, over one image."""

    def __init__(
        self,
        source: Source,
        network: Network,
        view: View,
        options: DenoiseOptions,
        tally: Tally,
        over_time: OverTime | None = None,
    ) -> None:
        reach = bool(options.detail) * DETAIL_REACH + options.hot_pixels * HOT_REACH
        super().__init__(source, network, clamp=view.values.clamp, margin=reach)
        self._view, self._options, self.tally = view, options, tally
        self._chroma = options.chroma if view.colours else options.strength
        self._unchanged = options.strength == self._chroma == 0
        self._removed: list[Removed] | None = None  # of the image; the same in all tiles
        self._over_time = None if self._unchanged else over_time

    def images(self) -> Iterator[Iterable[Array]]:
        """Yield the result of each image as bands from the top; whole ones if blended over time."""
        if self._over_time is None:
            yield from super().images()
            return
        for index in range(self.source.count):
            image = self.source.image(index)[None]
            parts = [
                [self._see(self._counted(image[:, *tile.read], tile), tile) for tile in row]
                for row in self.grid.tiles()
            ]
            yield self._finish(self._over_time.next(Seen.joined(parts)))

    def work(self, stack: Array, tile: Tile) -> Array:
        """Turn what a tile reads into what it keeps."""
        images = self._counted(stack, tile)
        if self._unchanged:
            made = self.middle(images)[:, *tile.kept]
            self.tally.add(math.prod(made.shape[:3]))
            return made.astype(self._view.dtype, copy=False)  # no way through float32
        return self._finish(self._see(images, tile))

    def _counted(self, stack: Array, tile: Tile) -> Array:
        """Take images apart, and replace and count hot pixels, ``(B · N, h, w, C + alpha)``."""
        images = apart(stack, self._depth)
        if self._options.hot_pixels:
            images, hot = self._without_hot(images)
            if hot is not None:
                self.tally.replaced += int(self.middle(hot)[:, *tile.kept].any(-1).sum())
        return images

    def _see(self, images: Array, tile: Tile) -> Seen:
        """Apply the network to what a tile reads; return what it keeps."""
        noisy, lacks = self._view.scale(images)
        lacks = None if lacks is None else self.middle(lacks)
        return Seen(
            self.middle(images)[:, *tile.kept],
            self.middle(noisy)[(..., *tile.kept)],
            self._restored(noisy, lacks, tile),
            None if lacks is None else lacks[:, *tile.kept],
        )

    def _finish(self, seen: Seen) -> Array:
        """Mix with the input, and return values of the file's own kind."""
        # The results are clamped already; the input's share of a blend may lie outside.
        result = self._blend(seen.noisy, seen.result)
        made = self._view.unscale(result, seen.given, seen.lacks, clamp=False)
        self.tally.add(math.prod(made.shape[:3]))
        return made

    def _without_hot(self, stack: Array) -> tuple[Array, Mask | None]:
        """Replace hot pixels; return which they were, too, ``(B, h, w, C)``."""
        view = self._view
        values, absent = stack[..., : view.channels], view.absent(stack)
        floats = to_float(filled(values, absent), view.values)
        hot = np.moveaxis(find_hot_pixels(floats, colours=view.colours), 1, -1)
        hot = hot if absent is None else hot & ~absent
        if not hot.any():
            return stack, None
        made = replace_pixels(values, hot, absent)
        return np.concatenate([made, stack[..., view.channels :]], axis=-1), hot

    def _restored(self, noisy: Floats, lacks: Mask | None, tile: Tile) -> Floats:
        """Return results ``(B, C, h, w)`` of what a tile keeps, with their detail.

        ``noisy`` are all images ``(B · N, C, h, w)``, ``lacks`` is of the middle ones.
        """
        if self._options.detail == 0:
            return self.restore(noisy, tile)
        wide = tile.widened(DETAIL_REACH)
        before, after = self.middle(noisy)[(..., *wide.kept)], self.restore(noisy, wide)
        if tile.grid.whole:
            middle = tile.grid.middle(LOOK).place
            found = self._measure(before[(..., *middle)], after[(..., *middle)], lacks, middle)
        else:
            self._removed = found = self._removed or self._sample()
        planes = zip(self._planes(before), self._planes(after), found, strict=True)
        texture = np.stack([recover(*each) for each in planes])
        result = after + np.float32(self._options.detail) * texture.reshape(
            len(after), -1, *after.shape[2:]
        )
        result = result[(..., *tile.within(wide))]
        return result.clip(0, 1) if self._view.values.clamp else result

    def _sample(self) -> list[Removed]:
        """Denoise the middle of the image, and measure its noise."""
        tile = self.grid.middle(LOOK)
        images = apart(self.source.window(0, *tile.read)[None], self._depth)
        if self._options.hot_pixels:
            images, _ = self._without_hot(images)
        noisy, lacks = self._view.scale(images)
        lacks = None if lacks is None else self.middle(lacks)
        before = self.middle(noisy)[(..., *tile.kept)]
        return self._measure(before, self.restore(noisy, tile), lacks, tile.kept)

    def _measure(
        self, before: Floats, after: Floats, lacks: Mask | None, place: tuple[slice, slice]
    ) -> list[Removed]:
        """Measure the noise of each plane of each image; ``place`` is where they lie in a mask."""
        pairs = zip(self._planes(before), self._planes(after), strict=True)
        if lacks is None:
            return [Removed.of(*pair) for pair in pairs]
        bad = np.asarray(lacks[:, *place].any(-1))
        each = 1 if self._view.colours else self._view.channels
        return [Removed.of(*pair, bad[number // each]) for number, pair in enumerate(pairs)]

    def _planes(self, images: Floats) -> Floats:
        """Return what has detail, ``(B · planes, h, w)``: the luma of colours, or each channel."""
        seen = (images * WEIGHTS).sum(axis=1) if self._view.colours else images
        return seen.reshape(-1, *images.shape[2:])

    def _blend(self, before: Floats, result: Floats) -> Floats:
        luma, chroma = np.float32(self._options.strength), np.float32(self._chroma)
        if luma == chroma == 1:
            return result
        change = result - before
        if luma == chroma:
            return before + luma * change
        bright = (change * WEIGHTS).sum(axis=1, keepdims=True)
        mixed: Floats = before + luma * bright + chroma * (change - bright)
        return mixed


def images_of(passes: Iterable[FloatPass]) -> Iterator[Iterable[Array]]:
    """Yield the result of each image of several passes as bands from the top."""
    for each in passes:
        yield from each.images()


def at_strides(
    backend: Backend, sight: Sight, source: Source, channels: int, taken: int
) -> Iterator[tuple[Source, Network]]:
    """Yield a source, or each image of it, with the network at the stride that its noise needs.

    Images are seen as in training: at its stride, or, if it had several, at the one that suits the
    middle of the image. They have ``channels`` without transparency; the network takes ``taken``.
    """
    if len(sight.strides) == 1:
        yield source, network_at(backend, taken, sight.strides[0])
        return
    for index in range(source.count):
        image = OneImage(source, index)
        stride = sight.stride(image.middle(GRAIN_LOOK)[..., :channels])
        yield image, network_at(backend, taken, stride)


def passes(
    backend: Backend,
    sight: Sight,
    source: Source,
    view: View,
    options: DenoiseOptions,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[Iterator[ValuePass], Tally]:
    """Return the passes that together denoise a source, in order, and their tally."""
    tally = Tally(source.count * source.height * source.width, progress)
    over_time = OverTime(view.course, view.groups) if view.course else None
    # Detail needs the noise of each image.
    parts: list[Source] = [source]
    if options.detail:
        parts = [OneImage(source, index) for index in range(source.count)]
    made = (
        ValuePass(images, network, view, options, tally, over_time)
        for part in parts
        for images, network in at_strides(backend, sight, part, view.channels, view.taken)
    )
    return made, tally
