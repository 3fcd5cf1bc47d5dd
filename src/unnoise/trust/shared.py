"""The error of results from several images, from what neighbouring pixels of the residual share.

Stein's estimate is a small difference of large numbers: it needs the variance σ² of the noise much
more precisely than the error, relative to σ². A model that sees several images has errors of one
percent of σ². And one that does not see the image itself leaves no coefficient whose residual holds
nothing but noise: all hold the error, too.

Here y is the image, f the result, x the truth, ``n = y - x`` and ``r = y - f``. A prime stands for
the mean over a ring around each pixel, so narrow that errors of structure hardly differ there from
those in its middle, and so wide that its noise is independent of that in its middle. Then
``E (f - x)(f - x)' = E r r' + 2 E n f'``, whatever σ² is. The last term is 0 if y was hidden. A
second run with added noise gives it (Stein's identity), and also the noise k that f has kept, which
neighbouring pixels share only partly: ``E (k² - k k')`` is added. Networks that resemble a median
follow small changes more than the noise that they keep; twice the same of f itself is a limit.
"""

from dataclasses import dataclass

import numpy as np

from unnoise.trust.among import Among, Shaken, ring_mean
from unnoise.trust.probing import ProbedImage
from unnoise.trust.quality import FLOOR
from unnoise.types import Doubles

WHITE, GRAIN = (3, 1), (9, 7)  # sides of a ring, in pixels: with a grain, it shares noise up to 3

LEAST = 0.1  # of the noise: at least that much is removed
ROUGH = 2.0  # times the roughness of a result: most that the noise in it may have


@dataclass(frozen=True)
class SharedError:
    """The error of a result from several images."""

    ring: tuple[int, int]
    more: float  # mean squared error that neighbouring pixels of the residual do not share
    follows: float  # noise of the image that is in the result, E n f

    @classmethod
    def of(cls, among: Among, shaken: Shaken, *, grain: bool) -> "SharedError":
        """Measure the noise that was kept; ``grain`` is whether neighbouring pixels share noise.

        It grows with the noise. So its ratio to the added noise is used, and the variance v of the
        noise, which solves ``mean(r²) = v + error(v) - 2 E n f``.
        """
        ring, kept, residual = GRAIN if grain else WHITE, shaken.kept, among.residual
        own = shaken.added[len(shaken.added) // 2].astype(np.float64)
        rough, around = _roughness(kept, ring), ring_mean(kept, *ring)
        follows = 0.0 if among.hidden else float(np.mean(own * kept))
        across = 0.0 if among.hidden else 2 * float(np.mean(own * around))
        power = max(float(np.mean(own**2)), FLOOR)
        whole = max(1 + (rough + across - 2 * follows) / power, LEAST)
        noise = max(_roughness(residual, ring) / whole, FLOOR) / power
        most = ROUGH * _roughness(among.restored.astype(np.float64), ring)
        return cls(ring, min(noise * rough, most) + noise * across, noise * follows)

    def expected(self, found: ProbedImage) -> Doubles:
        """Return the squared error of each value, right on average, ``(C, H, W)``."""
        residual = found.residual.astype(np.float64)
        shared: Doubles = residual * ring_mean(residual, *self.ring) + self.more
        return shared

    def mean(self, found: ProbedImage) -> float:
        """Return the mean squared error."""
        return max(float(self.expected(found).mean()), FLOOR)

    def noise(self, found: ProbedImage) -> float:
        """Return the variance of the noise: what was removed, less the error."""
        removed = float(np.mean(found.residual**2, dtype=np.float64))
        return max(removed - self.mean(found) + 2 * self.follows, FLOOR)


def _roughness(values: Doubles, ring: tuple[int, int]) -> float:
    """Return what pixels do not share with a ring around them."""
    return float(np.mean(values**2 - values * ring_mean(values, *ring)))
