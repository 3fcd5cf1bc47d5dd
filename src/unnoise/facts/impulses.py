"""Impulses: pixels that have nothing to do with those around them, such as salt and pepper."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unnoise.facts.parts import middle, neighbours
from unnoise.types import Doubles

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
    return max((channel.share for channel in _channels(image)), default=0.0)


def impulses_left(image: NDArray[np.generic], restored: NDArray[np.generic]) -> float:
    """Return the share of the impulses of an image of which a result still shows a trace, 0 to 1.

    There it is as far from the median of the neighbours in the image as an impulse is. A network
    may smear one over its neighbours, so that it is none any more, but is seen.

    Args:
        image: ``(H, W, C)``, any real dtype, any scale; the channel with the most counts.
        restored: What was made of it, in the same scale.
    """
    pairs = zip(_channels(image), _channels(restored), strict=True)
    before, after = max(pairs, key=lambda pair: pair[0].share, default=(None, None))
    if before is None or after is None or not before.places.any():
        return 0.0
    far = np.abs(after.inside - before.usual) > before.least
    return float(far[before.places].mean())


@dataclass(frozen=True)
class _Channel:
    """Impulses of a channel, in every second row without the pixels at the border."""

    inside: Doubles  # the pixels themselves
    usual: Doubles  # medians of their neighbours
    least: float  # how far from that an impulse is
    flat: NDArray[np.bool_]

    @classmethod
    def of(cls, image: Doubles) -> "_Channel":
        ring = np.sort(neighbours(image)[:, ::STEP], axis=0)
        inside, usual = image[1:-1:STEP, 1:-1], (ring[3] + ring[4]) / 2
        off = np.sort(np.abs(inside - usual), axis=None)
        # The median of counts of few photons is 0; a mean without the largest is not.
        noise = max(TO_STD * off[len(off) // 2], MEAN_TO_STD * off[: round(KEPT * len(off))].mean())
        spread = ring[6] - ring[1]  # without those at the ends, which may be impulses themselves
        whole = float(np.ptp(image))
        flat = spread < FLAT * noise + SHARE_OF_RANGE / 2 * whole
        return cls(inside, usual, FAR * noise + SHARE_OF_RANGE * whole, flat)

    @property
    def places(self) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (np.abs(self.inside - self.usual) > self.least) & self.flat
        return found

    @property
    def share(self) -> float:
        return float(self.places.mean() / max(self.flat.mean(), LEAST_FLAT))


def _channels(image: NDArray[np.generic]) -> list[_Channel]:
    part = middle(image, MAX_SIDE).astype(np.float64)
    if min(part.shape[:2]) < 3:
        return []
    return [_Channel.of(channel) for channel in np.moveaxis(part, -1, 0)]
