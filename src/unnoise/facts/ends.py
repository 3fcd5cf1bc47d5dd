"""Ends: noise that was cut off at the lowest or highest value of a file."""

import numpy as np
from numpy.typing import NDArray

from unnoise.facts.parts import middle, neighbours

MAX_SIDE = 256  # pixels; a larger image is measured in its middle
LEVELS = 16  # different values; with fewer, such as counts of photons, each value is frequent
CUT = 0.2  # share from which on cut-off noise matters


def cut_off(image: NDArray[np.generic]) -> float:
    """Return the share of the pixels whose noise was cut off, 0 to 1.

    Such a pixel has the lowest or highest value of the image, and some of its neighbours have
    others. A black margin or a white sky does not count, since all its pixels have the same value.

    Args:
        image: ``(H, W, C)``, any real dtype, any scale; the mean of the channels counts.
    """
    channels = np.moveaxis(middle(image, MAX_SIDE), -1, 0)
    return float(np.mean([_share(channel) for channel in channels]))


def _share(image: NDArray[np.generic]) -> float:
    """Return the share of ``(H, W)`` at an end, beside pixels that are not."""
    if min(image.shape) < 3 or len(np.unique(image)) < LEVELS:
        return 0.0
    found = 0.0
    for end in (image.min(), image.max()):
        at = image == end
        around = neighbours(at).sum(axis=0)
        # Two to six of the eight neighbours at the end: neither a single pixel nor a plain area.
        found += float(np.mean(at[1:-1, 1:-1] & (around >= 2) & (around <= 6)))
    return found
