"""Images of stacks in memory, each with its neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from unnoise.images import Cuts, Neighbours
from unnoise.types import Array, Indices


@dataclass(frozen=True)
class Beside:
    """Which images of some stacks are seen with each image."""

    table: Indices  # (N, depth), counted over all stacks

    @classmethod
    def of(cls, stacks: Sequence[Neighbours], images: Sequence[Array]) -> Self:
        """Find them, and where scenes end.

        Args:
            stacks: Which images are neighbours, of one stack after the other.
            images: The images ``(H, W, C)`` of all stacks.
        """
        rows: list[list[int]] = []
        for stack in stacks:
            first = len(rows)
            cuts = Cuts(images[first : first + stack.count].__getitem__)
            near = (stack.of(index, cuts) for index in range(stack.count))
            rows += [[first + each for each in seen] for seen in near]
        return cls(np.array(rows, np.int64))

    @cached_property
    def depth(self) -> int:
        """Number of images that are seen together."""
        return int(self.table.shape[1])

    def together(self, images: Sequence[Array], index: int) -> Array:
        """Return an image with its neighbours, ``(H, W, depth · C)``."""
        return np.concatenate([images[near] for near in self.table[index]], axis=-1)

    def at_stride(self, stride: int) -> "Beside":
        """Return the same for images that were taken apart into ``stride²`` each."""
        parts = stride**2
        table = self.table[:, None, :] * parts + np.arange(parts)[None, :, None]
        return Beside(table.reshape(-1, self.depth))
