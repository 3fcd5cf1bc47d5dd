"""Phases: whether every second pixel shows something else, as in the raw mosaic of a camera."""

import numpy as np
from numpy.typing import NDArray

from unnoise.facts.parts import BLOCK, blocks_of, middle
from unnoise.types import Doubles

FEWEST = 8  # blocks
MOSAIC = 8.0  # least ratio of a mosaic; white noise has 0.9 at most, photographs 3
ROUNDING = 1e-12  # share of the power that counts as none
APART = 0.01  # share of the range that the phases of a mosaic differ by; of other images, 0.006
MAX_SIDE = 256  # pixels; a larger image is measured in its middle


def phases(image: NDArray[np.generic]) -> float | None:
    """Measure how much the means of the four phases of 2 × 2 pixels differ.

    The highest frequency of blocks of 16 × 16 pixels is compared with the frequencies just below.
    In an image and in noise their powers are alike; a mosaic has more at the highest alone.

    Args:
        image: ``(H, W, C)``, any real dtype, any scale; the mean of the channels counts.

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
    # The window blurs each frequency into its neighbours.
    near = (below, BLOCK - below)
    found = [
        _ratio(power[:, half, 0], power[:, near, 0], least),
        _ratio(power[:, 0, half], power[:, 0, near], least),
        _ratio(power[:, half, half], power[:, near, :][:, :, near].reshape(len(power), -1), least),
    ]
    return max(found)


def is_mosaic(image: NDArray[np.generic]) -> bool:
    """Whether an image is the raw mosaic of a camera beyond doubt.

    A developed image may keep a trace of its mosaic, far below its noise. So the means of the four
    phases in blocks must differ visibly, too.

    Args:
        image: As of ``phases``.
    """
    found = phases(image)
    if found is None or found <= MOSAIC:
        return False
    part = middle(image, MAX_SIDE).astype(np.float64).mean(axis=2)
    blocks = blocks_of(part)
    means = [blocks[:, row::2, column::2].mean((1, 2)) for row in (0, 1) for column in (0, 1)]
    low, high = np.quantile(part, (0.001, 0.999))
    return bool(np.median(np.std(means, axis=0)) > APART * (high - low))


def _ratio(highest: Doubles, below: Doubles, least: float) -> float:
    """Return the median over the blocks of a power relative to those beside it."""
    return float(np.median(highest) / (np.median(below) + least))
