"""The quality of a result without a clean reference."""

from collections.abc import Iterator

import numpy as np

from unnoise.denoiser import Denoiser
from unnoise.trust.noise_level import NoiseLevel
from unnoise.trust.probing import Floats, Probe

Places = tuple[slice, slice, slice]

FLOOR = 1e-6  # of an estimated mean squared error: 60 dB
GRID = 4  # pixels between those that are hidden at once
PHASES = ((0, 0), (1, 2), (2, 1), (3, 3))  # of the sixteen grids, those that are tried


def sure(found: Probe, noise: NoiseLevel) -> float:
    """Estimate the mean squared error of a result, at least ``FLOOR``.

    Stein's unbiased risk estimate: with v the variance of the noise,
    ``mean((y - f(y))²) - mean(v) + 2 mean(v ∂f/∂y)`` (Stein 1981; the divergence as in Ramani et
    al. 2008). With v that depends on the brightness it is the first order of that for
    Poisson-Gaussian noise (Le Montagner et al., "An Unbiased Risk Estimator for Image Denoising in
    the Presence of Mixed Poisson-Gaussian Noise", 2014).
    """
    variance = noise.variance(found.restored)
    squares = np.mean(found.residual**2, dtype=np.float64)
    error = squares - variance.mean() + 2 * np.mean(variance * found.sensitivity)
    return max(float(error), FLOOR)


def j_invariant(denoiser: Denoiser, noisy: Floats, noise: NoiseLevel) -> float | None:
    """Estimate the mean squared error of a result from pixels that the model does not see.

    Some pixels are replaced by the mean of their neighbours, and what the model says there is
    compared with them: ``mean((y - f(y without them))²) - mean(v)`` (Batson & Royer, "Noise2Self",
    2019, proposition 1). It is that of the model without the pixels' own values, so it is larger
    than the error of the result. None for an image with a side of less than 4 pixels.
    """
    if min(noisy.shape[1:]) < GRID:
        return None
    errors = []
    for hidden, places in hide_pixels(noisy):
        guessed = denoiser.denoise_floats(hidden[None])[0][places]
        off = (guessed - noisy[places]).astype(np.float64) ** 2
        errors.append(np.mean(off - noise.variance(guessed)))
    return max(float(np.mean(errors)), FLOOR)


def hide_pixels(noisy: Floats) -> Iterator[tuple[Floats, Places]]:
    """Yield copies of an image ``(C, H, W)`` without some pixels, and where these are.

    They are replaced by the mean of their four neighbours. Sides must have 4 pixels at least.
    """
    padded = np.pad(noisy, ((0, 0), (1, 1), (1, 1)), mode="reflect")
    around = (padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1] + padded[:, 1:-1, :-2]) / 4
    around += padded[:, 1:-1, 2:] / 4
    for top, left in PHASES:
        places = (slice(None), slice(top, None, GRID), slice(left, None, GRID))
        hidden = noisy.copy()
        hidden[places] = around[places]
        yield hidden, places


def decibels(error: float) -> float:
    """Return the PSNR of a mean squared error, in dB."""
    return float(-10 * np.log10(error))
