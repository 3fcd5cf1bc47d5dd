"""One image, its result, and how the result changes with small changes of the image.

All estimates without a clean reference are computed from these.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from unnoise.types import Denoise, Doubles, Floats

Number = TypeVar("Number", np.float32, np.float64)

STEP = np.float32(0.01)  # of the changes, in the model's scale: small for it, large for float32
VALUES = 300_000  # in all runs of an image together: from there on, their means are steady
MOST = 16  # changes of a small image
SIDE = 128  # pixels, side of the parts into which held-out images are cut
WIDE = 2 * SIDE  # pixels, side of the middle in which facts that need no model are measured


@dataclass(frozen=True)
class ProbedImage:
    """An image ``(C, H, W)`` in the model's scale, its result, and K changes ``(K, C, H, W)``."""

    noisy: Floats
    restored: Floats
    changes: Floats  # 1 or -1, in units of STEP
    answers: Floats  # changes of the result, in units of STEP

    @property
    def residual(self) -> Floats:
        """What the model removed, ``(C, H, W)``."""
        return self.noisy - self.restored

    @property
    def sensitivity(self) -> Doubles:
        """How pixels of the result follow the same pixels of the image, ``(C, H, W)``."""
        # The diagonal of the Jacobian, from random changes: use means over many pixels.
        found: Doubles = np.mean(self.changes * self.answers, axis=0, dtype=np.float64)
        return found


def probe(denoise: Denoise, noisy: Floats, *, seed: int = 0, most: int = MOST) -> ProbedImage:
    """Denoise an image ``(C, H, W)``, and again with up to ``most`` small random changes."""
    # As in Ramani et al., "Monte-Carlo SURE" (2008): sums over the Jacobian follow from them.
    shape = run_count(noisy, most), *noisy.shape
    signs = np.random.default_rng(seed).integers(0, 2, shape, dtype=np.int8)
    changes = signs.astype(np.float32) * 2 - 1
    made = denoise(np.concatenate([noisy[None], noisy + STEP * changes]))
    return ProbedImage(noisy, made[0], changes, (made[1:] - made[0]) / STEP)


def run_count(noisy: Floats, most: int) -> int:
    """Return how many runs with changes an image needs for steady means, from 1 to ``most``."""
    return min(most, max(1, -(-VALUES // noisy.size)))


def parts_of(images: Floats) -> list[Floats]:
    """Cut images ``(..., H, W)`` into parts of up to ``SIDE``; small ones stay whole."""
    height, width = images.shape[-2:]
    return [
        images[..., y : y + SIDE, x : x + SIDE]
        for y in range(0, max(1, height - SIDE // 2), SIDE)
        for x in range(0, max(1, width - SIDE // 2), SIDE)
    ]


def cells_of(values: NDArray[Number], side: int) -> NDArray[Number]:
    """Cut ``(..., H, W)`` into whole cells, ``(..., rows, side, columns, side)``."""
    down, right = (length // side for length in values.shape[-2:])
    whole = values[..., : down * side, : right * side]
    return whole.reshape(*values.shape[:-2], down, side, right, side)
