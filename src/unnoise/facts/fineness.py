"""Fineness: whether an image holds structure that half its resolution does not show.

Methods that learn from every second pixel apply at full resolution what they learned at half of it.
That is right where images look alike at both, as most do, and wrong for lines a few pixels wide:
at half the resolution these are half as wide, and what was learned there blurs or removes them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unnoise.facts.parts import middle
from unnoise.types import Doubles

RADIUS = 2  # pixels, of the surroundings that a pixel is predicted from
REACH = 4 * RADIUS  # pixels between two of those surroundings at half the resolution
SMALLEST = 96  # pixels of a side; in smaller images noise alone can look thin
MAX_SIDE = 512  # pixels of the middle that are looked at
ENDS = (0.001, 0.999)  # quantiles; values beyond them, such as hot pixels, are clipped
RIDGE = 1e-9  # of the variance: keeps the equations solvable
TO_STD = 1.4826  # from the median of absolute values to a standard deviation
SECOND = 6.0  # variance of a second difference of three independent values
NARROW = 1.0  # of lines up to 4 pixels wide; edges have 0.5, photographs 0.7 at the median
LOST = 0.015  # this and the next two by measurement (docs/lab-notes.md)
PREDICTED = 0.3
WORTH = 4.0
MOST = 10.0  # that is said of how narrow it is
LEAST = 1e-6  # of the variance: what is predicted better than that has no noise to remove

# Places around a pixel, (24, 2).
AROUND = np.array(
    [
        (y, x)
        for y in range(-RADIUS, RADIUS + 1)
        for x in range(-RADIUS, RADIUS + 1)
        if (y, x) != (0, 0)
    ]
)


@dataclass(frozen=True)
class Fineness:
    """What is known of the finest structure of an image.

    Attributes:
        excess: By how much a rule that was learned at half the resolution errs more at full
            resolution than one that was learned there, as a share of the mean squared error.
        hidden: Variance of a pixel that those around it do not predict, beside that of the noise,
            as a share of the variance of the noise. The lower, the less is lost by a network that
            learns to predict pixels from those around them.
        narrow: By how much more the autocovariance falls from 2 to 4 pixels than from 4 to 8: about
            0.5 for edges, which look alike at all scales, above 1 for lines of 3 pixels; 10 at
            most.
    """

    excess: float
    hidden: float
    narrow: float

    @property
    def thin(self) -> bool:
        """Whether it is thin: narrow, lost at half the resolution, predicted by what is near."""
        predicted = self.hidden < min(PREDICTED, WORTH * self.excess)
        return self.narrow > NARROW and self.excess > LOST and predicted


def fineness(image: NDArray[np.generic]) -> Fineness | None:
    """Measure whether structure is so fine that half the resolution does not show it.

    Two linear rules predict a pixel from the 24 around it with the least mean squared error: one
    learned at full resolution, the other from every second pixel. Both are applied at full
    resolution. Their errors follow from the autocovariance. White noise adds to it at distance 0
    only, and so to both errors alike.

    Args:
        image: ``(H, W, C)``, any real dtype, any scale; its noise is white.

    Returns:
        Of several channels that of the largest excess; None if the image is too small or flat.
    """
    if min(image.shape[:2]) < SMALLEST:
        return None
    part = middle(image, MAX_SIDE)
    found = [each for channel in np.moveaxis(part, -1, 0) if (each := _channel(channel))]
    return max(found, key=lambda each: each.excess, default=None)


def _channel(image: NDArray[np.generic]) -> Fineness | None:
    values = image.astype(np.float64)
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
    narrow = (
        (near - between) / max(between - far, (near - between) / MOST) if near > between else 0.0
    )
    return Fineness(max(0.0, half / full - 1), max(0.0, full / noise - 1), float(narrow))


def _noise(image: Doubles) -> float:
    """Estimate the variance of the noise by the median of second differences both ways.

    The differences are those of Immerkaer, "Fast Noise Variance Estimation", CVIU 1996. The median
    leaves out edges.
    """
    across = image[:, 2:] - 2 * image[:, 1:-1] + image[:, :-2]
    both = across[2:] - 2 * across[1:-1] + across[:-2]
    return float((TO_STD * np.median(np.abs(both))) ** 2 / SECOND**2)


def _autocovariance(image: Doubles) -> Doubles:
    """Return the autocovariance up to ``REACH`` pixels each way, distance 0 in the middle.

    It is the mean over turns and mirrors, as training shows images turned and mirrored.
    """
    height, width = image.shape
    padded = height + REACH, width + REACH
    power = np.abs(np.fft.rfft2(image - image.mean(), padded)) ** 2
    lags = np.arange(-REACH, REACH + 1)
    products = np.fft.irfft2(power, padded)[np.ix_(lags, lags)]
    one = products / np.outer(height - np.abs(lags), width - np.abs(lags))
    turned = [np.rot90(each, turns) for each in (one, one.T) for turns in range(4)]
    mean: Doubles = np.mean(turned, axis=0)
    return mean


def _at(covariance: Doubles, lags: NDArray[np.int64]) -> Doubles:
    found: Doubles = covariance[lags[..., 0] + REACH, lags[..., 1] + REACH]
    return found


def _learn(covariance: Doubles, distance: int) -> Doubles:
    """Return the weights ``(24,)`` of the best rule for every ``distance``-th pixel."""
    between = _at(covariance, distance * (AROUND[:, None] - AROUND))
    ridge = RIDGE * covariance[REACH, REACH] * np.eye(len(AROUND))
    weights: Doubles = np.linalg.solve(between + ridge, _at(covariance, distance * AROUND))
    return weights


def _error(covariance: Doubles, weights: Doubles) -> float:
    """Return the mean squared error of a rule at full resolution."""
    between = _at(covariance, AROUND[:, None] - AROUND)
    explained = 2 * weights @ _at(covariance, AROUND) - weights @ between @ weights
    return float(covariance[REACH, REACH] - explained)
