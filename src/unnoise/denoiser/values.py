"""What a part of an image goes through: hot pixels, scale, network, detail, blend, and back."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from unnoise.denoiser.detail import LOOK, Removed, recover
from unnoise.denoiser.detail import REACH as DETAIL_REACH
from unnoise.denoiser.hot_pixels import REACH as HOT_REACH
from unnoise.denoiser.hot_pixels import find_hot_pixels, replace_pixels
from unnoise.denoiser.options import DenoiseOptions
from unnoise.denoiser.restoring import OneImage, Restorer, filled
from unnoise.denoiser.tiles import Tile, TileGrid, middle_tile
from unnoise.denoiser.view import Mask, View
from unnoise.images import LUMA, Layout, from_float, to_float
from unnoise.types import Array, Floats

WEIGHTS = LUMA.astype(np.float32)[:, None, None]


def margin_of(options: DenoiseOptions) -> int:
    """Return how many pixels around a tile decide about it, beside those that the network sees."""
    return (DETAIL_REACH if options.detail else 0) + (HOT_REACH if options.hot_pixels else 0)


class Passage:
    """Denoises parts ``(B, h, w, C)`` of images of one dtype, as options say.

    Args:
        restore: Applies the network.
        view: How the images are seen.
        options: How the model is applied.
        page: The image, where ``detail`` is asked for and it may be one of several tiles: the
            middle of it says for all of them how strong the noise is.
        count: Told how many hot and dead pixels were replaced in what is kept.
    """

    def __init__(
        self,
        restore: Restorer,
        view: View,
        options: DenoiseOptions,
        *,
        page: OneImage | None = None,
        count: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._restore, self._view, self._options = restore, view, options
        self._page, self._count = page, count
        self._chroma = options.chroma if view.colours else options.strength
        # The results are clamped already; the input's share of a blend may lie outside.
        self._results = replace(view.results, clamp=False)
        self._removed: list[Removed] | None = None

    def __call__(self, stack: Array, tile: Tile) -> Array:
        """Turn what a tile reads into what it keeps."""
        view, (rows, columns) = self._view, tile.kept
        if self._options.hot_pixels:
            stack = self._without_hot(stack, tile)
        given = stack[:, rows, columns]
        if self._options.strength == self._chroma == 0:
            return given.astype(view.dtype, copy=False)  # exactly, unlike a way through float32
        lacks, noisy = self._scaled(stack)
        result = self._restored(noisy, lacks, tile)
        result = self._blend(noisy[..., rows, columns], result)
        clean = from_float(result, Layout(view.dtype, "NYXC", given.shape), self._results)
        if view.alpha:
            clean = np.concatenate([clean, given[..., -1:].astype(view.dtype)], axis=-1)
        if lacks is not None:
            clean[..., : view.channels] = np.where(
                lacks[:, rows, columns], given[..., : view.channels], clean[..., : view.channels]
            )
        return clean

    def _without_hot(self, stack: Array, tile: Tile) -> Array:
        view = self._view
        values, absent = stack[..., : view.channels], view.absent(stack)
        floats = to_float(filled(values, absent), view.values)
        hot = np.moveaxis(find_hot_pixels(floats, colours=view.colours), 1, -1)
        hot = hot if absent is None else hot & ~absent
        if not hot.any():
            return stack
        rows, columns = tile.kept
        self._count(int(hot[:, rows, columns].any(-1).sum()))
        made = replace_pixels(values, hot, absent)
        return np.concatenate([made, stack[..., view.channels :]], axis=-1)

    def _scaled(self, stack: Array) -> tuple[Mask | None, Floats]:
        lacks = self._view.lacks(stack)
        return lacks, to_float(filled(stack[..., : self._view.channels], lacks), self._view.values)

    def _restored(self, noisy: Floats, lacks: Mask | None, tile: Tile) -> Floats:
        """Return results ``(B, C, h, w)`` of what a tile keeps, with their detail."""
        if self._options.detail == 0:
            return self._restore(noisy, tile)
        wide = tile.widened(DETAIL_REACH)
        rows, columns = wide.kept
        before, after = noisy[..., rows, columns], self._restore(noisy, wide)
        if tile.grid.whole:
            middle = middle_tile(tile.grid, LOOK).place
            found = self._measure(before[(..., *middle)], after[(..., *middle)], lacks, middle)
        else:
            self._removed = found = self._removed or self._sample(tile.grid)
        planes = zip(self._planes(before), self._planes(after), found, strict=True)
        texture = np.stack([recover(*each) for each in planes])
        result = after + np.float32(self._options.detail) * texture.reshape(
            len(after), -1, *after.shape[2:]
        )
        result = result[(..., *tile.within(wide))]
        return result.clip(0, 1) if self._view.values.clamp else result

    def _sample(self, grid: TileGrid) -> list[Removed]:
        """Denoise the middle of the image, and measure what noise is in it."""
        assert self._page is not None
        tile = middle_tile(grid, LOOK)
        read = (slice(span.start, span.stop) for span in (tile.rows, tile.columns))
        stack = self._page.window(0, *read)[None]
        if self._options.hot_pixels:
            quiet = Passage(self._restore, self._view, self._options)
            stack = quiet._without_hot(stack, tile)
        lacks, noisy = self._scaled(stack)
        kept = tile.kept
        return self._measure(noisy[(..., *kept)], self._restore(noisy, tile), lacks, kept)

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
