"""Lines: noise that all pixels of a row or column share, as line scans and CMOS sensors make."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from unnoise.facts.parts import middle
from unnoise.types import Doubles

Structure = Literal["none", "horizontal", "vertical"]  # along which axis pixels share noise

STRIP = 24  # pixels of a row, whose median stands for what they share
FEWEST = 4  # strips beside one another
MAX_SIDE = 256  # pixels of the middle that are looked at
VISIBLE = 0.15  # of the noise of pixels: weaker lines are hidden in it
TO_STD = 1.4826  # from the median of absolute values to a standard deviation
SECOND = 1.5  # variance of a value minus the mean of its two neighbours, where all are independent
KEPT = 0.9  # share of the lines whose products are taken as they are
CLEAR = 4.0  # standard errors


@dataclass(frozen=True)
class Lines:
    """Standard deviations of noise, in the unit of the image.

    Attributes:
        rows: Of what all pixels of a row share; 0 where that could be chance.
        columns: The same of columns.
        pixels: Of what varies from pixel to pixel: noise, and in sharp images some structure.
    """

    rows: float
    columns: float
    pixels: float

    @property
    def direction(self) -> Literal["horizontal", "vertical"] | None:
        """Along what the noise is shared; None where it is too weak to matter."""
        if self.strongest <= VISIBLE * self.pixels:
            return None
        return "horizontal" if self.strongest == self.rows else "vertical"

    @property
    def strongest(self) -> float:
        """The larger one of rows and columns."""
        return max(self.rows, self.columns)

    def matters(self, least: float) -> bool:
        """Whether lines stand out of the noise of pixels, and are at least so strong."""
        return self.direction is not None and self.strongest >= least


def lines(image: NDArray[np.generic]) -> Lines | None:
    """Measure how much of the noise is common to rows and to columns.

    A line minus the mean of the two beside it has little of the image left. What strips of it, side
    by side, have in common is the noise of the line: that of the pixels differs between strips.

    Args:
        image: ``(H, W, C)``, any real dtype, any scale.

    Returns:
        Of the channel with the strongest lines; None if the image is too small or has no noise.
    """
    found = [each for channel in _channels(image) if (each := _channel(channel)) is not None]
    return max(found, key=lambda each: max(each.rows, each.columns), default=None)


def _channels(image: NDArray[np.generic]) -> list[Doubles]:
    part = middle(image, MAX_SIDE).astype(np.float64)
    return list(np.moveaxis(part, -1, 0))


def _channel(image: Doubles) -> Lines | None:
    if min(image.shape) < FEWEST * STRIP:
        return None
    down, across = (each[1:-1] - (each[:-2] + each[2:]) / 2 for each in (image, image.T))
    spread = min(float(np.median(np.abs(rest))) for rest in (down, across))
    if spread == 0:
        return None
    return Lines(_shared(down), _shared(across), TO_STD * spread / np.sqrt(SECOND))


def _shared(rest: Doubles) -> float:
    """Return the noise of rows, of each of which the mean of those beside it was taken away."""
    count = rest.shape[1] // STRIP
    strips = np.median(rest[:, : count * STRIP].reshape(len(rest), count, STRIP), axis=2)
    # What strips have in common: their mean product, without the edges along a few lines.
    common = (strips.sum(1) ** 2 - (strips**2).sum(1)) / (count * (count - 1))
    usual = float(np.quantile(np.abs(common), KEPT))
    common = common.clip(-usual, usual)
    # The same by medians, which text and edges along half of the lines leave as they are.
    chance = np.median(strips.var(axis=1, ddof=1)) / count
    typical = (TO_STD * np.median(np.abs(strips.mean(axis=1)))) ** 2 - chance
    errors = common.std() / np.sqrt(len(common) / 2), chance * np.sqrt(2 / len(common))
    if common.mean() < CLEAR * errors[0] or typical < CLEAR * errors[1]:
        return 0.0
    return float(np.sqrt(min(common.mean(), typical) / SECOND))
