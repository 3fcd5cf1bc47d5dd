"""The noise floor: what varies in the flattest blocks of an image, and whether that is noise.

Noise is told from texture by what is true of noise alone: it is as strong in many blocks, its
values are distributed like a bell, and beyond a few pixels they have nothing in common. Or each
colour varies by itself.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from unnoise.facts.parts import blocks_of, middle, without_planes
from unnoise.types import Doubles

LAGS = 5  # pixels
SHARE = 0.1  # of the blocks, those that vary least
FEWEST, FEWEST_BLOCKS = 8, 20  # that are used, and that there are
MAX_SIDE = 1024  # pixels of the middle that are looked at
CLIPPED = 0.05  # share of pixels at the ends of the range, above which a block says nothing
# By photographs in JPEG and noise of cameras (docs/lab-notes.md): of the former 4 % keep within
# all of these limits, of the latter 83 %.
FAR, NEARLY_FAR, ONE_WAY = 0.02, 0.1, 0.1  # correlation at 4 and 5 pixels, of one axis, difference
BELL = 4.3  # fourth moment of normalised values, 3 for a bell
STEADY = 3.5  # ratio of the standard deviations of a quarter and of 3 % of the blocks
LOWEST = 2.5  # the same of 10 and of 1 %
# Colours of a texture vary together. Where each varies by itself, there is noise, though it may be
# coarse or uneven.
RGB, OWN, OWN_FAR, OWN_BELL = 3, 0.8, 0.1, 8.0
GRAIN = 0.25  # correlation at 1 pixel, from which on noise has a grain


@dataclass(frozen=True)
class Floor:
    """What varies in the flattest blocks.

    Attributes:
        std: Its standard deviation, in the unit of the image.
        correlation: Of values 1 to 5 pixels apart, mean of both axes.
        noise: Whether it is noise, and no texture.
        blocks: Their numbers, row by row.
        colour: Correlation of what three channels have beside their mean, 1 pixel apart; 0 for
            other numbers of channels.
    """

    std: float
    correlation: tuple[float, ...]
    noise: bool
    blocks: NDArray[np.int64] = field(repr=False)
    colour: float = 0.0

    @property
    def grain(self) -> bool:
        """Whether it is noise whose neighbouring pixels are alike."""
        return self.noise and self.correlation[0] > GRAIN

    def left(self, noisy: NDArray[np.generic], result: NDArray[np.generic]) -> float:
        """Return the share of its variance that a result ``(H, W, C)`` still has."""
        before, after = (
            blocks_of(_floats(image).mean(axis=2))[self.blocks] for image in (noisy, result)
        )
        shares = without_planes(after).var((1, 2)) / without_planes(before).var((1, 2))
        return float(np.median(shares))


def noise_floor(image: NDArray[np.generic]) -> Floor | None:
    """Look at the blocks of 16 × 16 pixels that vary least.

    Args:
        image: ``(H, W, C)``, any real dtype, any scale; the mean of the channels is looked at.

    Returns:
        None if the image is too small, flat or clipped to tell.
    """
    seen = _floats(image)
    part = seen.mean(axis=2)
    blocks = blocks_of(part)
    if len(blocks) < FEWEST_BLOCKS:
        return None
    rest = without_planes(blocks)
    variance = rest.var((1, 2))
    ends = (blocks <= part.min()) | (blocks >= part.max())
    usable = np.flatnonzero((variance > 1e-9 * part.var()) & (ends.mean((1, 2)) < CLIPPED))
    if len(usable) < FEWEST_BLOCKS:
        return None
    order = usable[np.argsort(variance[usable], kind="stable")]
    flattest = order[: max(FEWEST, round(SHARE * len(order)))]
    values = rest[flattest] / np.sqrt(variance[flattest])[:, None, None]
    across = np.array([np.mean(values[..., :-k] * values[..., k:]) for k in range(1, LAGS + 1)])
    down = np.array([np.mean(values[:, :-k] * values[:, k:]) for k in range(1, LAGS + 1)])
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
    own = _own(seen, flattest) > OWN and max(both[3:]) < OWN_FAR and fourth < OWN_BELL
    std = float(np.sqrt(np.median(variance[flattest])))
    colour = _colour(seen, flattest)
    return Floor(std, tuple(map(float, both)), bool(alike or own), flattest, colour)


def _floats(image: NDArray[np.generic]) -> Doubles:
    return middle(image, MAX_SIDE).astype(np.float64)


def _colour(image: Doubles, blocks: NDArray[np.int64]) -> float:
    """Return the correlation of neighbours in what three channels have beside their mean."""
    if image.shape[2] != RGB:
        return 0.0
    beside = np.moveaxis(image - image.mean(axis=2, keepdims=True), -1, 0)
    rest = np.stack([without_planes(blocks_of(channel)[blocks]) for channel in beside])
    power = np.mean(rest**2)
    across, down = (
        np.mean(rest[..., 1:] * rest[..., :-1]),
        np.mean(rest[..., 1:, :] * rest[..., :-1, :]),
    )
    return float((across + down) / (2 * power)) if power > 0 else 0.0


def _own(image: Doubles, blocks: NDArray[np.int64]) -> float:
    """Return how much each of three channels varies by itself, relative to what they share."""
    if image.shape[2] != RGB:
        return 0.0
    mean = image.mean(axis=2)
    shared, *each = (
        without_planes(blocks_of(channel)[blocks]).var((1, 2))
        for channel in (mean, *np.moveaxis(image - mean[..., None], -1, 0))
    )
    return float(np.median(np.sum(each, axis=0) / shared))
