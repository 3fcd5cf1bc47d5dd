"""The error of a result without a clean reference, comparable between all methods that denoise.

Stein's unbiased risk estimate, generalised to noise whose neighbouring pixels are correlated. Let y
be the image, x the truth, C the covariance of the noise and J the Jacobian of the denoiser f. Then
``E |f(y) - x|² = E |y - f(y)|² - tr C + 2 tr(C J)`` (Stein 1981; Eldar, "Generalized SURE for
Exponential Families", 2009). The last term needs no J: it follows from a second run on the image
with a little more noise of the same covariance, ``E b·(f(y + εb) - f(y)) / ε = tr(C J)`` for
b ~ N(0, C) (Ramani et al., "Monte-Carlo SURE", 2008, where C is σ² times the identity). C is
estimated from the image, not by a model. So ``tr C`` is the same for all methods and cancels in
differences.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from unnoise.trust.evidence import Evidence
from unnoise.trust.grain import Grain, noise_grain
from unnoise.trust.noise_level import noise_level, removes_noise
from unnoise.trust.probing import MOST, probe, run_count
from unnoise.trust.quality import GRID, decibels, guess_hidden_pixels
from unnoise.types import Denoise, Doubles, Floats

STEP = 0.1  # standard deviations of the noise: small for a model, large for float32
FEW = 2  # runs when a parameter is chosen
CELL = 32  # pixels of a side of the parts whose spread gives the uncertainty
LEVEL = 0.1  # relative error of the estimated strength of the noise (docs/trust.md)
ALIKE = 0.02  # relative difference of errors that does not matter: 0.1 dB
FLOOR = 0.02  # of the power of the noise: a smaller error is below what can be estimated


@dataclass(frozen=True)
class Risk:
    """The estimated error of one result."""

    error: float  # the mean squared error by the formula; chance may make it negative
    noise: float  # the power of the noise, tr C over the number of values
    follows: float  # the part of this power that is in the result, tr(C J) likewise
    cells: Doubles  # the error of cells of 32 × 32 pixels, (P,)

    @property
    def psnr(self) -> float | None:
        """In dB, where white is 1; None if the error is too small to estimate."""
        if self.error <= FLOOR * self.noise or self.error <= 0:
            return None
        return decibels(self.error)

    def uncertainty(self, other: "Risk") -> float:
        """Return the uncertainty of the difference of two errors, as two standard errors."""
        apart = self.cells - other.cells
        chance = float(apart.std(ddof=1) / np.sqrt(len(apart))) if len(apart) > 1 else np.inf
        return 2 * float(np.hypot(chance, LEVEL * (self.follows - other.follows)))

    def same(self, other: "Risk") -> bool:
        """Whether the difference of two results is uncertain, or less than 0.1 dB."""
        apart = abs(self.error - other.error)
        alike = ALIKE * max(self.error, other.error)
        return apart <= alike or apart <= self.uncertainty(other)


def noise_for(noisy: Floats, functions: Iterable[Denoise]) -> Grain:
    """Estimate the noise of an image, with the help of the functions that denoise it.

    The image alone cannot separate noise from texture in its flattest blocks. So white noise is
    measured in the residuals: the weakest of the functions that remove all noise somewhere.

    Args:
        noisy: ``(C, H, W)``, float32.
        functions: Each from ``(N, C, H, W)`` to results of the same shape.
    """
    grain = noise_grain(noisy)
    if Evidence.of(noisy).grainy:
        return grain
    probes = [probe(denoise, noisy, most=FEW) for denoise in functions]
    levels = [noise_level(found) for found in probes if removes_noise(found)]
    least = min(levels, key=lambda level: level.std, default=None)
    # If noise follows the brightness, residuals show mostly the noise of dark places.
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
    """Estimate the mean squared error of the result of a function.

    Args:
        denoise: From ``(N, C, H, W)`` to results of the same shape.
        noisy: ``(C, H, W)``, float32, in the unit of the error.
        grain: The noise of the image; None estimates it.
        seed: For the noise that is added. Compare functions with the same seed.
        most: The largest number of runs with added noise.
    """
    noise = noise_grain(noisy) if grain is None else grain
    generator = np.random.default_rng(seed)
    added = np.stack([noise.draw(noisy, generator) for _ in range(run_count(noisy, most))])
    made = denoise(np.concatenate([noisy[None], noisy + np.float32(STEP) * added]))
    follows = np.mean(added * (made[1:] - made[0]), axis=0, dtype=np.float64) / STEP
    variance = noise.variance(noisy)
    error = (noisy - made[0]).astype(np.float64) ** 2 - variance + 2 * follows
    return Risk(float(error.mean()), float(variance.mean()), float(follows.mean()), _cells(error))


def error_estimator(noisy: Floats, grain: Grain | None = None) -> Callable[[Denoise], float] | None:
    """Return an estimator of the errors of functions on an image, to choose the best function.

    Args:
        noisy: ``(C, H, W)``, float32.
        grain: The noise of the image; None estimates it.

    Returns:
        None if the image is too small or too clipped to measure its noise well enough.
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

    Without the pixels' own values results are worse, so the error of the whole result is smaller
    (Batson & Royer, "Noise2Self", 2019, proposition 1).

    Args:
        denoise: From ``(N, C, H, W)`` to results of the same shape.
        noisy: ``(C, H, W)``, float32.
        noise: The noise of the image.

    Returns:
        None if neighbouring pixels share noise, which the formula does not allow, or if a side of
        the image has less than 4 pixels.
    """
    if not noise.white or min(noisy.shape[1:]) < GRID:
        return None
    variance = noise.variance(noisy)
    found = guess_hidden_pixels(denoise, noisy)
    return float(np.mean([np.mean(off) - np.mean(variance[places]) for places, _, off in found]))


def _cells(values: Doubles) -> Doubles:
    """Return means over cells of ``(C, H, W)``; cut-off cells join the last whole ones."""
    for axis in (1, 2):
        starts = np.arange(0, max(values.shape[axis] - CELL, 0) + 1, CELL)
        sizes = np.diff([*starts, values.shape[axis]])
        shape = [-1 if each == axis else 1 for each in range(3)]
        values = np.add.reduceat(values, starts, axis) / sizes.reshape(shape)
    means: Doubles = values.mean(0).ravel()
    return means
