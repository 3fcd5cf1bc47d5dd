"""The quality of a result without a clean reference."""

from collections.abc import Iterator

import numpy as np

from unnoise.trust.noise_level import NoiseLevel
from unnoise.trust.probing import ProbedImage, cells_of
from unnoise.trust.spectrum import Spectrum
from unnoise.types import Denoise, Doubles, Floats

Places = tuple[slice, slice, slice]

FLOOR = 1e-6  # of an estimated mean squared error: 60 dB
GRID = 4  # pixels between those that are hidden at once
DOUBT = 1.6  # ratio by which the share of noise that was kept may be uncertain: 2 dB
MOST_KEPT = 0.45  # share of noise with a grain that a result may keep, so that its error is known
CELL, UNSTEADY = 32, 0.25  # pixels of a side; standard error of the mean of cells, as a share of it
UNSEEN_GRAIN = "its noise has a grain, and too few flat places show it"
UNSEEN_ERROR = "its noise has a grain, which hides an error as small as this one"
PHASES = ((0, 0), (1, 2), (2, 1), (3, 3))  # of the sixteen grids, those that are tried


def sure(found: ProbedImage, noise: NoiseLevel) -> float:
    """Estimate the mean squared error of a result, at least ``FLOOR``.

    Stein's unbiased risk estimate: with v the variance of the noise,
    ``mean((y - f(y))²) - mean(v) + 2 mean(v ∂f/∂y)`` (Stein 1981). Where v depends on the
    brightness, this is its first order for Poisson-Gaussian noise (Le Montagner et al. 2014).
    """
    variance = noise.variance(found.restored)
    squares = np.mean(found.residual**2, dtype=np.float64)
    error = squares - variance.mean() + 2 * np.mean(variance * found.sensitivity)
    return max(float(error), FLOOR)


def sure_of_grain(found: ProbedImage, grain: Spectrum, follows: Doubles) -> float | str:
    """Estimate the mean squared error under noise with a grain; or say why it is not reliable.

    With the covariance C of the noise and the Jacobian J of the model:
    ``mean((y - f(y))²) - tr C / n + 2 tr(C J) / n`` (Eldar, "Generalized SURE for Exponential
    Families", 2009), at least ``FLOOR``.
    """
    variance = grain.variance(found.restored)
    errors = found.residual.astype(np.float64) ** 2 - variance + 2 * follows
    if grain.doubt > DOUBT:
        return UNSEEN_GRAIN
    if kept_of_grain(found, grain, follows) > MOST_KEPT:
        return "its noise has a grain, most of which was left"
    error, chance = float(errors.mean()), _chance(errors)
    if chance > UNSTEADY * error:
        return "its noise has a grain, and the estimate differs too much from place to place"
    return max(error, FLOOR)


def kept_of_grain(found: ProbedImage, grain: Spectrum, follows: Doubles) -> float:
    """Return the share of noise with a grain that a result has kept, about 0 to 1."""
    return float(follows.mean() / grain.variance(found.restored).mean())


def _chance(values: Doubles) -> float:
    """Return the standard error of the mean of ``(C, H, W)``, from means over 32 × 32 pixels."""
    cells = cells_of(values.mean(axis=0), CELL).mean((1, 3))
    if cells.size < 2:
        return float("inf")
    return float(cells.std(ddof=1) / np.sqrt(cells.size))


def j_invariant(denoise: Denoise, noisy: Floats, noise: NoiseLevel) -> float | None:
    """Estimate the mean squared error of a result from pixels that are hidden from the model.

    ``mean((y - f(y without them))²) - mean(v)`` (Batson & Royer, "Noise2Self", 2019). The error of
    the whole result is smaller. None for an image with a side of less than 4 pixels.
    """
    if min(noisy.shape[1:]) < GRID:
        return None
    found = guess_hidden_pixels(denoise, noisy)
    errors = [np.mean(off - noise.variance(guessed)) for _, guessed, off in found]
    return max(float(np.mean(errors)), FLOOR)


def guess_hidden_pixels(
    denoise: Denoise, noisy: Floats
) -> Iterator[tuple[Places, Floats, Doubles]]:
    """Yield places in ``(C, H, W)``, the results without their pixels, and squared differences."""
    # Each hidden pixel becomes the mean of its four neighbours. Sides are at least 4.
    padded = np.pad(noisy, ((0, 0), (1, 1), (1, 1)), mode="reflect")
    around = (padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1] + padded[:, 1:-1, :-2]) / 4
    around += padded[:, 1:-1, 2:] / 4
    for top, left in PHASES:
        places = (slice(None), slice(top, None, GRID), slice(left, None, GRID))
        hidden = noisy.copy()
        hidden[places] = around[places]
        guessed = denoise(hidden[None])[0][places]
        yield places, guessed, (guessed - noisy[places]).astype(np.float64) ** 2


def decibels(error: float) -> float:
    """Return the PSNR of a mean squared error, in dB."""
    return float(-10 * np.log10(error))
