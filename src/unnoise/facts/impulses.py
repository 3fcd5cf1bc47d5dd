"""Impulses: pixels that have nothing to do with those around them, such as salt and pepper."""

import numpy as np
from numpy.typing import NDArray

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

    One is far from the median of its eight neighbours and from each of them: further than noise is,
    and further than they are from each other, as they are at edges and in texture.

    Args:
        image: ``(H, W, C)``, any real dtype, any scale; the channel with the most counts.
    """
    top, left = (max(0, (side - MAX_SIDE) // 2) for side in image.shape[:2])
    part = image[top : top + MAX_SIDE, left : left + MAX_SIDE].astype(np.float64)
    return max(_share(channel) for channel in np.moveaxis(part, -1, 0))


def _share(image: NDArray[np.float64]) -> float:
    if min(image.shape) < 3:
        return 0.0
    inside = image[1:-1:STEP, 1:-1]
    ring = np.stack(
        [
            image[1 + y : image.shape[0] - 1 + y : STEP, 1 + x : image.shape[1] - 1 + x]
            for y in (-1, 0, 1)
            for x in (-1, 0, 1)
            if y or x
        ]
    )
    ring.sort(axis=0)
    middle = (ring[3] + ring[4]) / 2
    off = np.sort(np.abs(inside - middle), axis=None)
    # The median of counts of few photons is 0; a mean without the largest is not.
    noise = max(TO_STD * off[len(off) // 2], MEAN_TO_STD * off[: round(KEPT * len(off))].mean())
    spread = ring[6] - ring[1]  # without the two at the ends, which may be impulses themselves
    whole = float(np.ptp(image))
    far = np.abs(inside - middle) > FAR * noise + SHARE_OF_RANGE * whole
    flat = spread < FLAT * noise + SHARE_OF_RANGE / 2 * whole
    return float(np.mean(far & flat) / max(flat.mean(), LEAST_FLAT))
