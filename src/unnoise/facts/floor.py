"""The noise floor: the variation in the flattest blocks of an image, and whether it is noise.

Noise differs from texture: it is equally strong in many blocks, its values have a bell-shaped
distribution, and values a few pixels apart are independent. Variation that each colour has for
itself is noise, too.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from unnoise.facts.parts import blocks_of, correlations, middle, usable_blocks, without_planes
from unnoise.types import RGB, Doubles

LAGS = 5  # pixels
SHARE = 0.1  # of the blocks, those that vary least
FEWEST, FEWEST_BLOCKS = 8, 20  # blocks that are used, and blocks that an image must have
MAX_SIDE = 1024  # pixels; a larger image is measured in its middle
# Within all of these limits are 4 % of photographs in JPEG, and 83 % of the noise of cameras
# (docs/lab-notes.md).
FAR, NEARLY_FAR, ONE_WAY = 0.02, 0.1, 0.1  # correlation at 4 and 5 pixels, on one axis, difference
BELL = 4.3  # fourth moment of normalised values; 3 for a normal distribution
STEADY = 3.5  # ratio of the quantiles 25 % and 3 % of the blocks' standard deviations
LOWEST = 2.5  # ratio of the quantiles 10 % and 1 %
# The colours of a texture vary together. If each varies for itself, it is noise, even if the noise
# is coarse or uneven.
OWN, OWN_FAR, OWN_BELL = 0.8, 0.1, 8.0
GRAIN = 0.25  # correlation at 1 pixel from which on noise has a grain


@dataclass(frozen=True)
class Floor:
    """The variation in the flattest blocks."""

    std: float  # standard deviation, in the unit of the image
    correlation: tuple[float, ...]  # of values 1 to 5 pixels apart, mean of both axes
    noise: bool  # whether it is noise, not texture
    blocks: NDArray[np.int64] = field(repr=False)  # numbers of the flattest, row by row
    colour: float = 0.0  # correlation at 1 pixel of the differences of three channels from the mean

    @property
    def grain(self) -> bool:
        """Whether it is noise whose neighbouring pixels are correlated."""
        return self.noise and self.correlation[0] > GRAIN

    def left(self, noisy: NDArray[np.generic], result: NDArray[np.generic]) -> float:
        """Return the share of its variance that a result ``(H, W, C)`` still has."""
        before, after = (
            blocks_of(_floats(image).mean(axis=2))[self.blocks] for image in (noisy, result)
        )
        shares = without_planes(after).var((1, 2)) / without_planes(before).var((1, 2))
        return float(np.median(shares))


def noise_floor(image: NDArray[np.generic]) -> Floor | None:
    """Measure the blocks of 16 × 16 pixels that vary least.

    Args:
        image: ``(H, W, C)``, any real dtype, any scale; the mean of the channels counts.

    Returns:
        None if the image is too small, flat or clipped.
    """
    seen = _floats(image)
    rest, variance, usable = usable_blocks(seen.mean(axis=2))
    if len(usable) < FEWEST_BLOCKS:
        return None
    order = usable[np.argsort(variance[usable], kind="stable")]
    flattest = order[: max(FEWEST, round(SHARE * len(order)))]
    values = rest[flattest] / np.sqrt(variance[flattest])[:, None, None]
    across, down = correlations(values, LAGS)
    both = (across + down) / 2
    lowest, low, tenth, quarter = np.sqrt(np.quantile(variance[usable], (0.01, 0.03, 0.1, 0.25)))
    fourth = float(np.mean(values**4))
    alike = (
        max(both[3:]) < FAR
        and max(across[3], down[3]) < NEARLY_FAR
        and abs(across[0] - down[0]) < ONE_WAY
        and fourth < BELL
        and quarter < STEADY * low
        and tenth < LOWEST * lowest
    )
    varied, colour = _colours(seen, flattest)
    own = varied > OWN and max(both[3:]) < OWN_FAR and fourth < OWN_BELL
    std = float(np.sqrt(np.median(variance[flattest])))
    return Floor(std, tuple(map(float, both)), bool(alike or own), flattest, colour)


def _floats(image: NDArray[np.generic]) -> Doubles:
    return middle(image, MAX_SIDE).astype(np.float64)


def _colours(image: Doubles, blocks: NDArray[np.int64]) -> tuple[float, float]:
    """Return how much each of three channels varies for itself, and the correlation of that."""
    if image.shape[2] != RGB:
        return 0.0, 0.0
    mean = image.mean(axis=2)
    shared, *each = (
        without_planes(blocks_of(channel)[blocks])
        for channel in (mean, *np.moveaxis(image - mean[..., None], -1, 0))
    )
    own = np.median(np.sum([rest.var((1, 2)) for rest in each], axis=0) / shared.var((1, 2)))
    rest = np.stack(each)
    power = np.mean(rest**2)
    across = np.mean(rest[..., 1:] * rest[..., :-1])
    down = np.mean(rest[..., 1:, :] * rest[..., :-1, :])
    return float(own), float((across + down) / (2 * power)) if power > 0 else 0.0
