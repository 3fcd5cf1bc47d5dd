"""Phases: whether every second pixel shows another thing, as in the raw mosaic of a camera."""

import numpy as np
from numpy.typing import NDArray

from unnoise.facts.parts import BLOCK, blocks_of, middle
from unnoise.types import Doubles

FEWEST = 8  # blocks
MOSAIC = 8.0  # ratio of a mosaic at least; white noise has 0.9 at most, photographs 3
ROUNDING = 1e-12  # of the power, which is as good as none
MAX_SIDE = 256  # pixels of the middle that are looked at


def phases(image: NDArray[np.generic]) -> float | None:
    """Measure how much the means of the four phases of 2 × 2 pixels differ.

    The highest frequency of blocks of 16 × 16 pixels is compared with those just below. In an image
    and in noise they are alike; a mosaic has more at the highest alone.

    Args:
        image: ``(H, W, C)``, any real dtype, any scale; of several channels the mean is looked at.

    Returns:
        The ratio of the powers, about 1 without a mosaic; None if the image is too small.
    """
    blocks = blocks_of(middle(image, MAX_SIDE).astype(np.float64).mean(axis=2))
    if len(blocks) < FEWEST:
        return None
    window = np.hanning(BLOCK + 1)[:BLOCK]
    blocks = blocks - blocks.mean((1, 2), keepdims=True)
    power = np.abs(np.fft.fft2(blocks * np.outer(window, window))) ** 2
    least = ROUNDING * float(power.mean())
    if least == 0:
        return 0.0
    half, below = BLOCK // 2, BLOCK // 2 - 3
    # The window blurs each frequency into the one beside it.
    near = (below, BLOCK - below)
    found = [
        _ratio(power[:, half, 0], power[:, near, 0], least),
        _ratio(power[:, 0, half], power[:, 0, near], least),
        _ratio(power[:, half, half], power[:, near, :][:, :, near].reshape(len(power), -1), least),
    ]
    return max(found)


def _ratio(highest: Doubles, below: Doubles, least: float) -> float:
    """Return the median over the blocks of a power relative to those beside it."""
    return float(np.median(highest) / (np.median(below) + least))
