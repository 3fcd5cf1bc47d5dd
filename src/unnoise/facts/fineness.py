"""Fineness: whether an image holds structure that half its resolution does not show.

Methods that learn from every second pixel learn at half the resolution, and are applied at full
resolution. This is right if images look alike at both, as most do. It is wrong for lines a few
pixels wide. At half the resolution they are half as wide, so the method blurs or removes them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unnoise.facts.parts import TO_STD, channels_of
from unnoise.types import Doubles

RADIUS = 2  # pixels around a pixel from which it is predicted
REACH = 4 * RADIUS  # largest distance of two of them, in pixels, at half the resolution
SMALLEST = 96  # pixels of a side; in smaller images noise alone can look thin
MAX_SIDE = 512  # pixels; a larger image is measured in its middle
ENDS = (0.001, 0.999)  # quantiles; values beyond them, such as hot pixels, are clipped
RIDGE = 1e-9  # share of the variance that keeps the equations solvable
SECOND = 6.0  # variance of a second difference of three independent values
NARROW = 1.0  # lines up to 4 pixels wide have more; edges have 0.5, photographs 0.7 at the median
LOST = 0.015  # this and the next two were measured (docs/lab-notes.md)
PREDICTED = 0.3
WORTH = 4.0
MOST = 10.0  # largest figure for ``narrow``
LEAST = 1e-6  # share of the variance; a smaller error means that there is no noise to remove

PLACES = np.indices((2 * RADIUS + 1,) * 2).reshape(2, -1).T - RADIUS
AROUND = PLACES[PLACES.any(axis=1)]  # from a pixel to the pixels around it, (24, 2)


@dataclass(frozen=True)
class Fineness:
    """Figures for the finest structure of an image."""

    # Excess error, at full resolution, of a rule learned at half the resolution, as a share of the
    # error of a rule learned at full resolution.
    excess: float
    # Variance that the surrounding pixels do not predict, as a share of the variance of the noise.
    # The lower it is, the less a network loses that learns to predict pixels from others.
    hidden: float
    # Ratio of the falls of the autocovariance from 2 to 4 and from 4 to 8 pixels, at most 10: about
    # 0.5 for edges, which look alike at all scales, above 1 for lines of 3 pixels.
    narrow: float

    @property
    def thin(self) -> bool:
        """Whether it is narrow, lost at half the resolution, and predicted by its surroundings."""
        predicted = self.hidden < min(PREDICTED, WORTH * self.excess)
        return self.narrow > NARROW and self.excess > LOST and predicted


def fineness(image: NDArray[np.generic]) -> Fineness | None:
    """Measure whether structure is so fine that half the resolution does not show it.

    Two linear rules predict a pixel from the 24 pixels around it with the least mean squared error.
    One is learned at full resolution, the other from every second pixel. Both are applied at full
    resolution. Their errors follow from the autocovariance. White noise adds to it only at distance
    0, so it adds equally to both errors.

    Args:
        image: ``(H, W, C)``, any real dtype, any scale; its noise is white.

    Returns:
        The figures of the channel with the largest excess; None if the image is too small or flat.
    """
    if min(image.shape[:2]) < SMALLEST:
        return None
    found = [each for channel in channels_of(image, MAX_SIDE) if (each := _channel(channel))]
    return max(found, key=lambda each: each.excess, default=None)


def _channel(values: Doubles) -> Fineness | None:
    low, high = (float(end) for end in np.quantile(values, ENDS))
    if not high > low:
        return None
    values = (values.clip(low, high) - low) / (high - low)
    covariance, noise = _autocovariance(values), _noise(values)
    full, half = (_error(covariance, _learn(covariance, distance)) for distance in (1, 2))
    if noise == 0 or full < LEAST * covariance[REACH, REACH]:
        return None
    near, between, far = (
        (covariance[REACH, REACH + lag] + covariance[REACH + lag, REACH]) / 2 for lag in (2, 4, 8)
    )
    fall = near - between
    narrow = fall / max(between - far, fall / MOST) if near > between else 0.0
    return Fineness(max(0.0, half / full - 1), max(0.0, full / noise - 1), float(narrow))


def _noise(image: Doubles) -> float:
    """Estimate the variance of the noise by the median of second differences both ways."""
    # Immerkaer, "Fast Noise Variance Estimation", CVIU 1996; the median leaves out edges.
    across = image[:, 2:] - 2 * image[:, 1:-1] + image[:, :-2]
    both = across[2:] - 2 * across[1:-1] + across[:-2]
    return float((TO_STD * np.median(np.abs(both))) ** 2 / SECOND**2)


def _autocovariance(image: Doubles) -> Doubles:
    """Return the autocovariance up to ``REACH`` pixels each way, with distance 0 in the middle."""
    height, width = image.shape
    padded = height + REACH, width + REACH
    power = np.abs(np.fft.rfft2(image - image.mean(), padded)) ** 2
    lags = np.arange(-REACH, REACH + 1)
    products = np.fft.irfft2(power, padded)[np.ix_(lags, lags)]
    one = products / np.outer(height - np.abs(lags), width - np.abs(lags))
    # Training turns and mirrors images.
    turned = [np.rot90(each, turns) for each in (one, one.T) for turns in range(4)]
    return np.asarray(np.mean(turned, axis=0))


def _at(covariance: Doubles, lags: NDArray[np.int64]) -> Doubles:
    return np.asarray(covariance[lags[..., 0] + REACH, lags[..., 1] + REACH])


def _learn(covariance: Doubles, distance: int) -> Doubles:
    """Return the weights ``(24,)`` of the best rule for every ``distance``-th pixel."""
    between = _at(covariance, distance * (AROUND[:, None] - AROUND))
    ridge = RIDGE * covariance[REACH, REACH] * np.eye(len(AROUND))
    return np.asarray(np.linalg.solve(between + ridge, _at(covariance, distance * AROUND)))


def _error(covariance: Doubles, weights: Doubles) -> float:
    """Return the mean squared error of a rule at full resolution."""
    between = _at(covariance, AROUND[:, None] - AROUND)
    explained = 2 * weights @ _at(covariance, AROUND) - weights @ between @ weights
    return float(covariance[REACH, REACH] - explained)
