"""The error of a result without a clean reference, on one footing for all that denoise.

Stein's unbiased risk estimate, generalised to noise whose neighbouring pixels are correlated. With
y the image, x the truth, C the covariance of the noise and J the Jacobian of the denoiser f,
``E |f(y) - x|² = E |y - f(y)|² - tr C + 2 tr(C J)`` (Stein 1981; Eldar, "Generalized SURE for
Exponential Families", 2009). The last term is found without J, from a second run on the image with
a little more noise of the same covariance: ``E b·(f(y + εb) - f(y)) / ε = tr(C J)`` for b ~ N(0, C)
(Ramani et al., "Monte-Carlo SURE", 2008, where C is σ² times the identity). C is estimated from the
image, not by a model, so ``tr C`` is the same for all of them and cancels in differences.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from unnoise.trust.evidence import Evidence
from unnoise.trust.grain import Grain, noise_grain
from unnoise.trust.noise_level import noise_level, removes_noise
from unnoise.trust.probing import Denoise, probe_function
from unnoise.trust.quality import GRID, hide_pixels
from unnoise.types import Doubles, Floats

STEP = 0.1  # standard deviations of the noise: small for a model, large for float32
VALUES = 300_000  # of all runs of an image together, from which their means are steady
MOST = 16  # runs of a small image
FEW = 2  # runs, where a parameter is chosen
CELL = 32  # pixels of a side of the parts from whose spread the uncertainty is found
LEVEL = 0.1  # how far off the estimated strength of the noise may be (docs/trust.md)
ALIKE = 0.02  # relative difference of errors that is of no use to anybody: 0.1 dB
FLOOR = 0.02  # of the power of the noise: an error that is told to be less is no estimate


@dataclass(frozen=True)
class Risk:
    """The estimated error of one result.

    Attributes:
        error: The mean squared error by the formula, which chance may take below 0.
        noise: The power of the noise, ``tr C`` over the number of values.
        follows: How much of the noise is in the result, ``tr(C J)`` over the number of values.
        cells: The error of cells of 32 × 32 pixels, ``(P,)``.
    """

    error: float
    noise: float
    follows: float
    cells: Doubles

    @property
    def psnr(self) -> float | None:
        """In dB, where white is 1; None where the formula fails: it has lost against chance."""
        if self.error <= FLOOR * self.noise or self.error <= 0:
            return None
        return float(-10 * np.log10(self.error))

    def uncertainty(self, other: "Risk") -> float:
        """Return how far the difference of two errors may be off, at two standard errors."""
        apart = self.cells - other.cells
        chance = float(apart.std(ddof=1) / np.sqrt(len(apart))) if len(apart) > 1 else np.inf
        return 2 * float(np.hypot(chance, LEVEL * (self.follows - other.follows)))

    def same(self, other: "Risk") -> bool:
        """Whether two results cannot be told apart, or are less than 0.1 dB apart."""
        apart = abs(self.error - other.error)
        alike = ALIKE * max(self.error, other.error)
        return apart <= alike or apart <= self.uncertainty(other)


def noise_for(noisy: Floats, functions: Iterable[Denoise]) -> Grain:
    """Estimate the noise of an image, with the help of what denoises it.

    Texture in the flattest blocks counts as noise where the image alone is looked at. Where
    neighbouring pixels share no noise, it is therefore measured in what the functions take away:
    the least of those that take all of it away somewhere.

    Args:
        noisy: ``(C, H, W)``, float32.
        functions: From ``(N, C, H, W)`` to results of the same shape.
    """
    grain = noise_grain(noisy)
    if Evidence.of(noisy).grainy:
        return grain
    probes = [probe_function(denoise, noisy, most=FEW) for denoise in functions]
    levels = [noise_level(found) for found in probes if removes_noise(found)]
    least = min(levels, key=lambda level: level.std, default=None)
    # Where noise follows the brightness, models tell it of the dark, of which there is most.
    follows = any(level.gain for level in levels)
    if least is None or follows or least.std**2 >= grain.variance(noisy).mean():
        return grain
    return Grain.of_white(least, len(noisy))


def estimate_risk(
    denoise: Denoise,
    noisy: Floats,
    grain: Grain | None = None,
    *,
    seed: int = 0,
    most: int = MOST,
) -> Risk:
    """Estimate the mean squared error of what a function makes of an image.

    Args:
        denoise: From ``(N, C, H, W)`` to results of the same shape.
        noisy: ``(C, H, W)``, float32, in the unit in which the error is told.
        grain: The noise of the image; None estimates it.
        seed: Of the noise that is added. Functions are compared with one seed.
        most: How many runs with added noise there are at the most.
    """
    noise = noise_grain(noisy) if grain is None else grain
    generator = np.random.default_rng(seed)
    count = min(most, max(1, -(-VALUES // noisy.size)))
    added = np.stack([noise.draw(noisy, generator) for _ in range(count)])
    made = denoise(np.concatenate([noisy[None], noisy + np.float32(STEP) * added]))
    follows = np.mean(added * (made[1:] - made[0]), axis=0, dtype=np.float64) / STEP
    variance = noise.variance(noisy)
    error = (noisy - made[0]).astype(np.float64) ** 2 - variance + 2 * follows
    return Risk(float(error.mean()), float(variance.mean()), float(follows.mean()), _cells(error))


def judge(noisy: Floats, grain: Grain | None = None) -> Callable[[Denoise], float] | None:
    """Return the estimated error of what a function makes of an image, for choosing among some.

    Args:
        noisy: ``(C, H, W)``, float32.
        grain: The noise of the image; None estimates it.

    Returns:
        None where the image is too small or too clipped to measure its noise well enough for that.
    """
    noise = noise_grain(noisy) if grain is None else grain
    if not noise.measured:
        return None

    def error(denoise: Denoise) -> float:
        risk = estimate_risk(denoise, noisy, noise, most=FEW)
        return np.inf if risk.psnr is None else risk.error

    return error


def hidden_risk(denoise: Denoise, noisy: Floats, noise: Grain) -> float | None:
    """Estimate the mean squared error at pixels that are hidden from a function.

    It is the error without the pixels' own values, and so larger than the error of the result
    (Batson & Royer, "Noise2Self", 2019, proposition 1).

    Args:
        denoise: From ``(N, C, H, W)`` to results of the same shape.
        noisy: ``(C, H, W)``, float32.
        noise: The noise of the image.

    Returns:
        None where neighbours have the noise of hidden pixels in part, which the formula does not
        allow; and for an image with a side of less than 4 pixels.
    """
    if not noise.white or min(noisy.shape[1:]) < GRID:
        return None
    variance = noise.variance(noisy)
    errors = [
        np.mean((denoise(hidden[None])[0] - noisy)[places].astype(np.float64) ** 2)
        - np.mean(variance[places])
        for hidden, places in hide_pixels(noisy)
    ]
    return float(np.mean(errors))


def _cells(values: Doubles) -> Doubles:
    """Return means over cells of ``(C, H, W)``; cells at the ends join the last whole ones."""
    for axis in (1, 2):
        starts = np.arange(0, max(values.shape[axis] - CELL, 0) + 1, CELL)
        sizes = np.diff([*starts, values.shape[axis]])
        shape = [-1 if each == axis else 1 for each in range(3)]
        values = np.add.reduceat(values, starts, axis) / sizes.reshape(shape)
    means: Doubles = values.mean(0).ravel()
    return means
