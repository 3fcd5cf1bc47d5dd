"""Many images of many sizes in memory, and crops of them by one vectorised gather."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from unnoise.types import Array, Indices

TURNS = 8  # four rotations, each mirrored or not


@dataclass(frozen=True)
class PixelStore:
    """Images as they were in their files, one after the other in one buffer."""

    pixels: Array  # all values, of one dtype, (total · channels,)
    heights: Indices  # (N,)
    widths: Indices  # (N,)
    channels: int

    @classmethod
    def of(cls, stacks: Sequence[Array]) -> "PixelStore":
        """Make a store of stacks ``(N, H, W, C)`` of one dtype and number of channels."""
        pixels = (
            np.ascontiguousarray(stacks[0]).reshape(-1)
            if len(stacks) == 1
            else np.concatenate([stack.reshape(-1) for stack in stacks])
        )
        heights = np.concatenate([np.full(len(s), s.shape[1], np.int64) for s in stacks])
        widths = np.concatenate([np.full(len(s), s.shape[2], np.int64) for s in stacks])
        return cls(pixels, heights, widths, stacks[0].shape[3])

    def __len__(self) -> int:
        return len(self.heights)

    @property
    def areas(self) -> Indices:
        """Pixels of each image, ``(N,)``."""
        return self.heights * self.widths

    def crops(
        self, images: Indices, tops: Indices, lefts: Indices, turns: Indices, side: tuple[int, int]
    ) -> Array:
        """Gather one crop from each of some images.

        Args:
            images: Indices of the images, ``(B,)``.
            tops: First rows, ``(B,)``.
            lefts: First columns, ``(B,)``.
            turns: Quarter turns, plus 4 to mirror first, ``(B,)``; 0 or 4 unless crops are square.
            side: Height and width of the crops. A smaller image is mirrored at its edges.

        Returns:
            ``(B, height, width, C)`` of the images' dtype.
        """
        height, width = side
        if (self.heights[images] < height).any() or (self.widths[images] < width).any():
            straight = self._mirrored(images, tops, lefts, side)
        else:
            # Whole rows are copied at once, whatever the widths of their images.
            rows = tops[:, None] + np.arange(height)
            first = self.starts[images][:, None] + rows * self.widths[images][:, None]
            windows = sliding_window_view(self.pixels, width * self.channels)
            straight = windows[(first + lefts[:, None]) * self.channels]
        crops = straight.reshape(len(images), height, width, self.channels)
        if not turns.any():
            return crops
        turned = np.empty_like(crops)
        for turn in np.unique(turns):
            chosen = turns == turn
            mirrored = crops[chosen, :, ::-1] if turn >= TURNS // 2 else crops[chosen]
            turned[chosen] = np.rot90(mirrored, turn % (TURNS // 2), axes=(1, 2))
        return turned

    def _mirrored(
        self, images: Indices, tops: Indices, lefts: Indices, side: tuple[int, int]
    ) -> Array:
        """Gather pixel by pixel; places beyond an image's last row or column are folded back."""
        heights, widths = self.heights[images][:, None], self.widths[images][:, None]
        rows = _fold(tops[:, None] + np.arange(side[0]), heights)
        columns = _fold(lefts[:, None] + np.arange(side[1]), widths)
        first = self.starts[images][:, None] + rows * widths
        return self.pixels.reshape(-1, self.channels)[first[:, :, None] + columns[:, None]]

    @cached_property
    def starts(self) -> Indices:
        """Where each image begins, in pixels."""
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(self.areas)[:-1]])


def _fold(places: Indices, length: Indices) -> Indices:
    """Fold places beyond the last one back inside, without repeating the last."""
    period = np.maximum(2 * (length - 1), 1)
    places = places % period
    return np.minimum(places, period - places)
