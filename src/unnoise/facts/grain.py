"""How much the noise of neighbouring pixels is correlated, from the noisy image alone.

Methods that learn from one noisy image take it that it is not. Cameras that blur, interpolate or
compress break that: the noise has a grain of several pixels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unnoise.facts.parts import BLOCK, blocks_of, middle, without_planes

COARSE = 2  # pixels over which structure does not average out, and noise does
SHARE = 0.03  # of the blocks, those with the least structure (docs/lab-notes.md)
FEWEST = 8  # blocks
MAX_SIDE = 1024  # pixels of the image that are looked at
CLIPPED = 0.05  # share of pixels at the ends of the range, above which a block says nothing
LAGS = 4
CORRELATED = 0.25


@dataclass(frozen=True)
class Correlation:
    """Correlation of the noise of two pixels 1, 2, 3 and 4 pixels apart, in [-1, 1]."""

    horizontal: tuple[float, ...]
    vertical: tuple[float, ...]

    @property
    def stride(self) -> int:
        """The smallest distance, 1 to 4, from which on the noise counts as independent."""
        strongest = np.maximum(np.abs(self.horizontal), np.abs(self.vertical))
        over = np.flatnonzero(strongest > CORRELATED)
        # Structure that was left in the blocks correlates at all distances, and is no reason.
        if len(over) == 0 or len(over) == LAGS:
            return 1
        return int(np.flatnonzero(strongest <= CORRELATED)[0]) + 1


def noise_correlation(image: NDArray[np.generic]) -> Correlation | None:
    """Estimate the correlation of an image's noise.

    The blocks of 16 × 16 pixels with the least structure are freed from a plane and compared with
    themselves, shifted.

    Args:
        image: ``(H, W, C)``, any real dtype, any scale.

    Returns:
        The means over the channels; None if the image is too small, flat or clipped to tell.
    """
    part = middle(image, MAX_SIDE).astype(np.float64)
    found = [
        table for channel in np.moveaxis(part, -1, 0) if (table := _channel(channel)) is not None
    ]
    if not found:
        return None
    horizontal, vertical = np.mean(found, axis=0)
    return Correlation(tuple(map(float, horizontal)), tuple(map(float, vertical)))


def _channel(image: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the correlations of one channel ``(H, W)``, ``(2, LAGS)``."""
    blocks = blocks_of(image)
    if len(blocks) == 0:
        return None
    rest = without_planes(blocks)
    variance = rest.var((1, 2))
    ends = (blocks == image.min()) | (blocks == image.max())
    usable = np.flatnonzero((variance > 1e-9 * image.var()) & (ends.mean((1, 2)) < CLIPPED))
    if len(usable) < FEWEST:
        return None
    coarse = rest.reshape(-1, BLOCK // COARSE, COARSE, BLOCK // COARSE, COARSE).mean((2, 4))
    structure = coarse.var((1, 2))[usable] / variance[usable]
    flattest = usable[
        np.argsort(structure, kind="stable")[: max(FEWEST, round(SHARE * len(usable)))]
    ]
    noise = rest[flattest] / np.sqrt(variance[flattest])[:, None, None]
    return np.array(
        [
            [np.mean(noise[..., :-lag] * noise[..., lag:]) for lag in range(1, LAGS + 1)],
            [np.mean(noise[:, :-lag] * noise[:, lag:]) for lag in range(1, LAGS + 1)],
        ]
    )
