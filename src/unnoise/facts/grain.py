"""Estimate how much the noise of neighbouring pixels is correlated, from the noisy image alone.

Methods that learn from one noisy image assume that it is not. Cameras that blur, interpolate or
compress break this assumption: their noise has a grain of several pixels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unnoise.facts.parts import BLOCK, channels_of, correlations, usable_blocks
from unnoise.types import Doubles

COARSE = 2  # pixels; over them noise averages out, and structure does not
SHARE = 0.03  # of the blocks, those with the least structure (docs/lab-notes.md)
FEWEST = 8  # blocks
MAX_SIDE = 1024  # pixels; a larger image is measured in its middle
LAGS = 4
CORRELATED = 0.25


@dataclass(frozen=True)
class Correlation:
    """Correlation of the noise of pixels that are 1, 2, 3 and 4 pixels apart, in [-1, 1]."""

    horizontal: tuple[float, ...]
    vertical: tuple[float, ...]

    @property
    def stride(self) -> int:
        """The smallest distance, 1 to 4, at which the noise counts as independent."""
        strongest = np.maximum(np.abs(self.horizontal), np.abs(self.vertical))
        over = np.flatnonzero(strongest > CORRELATED)
        # A correlation at all distances is structure that remains in the blocks, not grain.
        if len(over) == 0 or len(over) == LAGS:
            return 1
        return int(np.flatnonzero(strongest <= CORRELATED)[0]) + 1


def noise_correlation(image: NDArray[np.generic]) -> Correlation | None:
    """Estimate the correlation of an image's noise, as the mean over the channels.

    A plane is subtracted from the blocks of 16 × 16 pixels with the least structure, and each block
    is compared with shifted copies of itself.

    Args:
        image: ``(H, W, C)``, any real dtype, any scale.

    Returns:
        None if the image is too small, flat or clipped.
    """
    tables = [_channel(channel) for channel in channels_of(image, MAX_SIDE)]
    found = [table for table in tables if table is not None]
    if not found:
        return None
    horizontal, vertical = np.mean(found, axis=0)
    return Correlation(tuple(map(float, horizontal)), tuple(map(float, vertical)))


def _channel(image: Doubles) -> Doubles | None:
    """Return the correlations of one channel ``(H, W)``, ``(2, LAGS)``."""
    rest, variance, usable = usable_blocks(image)
    if len(usable) < FEWEST:
        return None
    coarse = rest.reshape(-1, BLOCK // COARSE, COARSE, BLOCK // COARSE, COARSE).mean((2, 4))
    structure = coarse.var((1, 2))[usable] / variance[usable]
    count = max(FEWEST, round(SHARE * len(usable)))
    flattest = usable[np.argsort(structure, kind="stable")[:count]]
    return correlations(rest[flattest] / np.sqrt(variance[flattest])[:, None, None], LAGS)
