"""Impulses: pixels that are unrelated to their neighbours, such as salt and pepper."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unnoise.facts.parts import TO_STD, channels_of, neighbours
from unnoise.types import Doubles

MANY = 0.004  # share from which on an image has impulses; photographs, text and noise have 0.002
MAX_SIDE = 256  # pixels; a larger image is measured in its middle
STEP = 2  # rows; every second row is enough for a share
FAR = 8.0  # standard deviations of the noise
SHARE_OF_RANGE = 0.1  # least deviation of an impulse: counts of few photons are no impulses
FLAT = 4.0  # standard deviations of the noise within which the neighbours in a flat place lie
LEAST_FLAT = 0.1  # least share of the image that is flat; with less, impulses count as fewer
MEAN_TO_STD = 1.2533  # from the mean of absolute values to a standard deviation
KEPT = 0.95  # share of the pixels whose mean is taken


def impulses(image: NDArray[np.generic]) -> float:
    """Return the share of the pixels that are impulses, 0 to 1.

    An impulse deviates more from the median of its eight neighbours than noise does. Only flat
    places count, since edges, texture and text also have pixels that deviate.

    Args:
        image: ``(H, W, C)``, any real dtype, any scale; the channel with the largest share counts.
    """
    return max((channel.share for channel in _channels(image)), default=0.0)


def impulses_left(image: NDArray[np.generic], restored: NDArray[np.generic]) -> float:
    """Return the share of the impulses of an image that a result still shows, 0 to 1.

    There, the result deviates as much from the median of the neighbours in the image as an impulse
    does. If a network smears an impulse over its neighbours, it is no impulse, but still visible.

    Args:
        image: ``(H, W, C)``, any real dtype, any scale; the channel with the largest share counts.
        restored: The result, in the same scale.
    """
    pairs = zip(_channels(image), _channels(restored), strict=True)
    before, after = max(pairs, key=lambda pair: pair[0].share, default=(None, None))
    if before is None or after is None or not before.places.any():
        return 0.0
    far = np.abs(after.inside - before.expected) > before.least
    return float(far[before.places].mean())


@dataclass(frozen=True)
class _Channel:
    """Impulses of a channel, in every second row, without the pixels at the border."""

    inside: Doubles  # the pixels themselves
    expected: Doubles  # medians of their neighbours
    least: float  # least deviation of an impulse
    flat: NDArray[np.bool_]

    @classmethod
    def of(cls, image: Doubles) -> "_Channel":
        ring = np.sort(neighbours(image)[:, ::STEP], axis=0)
        inside, expected = image[1:-1:STEP, 1:-1], (ring[3] + ring[4]) / 2
        off = np.sort(np.abs(inside - expected), axis=None)
        # For counts of few photons the median is 0; the mean without the largest is not.
        noise = max(TO_STD * off[len(off) // 2], MEAN_TO_STD * off[: round(KEPT * len(off))].mean())
        spread = ring[6] - ring[1]  # without the lowest and highest, which may be impulses
        whole = float(np.ptp(image))
        flat = spread < FLAT * noise + SHARE_OF_RANGE / 2 * whole
        return cls(inside, expected, FAR * noise + SHARE_OF_RANGE * whole, flat)

    @property
    def places(self) -> NDArray[np.bool_]:
        off: NDArray[np.bool_] = np.abs(self.inside - self.expected) > self.least
        return off & self.flat

    @property
    def share(self) -> float:
        return float(self.places.mean() / max(self.flat.mean(), LEAST_FLAT))


def _channels(image: NDArray[np.generic]) -> list[_Channel]:
    if min(image.shape[:2]) < 3:
        return []
    return [_Channel.of(channel) for channel in channels_of(image, MAX_SIDE)]
