"""Whether what moved was smeared: how much of a movement a result from several images has lost.

Let x be the clean image, m the mean of the clean images beside it, and f the result. Where nothing
moves, x and m are equal. A result ``f = x - s (x - m)`` has lost the share s of what moved: nothing
at 0, and at 1 it is the mean of the images beside it. So s is the slope of ``x - f`` against
``x - m``. Only noisy images are known: y, and the mean n of those beside it. The noise of y is in
both ``y - f`` and ``y - n``, so their slope would be wrong. It is estimated with an instrument z,
the mean of ``y - n`` over a ring around each pixel, whose noise is independent of the noise of the
pixel (Reiersøl, "Confluence analysis by means of instrumental sets of variables", 1945):
``s = E (y - f) φ(z) / E (y - n) φ(z)``. φ cuts off what chance explains, so that only places count
where something moved.

What noise alone adds is subtracted. By Stein's lemma, ``E e φ(z)`` is the covariance of e and the
noise of z, times ``E φ'(z)``. If noise is white, only noise that f has kept has one, and a second
run with a little more noise in all images gives it. If pixels may share noise, the covariance is
measured where nothing certainly moves, since no model of the noise is good enough.
"""

from dataclasses import dataclass

import numpy as np

from unnoise.trust.among import Among, Shaken, ring_mean
from unnoise.trust.probing import cells_of
from unnoise.types import Doubles, Mask

WIDTHS = 2, 4, 8  # of the rings that are tried, in pixels: for small and for large things
HOLE = 3  # side of the hole in a ring where pixels may share noise
CHANCE = 2.0  # standard deviations of z under noise alone, from which on something moved
VISIBLE = 0.004  # a step of 8 bits: smaller changes are no movement
SURE = 2.0  # standard errors of a share that is certain
# Standard errors of all movement together. Noise counts each pair of pixels twice, so 4.2 of them.
SEEN = 6.0
FEWEST = 64  # pixels that move; a few may lie in one coarse grain
CELL = 8  # pixels of a side of the parts whose spread gives the uncertainty
STRATA, AROUND = 8, (9, 1)  # of brightness, for flicker; the ring in which it is measured
MEDIAN = 1.4826  # standard deviations of normal values, relative to the median of their sizes
LEAST = 1e-9  # difference of brightness


@dataclass(frozen=True)
class Smeared:
    """What a result has lost of a movement."""

    share: float  # of the movement: 0 if it is all there, 1 for the mean of the images beside it
    doubt: float  # standard error of the share
    change: float  # how much pixels change where something moves, in the model's scale

    @property
    def least(self) -> float:
        """The share that is certainly lost."""
        return self.share - SURE * self.doubt


def smeared(among: Among, shaken: Shaken, *, white: bool) -> Smeared | None:
    """Estimate how much of what moved a result has lost; None if no movement can be seen.

    ``white`` is whether it is certain that pixels share no noise.
    """
    beside = among.beside(among.images)
    change = _without_flicker(among.middle - beside, beside)
    middle = shaken.added[len(shaken.added) // 2].astype(np.float64)
    drawn = middle - among.beside(shaken.added)
    hole = 1 if white else HOLE
    found = [
        _measure(among.residual, change, shaken.kept, drawn, (hole + 2 * width, hole), white=white)
        for width in WIDTHS
    ]
    known = [each for each in found if each is not None]
    return min(known, key=lambda each: each.doubt, default=None)


def _measure(
    residual: Doubles,
    change: Doubles,
    kept: Doubles,
    drawn: Doubles,
    ring: tuple[int, int],
    *,
    white: bool,
) -> Smeared | None:
    """Estimate it by one ring; ``drawn`` is noise like the noise of ``change``."""
    if min(change.shape[1:]) < max(ring):
        return None
    instrument, chance = ring_mean(change, *ring), ring_mean(drawn, *ring)
    strength = float(chance.std()) if white else MEDIAN * float(np.median(np.abs(instrument)))
    least = max(CHANCE * strength, VISIBLE)
    certain = np.sign(instrument) * (np.abs(instrument) - least).clip(0)
    here = np.abs(instrument) > least
    if white:
        lost, moved = residual * certain + kept * chance * here, change * certain
    else:
        lost, moved = (
            each * certain - _slope(each, instrument, ~here) * strength**2 * here
            for each in (residual, change)
        )
    total = float(moved.sum())
    alone = float(drawn.std() * np.sqrt(np.sum(certain**2)))  # if pixels share no noise
    spread = max(_spread(drawn * certain), alone)
    if total <= SEEN * spread or here.sum() < FEWEST:
        return None
    share = float(lost.sum()) / total
    doubt = float(np.hypot(_spread(lost - share * moved), share * spread)) / total
    size = total / float(np.abs(certain).sum())
    return Smeared(share, doubt, size)


def _slope(values: Doubles, instrument: Doubles, quiet: Mask) -> float:
    """Return the slope of values against the instrument where nothing certainly moves."""
    # Noise makes it; a cut by the size of the instrument does not change it.
    z = instrument[quiet]
    return float(np.sum(values[quiet] * z) / max(np.sum(z**2), LEAST))


def _without_flicker(change: Doubles, beside: Doubles) -> Doubles:
    """Subtract from a change what depends on the brightness alone: light that flickers."""
    # Medians, because what moves covers a small part. A ring has other noise than its middle, so
    # the line is that of the scenes.
    rest = change.copy()
    for channel, given, level in zip(rest, beside, ring_mean(beside, *AROUND), strict=True):
        strata = np.array_split(np.argsort(level, axis=None, kind="stable"), STRATA)
        x, y = (
            np.array([np.median(values.ravel()[part]) for part in strata])
            for values in (level, channel)
        )
        one, other = np.triu_indices(STRATA, 1)
        slope = np.median((y[other] - y[one]) / np.maximum(x[other] - x[one], LEAST))
        channel -= slope * given + np.median(y - slope * x)
    return rest


def _spread(values: Doubles) -> float:
    """Return the standard error of the sum of ``(C, H, W)``, by sums over 8 × 8 pixels."""
    cells = cells_of(values.sum(axis=0), min(CELL, *values.shape[1:])).sum((1, 3))
    return float(np.sqrt(np.sum(cells**2)))
