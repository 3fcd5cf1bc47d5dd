"""A stack whose images come together with their neighbours, for models that see several."""

from collections.abc import Iterator

import numpy as np

from unnoise.denoiser.view import OneImage, Source
from unnoise.images import Cuts, Neighbours
from unnoise.types import Array

SMALL = 2**24  # pixels of an image up to which whole images are kept
COMPARED = 512  # pixels: side of the middle of two images that are compared


def apart(stack: Array, depth: int) -> Array:
    """Take images with their neighbours ``(B, h, w, N · C)`` apart, ``(B · N, h, w, C)``."""
    if depth == 1:
        return stack
    split = stack.reshape(*stack.shape[:3], depth, -1)
    return np.moveaxis(split, 3, 1).reshape(-1, *stack.shape[1:3], split.shape[-1])


class Together:
    """A source ``(H, W, depth · C)``: each image with its neighbours, one after the other.

    Images are read once where whole ones are kept: as many as are seen together, and the next one.
    """

    def __init__(self, source: Source, around: Neighbours) -> None:
        self.count, self.height, self.width = source.count, source.height, source.width
        self._source, self._around = source, around
        self._kept: dict[int, Array] = {}
        self._cuts = Cuts(self._middle)

    def image(self, index: int) -> Array:
        """Return an image with its neighbours."""
        return np.concatenate(list(map(self._whole, self._near(index))), axis=-1)

    def bands(self, index: int, rows: int) -> Iterator[Array]:
        """Yield an image with its neighbours from the top in bands of ``rows`` rows."""
        if self.height * self.width <= SMALL:
            image = self.image(index)
            yield from (image[top : top + rows] for top in range(0, self.height, rows))
            return
        together = [self._source.bands(near, rows) for near in self._near(index)]
        for parts in zip(*together, strict=True):
            yield np.concatenate(parts, axis=-1)

    def window(self, index: int, rows: slice, columns: slice) -> Array:
        """Return a part of an image with the same part of its neighbours."""
        near = self._near(index)
        parts = {each: self._source.window(each, rows, columns) for each in set(near)}
        return np.concatenate([parts[each] for each in near], axis=-1)

    def _near(self, index: int) -> tuple[int, ...]:
        return self._around.of(index, self._cuts)

    def _middle(self, index: int) -> Array:
        """Return what is compared of an image."""
        if self.height * self.width <= SMALL:
            return self._whole(index)
        return OneImage(self._source, index).middle(COMPARED)

    def _whole(self, index: int) -> Array:
        if index not in self._kept:
            while len(self._kept) > self._around.depth:
                del self._kept[next(iter(self._kept))]  # the oldest
            self._kept[index] = self._source.image(index)
        return self._kept[index]


def beside(source: Source, around: Neighbours | None) -> Source:
    """Return a source as a model sees it: each image alone, or with its neighbours."""
    return source if around is None else Together(source, around)
