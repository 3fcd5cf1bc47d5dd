"""Batches as a function of (seed, step), from images kept in memory as they are.

A process that computes a part of each batch asks for those samples only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from unnoise.data.pixel_store import TURNS, PixelStore
from unnoise.images import ValueRange, to_float
from unnoise.seeding import generator
from unnoise.types import Array, Doubles, Indices

Groups = tuple[tuple[int, ...], ...]  # the indices of the images of each scene
Crops = tuple[Indices, Indices, Indices, Indices]  # images, first rows, first columns, turns
ALL = slice(None)


def split_indices(count: int, share: float, seed: int) -> tuple[Indices, Indices]:
    """Split ``range(count)`` at random into training and validation indices.

    Both parts have at least one index (one image serves as both); each is sorted.
    """
    if count == 1:
        both = np.zeros(1, np.int64)
        return both, both
    held = min(max(round(count * share), 1), count - 1)
    order = torch.randperm(count, generator=generator(seed, "split")).numpy()
    return np.sort(order[held:]), np.sort(order[:held])


@dataclass(frozen=True)
class Batches:
    """Endless shuffled batches of whole images of one size.

    An epoch visits every image once; a batch that reaches the end of an epoch goes on into the
    next, so all batches have the same size. Integers stay integers in memory until they are drawn.
    """

    views: tuple[Array, ...]  # each (N, H, W, C); see Plan
    ranges: tuple[ValueRange, ...]  # of the views
    size: int  # images a batch
    seed: int

    unit: ClassVar[str] = "images"

    @property
    def pixels(self) -> int:
        """Pixels of an image."""
        height, width = self.views[0].shape[1:3]
        return int(height * width)

    @property
    def steps_per_epoch(self) -> int:
        """Batches that visit each image once, rounded up."""
        return -(-len(self.views[0]) // self.size)

    def at(self, step: int, samples: slice = ALL) -> tuple[Tensor, ...]:
        """Return samples of batch number ``step``: each view, float32 ``(B, C, H, W)``."""
        first = step * self.size
        places = np.arange(first, first + self.size)[samples]
        epochs, offsets = np.divmod(places, len(self.views[0]))
        indices = np.empty(len(places), np.int64)
        for epoch in np.unique(epochs):
            here = epochs == epoch
            indices[here] = _order(self.seed, int(epoch), len(self.views[0]))[offsets[here]]
        return to_tensors([view[indices] for view in self.views], self.ranges)

    def close(self) -> None:
        """Do nothing: the images lie in memory."""


@lru_cache(maxsize=2)
def _order(seed: int, epoch: int, count: int) -> Indices:
    order: Indices = torch.randperm(count, generator=generator(seed, "order", epoch)).numpy()
    return order


@dataclass(frozen=True)
class Patches:
    """Endless batches of random crops, turned and mirrored, of images of any sizes.

    An image is chosen by the square root of its area: a large one shows more, but one that is ten
    times larger than all others should not be all that is learned from.
    """

    stores: tuple[PixelStore, ...]  # of the views, sizes in the same order; or one of all captures
    ranges: tuple[ValueRange, ...]  # of the views
    size: int  # crops a batch
    side: int  # of a crop, in pixels
    seed: int
    turns: tuple[int, ...] = tuple(range(TURNS))  # fewer where a direction means something
    scenes: Groups | None = None  # captures: two different ones of a scene are the views of a crop
    around: Indices | None = None  # (N, depth): the images that the first view shows for each image

    unit: ClassVar[str] = "patches"

    @property
    def pixels(self) -> int:
        """Pixels of a crop."""
        return self.side**2

    @property
    def steps_per_epoch(self) -> int:
        """Batches that hold as many pixels as the images, rounded up."""
        return max(1, -(-int(self.stores[0].areas.sum()) // (self.size * self.side**2)))

    def at(self, step: int, samples: slice = ALL) -> tuple[Tensor, ...]:
        """Return samples of batch number ``step``: each view, float32 ``(B, C, side, side)``."""
        side = (self.side, self.side)
        crops = [
            np.concatenate([store.crops(*where, side) for where in seen], axis=-1)
            for store, seen in self.drawn(step, samples)
        ]
        return to_tensors(crops, self.ranges)

    def close(self) -> None:
        """Do nothing: the images lie in memory."""

    def drawn(self, step: int, samples: slice = ALL) -> list[tuple[PixelStore, list[Crops]]]:
        """Return the store of each view of batch number ``step``, and the crops of its images."""
        draw = torch.rand(6, self.size, generator=generator(self.seed, "crops", step)).double()
        choice, down, right, turn, first, second = draw[:, samples].numpy()
        store = self.stores[0]
        images = self._choose(choice)
        tops, lefts = places(store, images, self.side, down, right)
        turns = np.array(self.turns)[(turn * len(self.turns)).astype(np.int64)]
        views = [(store, images) for store in self.stores]
        if self.scenes is not None:
            views = [(store, chosen) for chosen in self._captures(images, first, second)]
        found = [(each, [(chosen, tops, lefts, turns)]) for each, chosen in views]
        if self.around is not None:
            (each, chosen), *_ = views
            near = self.around[chosen].T
            found[0] = each, [(one, tops, lefts, turns) for one in near]
        return found

    def _choose(self, draw: Doubles) -> Indices:
        """Choose images (or the first captures of scenes) by the root of their area."""
        areas = self.stores[0].areas
        ones = np.arange(len(areas))
        if self.scenes is not None:
            ones = np.array([scene[0] for scene in self.scenes])
        bounds = np.cumsum(np.sqrt(areas[ones]))
        chosen: Indices = ones[np.searchsorted(bounds, draw * bounds[-1], side="right")]
        return chosen

    def _captures(self, firsts: Indices, one: Doubles, other: Doubles) -> tuple[Indices, Indices]:
        """Choose two different captures of each scene."""
        assert self.scenes is not None
        scenes = {scene[0]: scene for scene in self.scenes}
        pairs = []
        for first, a, b in zip(firsts, one, other, strict=True):
            scene = scenes[int(first)]
            i = int(a * len(scene))
            j = (i + 1 + int(b * (len(scene) - 1))) % len(scene)  # another one
            pairs.append((scene[i], scene[j]))
        chosen = np.array(pairs, np.int64)
        return chosen[:, 0], chosen[:, 1]


def places(
    store: PixelStore, images: Indices, side: int, down: Doubles, right: Doubles
) -> tuple[Indices, Indices]:
    """Return the first rows and columns of crops, from two draws in [0, 1) for each."""
    rows = np.maximum(store.heights[images] - side, 0) + 1
    columns = np.maximum(store.widths[images] - side, 0) + 1
    return (down * rows).astype(np.int64), (right * columns).astype(np.int64)


def to_tensors(crops: Sequence[Array], ranges: Sequence[ValueRange]) -> tuple[Tensor, ...]:
    """Scale ``(B, H, W, C)`` of each view to float32 ``(B, C, H, W)``."""
    return tuple(
        torch.from_numpy(to_float(crop, value_range.of_channels(crop.shape[-1])))
        for crop, value_range in zip(crops, ranges, strict=True)
    )
