"""Batches as a function of (seed, step), by vectorised gathers from images kept as they are."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unnoise.images import to_float
from unnoise.seeding import generator


def split_indices(
    count: int, share: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
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
    """Endless shuffled batches of a stack of images.

    An epoch visits every image once; a batch that reaches the end of an epoch goes on into the
    next, so all batches have the same size. Integers stay integers in memory until they are drawn.

    Attributes:
        images: ``(N, H, W, C)``, any real dtype.
        size: Images a batch.
        seed: Decides the order.
    """

    images: NDArray[np.generic]
    size: int
    seed: int

    @property
    def steps_per_epoch(self) -> int:
        """Batches that visit each image once, rounded up."""
        return -(-len(self.images) // self.size)

    def at(self, step: int) -> Tensor:
        """Return batch number ``step``, float32 ``(B, C, H, W)``."""
        first = step * self.size
        places = np.arange(first, first + self.size)
        epochs, offsets = np.divmod(places, len(self.images))
        indices = np.empty(self.size, np.int64)
        for epoch in np.unique(epochs):
            here = epochs == epoch
            indices[here] = self._order(int(epoch))[offsets[here]]
        return torch.from_numpy(to_float(self.images[indices]))

    def _order(self, epoch: int) -> NDArray[np.int64]:
        cached: dict[int, NDArray[np.int64]] = self.__dict__.setdefault("_orders", {})
        if epoch not in cached:
            cached.clear()
            order = torch.randperm(len(self.images), generator=generator(self.seed, "order", epoch))
            cached[epoch] = order.numpy()
        return cached[epoch]
