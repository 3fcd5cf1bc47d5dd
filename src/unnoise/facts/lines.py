"""Lines: noise that all pixels of a row or column share, as in line scans and CMOS sensors."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from unnoise.facts.parts import TO_STD, channels_of
from unnoise.types import Doubles

Structure = Literal["none", "horizontal", "vertical"]  # the axis along which pixels share noise

STRIP = 24  # pixels of a row; their median estimates the noise that they share
FEWEST = 4  # strips side by side
MAX_SIDE = 256  # pixels; a larger image is measured in its middle
VISIBLE = 0.15  # share of the noise of pixels; weaker lines are hidden in it
SECOND = 1.5  # variance of a value minus the mean of its two neighbours, if all are independent
KEPT = 0.9  # share of the lines whose products are not limited
CLEAR = 4.0  # standard errors


@dataclass(frozen=True)
class Lines:
    """Standard deviations of noise, in the unit of the image."""

    rows: float  # noise that all pixels of a row share; 0 if it could be chance
    columns: float  # the same for columns
    pixels: float  # variation from pixel to pixel: noise, and in sharp images some structure

    @property
    def direction(self) -> Literal["horizontal", "vertical"] | None:
        """The axis along which pixels share noise; None if it is too weak to matter."""
        if self.strongest <= VISIBLE * self.pixels:
            return None
        return "horizontal" if self.strongest == self.rows else "vertical"

    @property
    def strongest(self) -> float:
        """The larger of rows and columns."""
        return max(self.rows, self.columns)

    def matters(self, least: float) -> bool:
        """Whether lines stand out of the noise of pixels, and have at least this strength."""
        return self.direction is not None and self.strongest >= least


def lines(image: NDArray[np.generic]) -> Lines | None:
    """Measure how much of the noise the pixels of rows and of columns share.

    A line minus the mean of the lines beside it shows little of the image. The part that strips of
    it have in common is the noise of the line, since the noise of pixels differs between strips.

    Args:
        image: ``(H, W, C)``, any real dtype, any scale.

    Returns:
        The channel with the strongest lines; None if the image is too small or has no noise.
    """
    found = [each for channel in channels_of(image, MAX_SIDE) if (each := _channel(channel))]
    return max(found, key=lambda each: each.strongest, default=None)


def _channel(image: Doubles) -> Lines | None:
    if min(image.shape) < FEWEST * STRIP:
        return None
    down, across = (each[1:-1] - (each[:-2] + each[2:]) / 2 for each in (image, image.T))
    spread = min(float(np.median(np.abs(rest))) for rest in (down, across))
    if spread == 0:
        return None
    return Lines(_shared(down), _shared(across), TO_STD * spread / np.sqrt(SECOND))


def _shared(rest: Doubles) -> float:
    """Return the noise of rows, from rows minus the mean of the rows beside them."""
    count = rest.shape[1] // STRIP
    strips = np.median(rest[:, : count * STRIP].reshape(len(rest), count, STRIP), axis=2)
    # The mean product of strips, limited because of edges along a few lines.
    common = (strips.sum(1) ** 2 - (strips**2).sum(1)) / (count * (count - 1))
    limit = float(np.quantile(np.abs(common), KEPT))
    common = common.clip(-limit, limit)
    # The same by medians, which text and edges along half of the lines do not change.
    chance = np.median(strips.var(axis=1, ddof=1)) / count
    typical = (TO_STD * np.median(np.abs(strips.mean(axis=1)))) ** 2 - chance
    errors = common.std() / np.sqrt(len(common) / 2), chance * np.sqrt(2 / len(common))
    if common.mean() < CLEAR * errors[0] or typical < CLEAR * errors[1]:
        return 0.0
    return float(np.sqrt(min(common.mean(), typical) / SECOND))
