"""Impulses: pixels that have nothing to do with those around them, such as salt and pepper."""

import numpy as np
from numpy.typing import NDArray

from unnoise.facts.parts import middle, neighbours

MANY = 0.004  # share from which on an image has impulses: photographs, text and noise have 0.002
MAX_SIDE = 256  # pixels of the middle that are looked at
STEP = 2  # rows: every second one is enough for a share
FAR = 8.0  # standard deviations of the noise
SHARE_OF_RANGE = 0.1  # an impulse is off by at least: counts of few photons are no impulses
FLAT = 4.0  # standard deviations of the noise, which eight neighbours in a flat place keep within
LEAST_FLAT = 0.1  # share of the image: of less, nothing is said
TO_STD, MEAN_TO_STD = 1.4826, 1.2533  # from the median and mean of absolute values
KEPT = 0.95  # share of the pixels of which the mean is taken


def impulses(image: NDArray[np.generic]) -> float:
    """Return the share of the pixels that are impulses, 0 to 1.

    One is farther from the median of its eight neighbours than noise is. They are counted in flat
    places, where the neighbours are alike: edges, texture and text have such pixels, too.

    Args:
        image: ``(H, W, C)``, any real dtype, any scale; the channel with the most counts.
    """
    part = middle(image, MAX_SIDE).astype(np.float64)
    return max(_share(channel) for channel in np.moveaxis(part, -1, 0))


def _share(image: NDArray[np.float64]) -> float:
    if min(image.shape) < 3:
        return 0.0
    inside = image[1:-1:STEP, 1:-1]
    ring = np.sort(neighbours(image)[:, ::STEP], axis=0)
    usual = (ring[3] + ring[4]) / 2
    off = np.sort(np.abs(inside - usual), axis=None)
    # The median of counts of few photons is 0; a mean without the largest is not.
    noise = max(TO_STD * off[len(off) // 2], MEAN_TO_STD * off[: round(KEPT * len(off))].mean())
    spread = ring[6] - ring[1]  # without the two at the ends, which may be impulses themselves
    whole = float(np.ptp(image))
    far = np.abs(inside - usual) > FAR * noise + SHARE_OF_RANGE * whole
    flat = spread < FLAT * noise + SHARE_OF_RANGE / 2 * whole
    return float(np.mean(far & flat) / max(flat.mean(), LEAST_FLAT))
