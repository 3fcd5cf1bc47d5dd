"""The error of results from several images, where Stein's estimate is not precise enough."""

import numpy as np
import pytest
from beside import film, mix
from scipy.ndimage import gaussian_filter
from test_smeared import noise

from unnoise.trust import inspect
from unnoise.trust.among import Among
from unnoise.trust.known import Known
from unnoise.trust.noise_level import NoiseLevel
from unnoise.trust.probing import ProbedImage
from unnoise.trust.shared import SharedError
from unnoise.trust.spectrum import LAGS, Spectrum
from unnoise.types import Floats


def decibels(error: Floats) -> float:
    return float(-10 * np.log10(np.mean(error.astype(np.float64) ** 2)))


@pytest.mark.parametrize("strength", [0.03, 0.1])
def test_the_mean_of_the_images_beside(strength: float) -> None:
    still = np.repeat(film(1, 256), 3, axis=0)
    noisy = still + noise(still.shape, strength, 0)
    found = inspect(mix(1.0), noisy[1], together=np.moveaxis(noisy, 0, -1))
    assert found.psnr is not None
    assert abs(found.psnr - decibels(found.image - still[1])) < 0.5
    assert abs(found.noise_level.std / strength - 1) < 0.01
    assert found.psnr_hidden is None
    assert np.isfinite(found.maps["error"]).all()


@pytest.mark.parametrize("hidden", [False, True])
def test_errors_of_one_percent_of_the_noise(*, hidden: bool) -> None:
    clean = np.repeat(film(1, 256), 5, axis=0)
    noisy = clean + noise(clean.shape, 0.1, 1)
    seen = [0, 1, 3, 4] if hidden else [0, 1, 2, 3, 4]

    def denoise(images: Floats) -> Floats:
        rest = (images.reshape(-1, *clean.shape) - clean)[:, seen].mean(1)
        made: Floats = clean[2] + np.stack([gaussian_filter(each, 1.2) for each in rest])
        return made[:, None]

    result = denoise(noisy[None])[0]
    among = Among(noisy[:, None], result, (5,), denoise, hidden)
    level = 0.11 if hidden else 0.101  # is needed for what the result keeps of its own noise
    shaken = among.shaken(NoiseLevel(level, 0.0, level**2))
    nothing = np.zeros((0, *result.shape), np.float32)
    found = ProbedImage(noisy[2][None], result, nothing, nothing)
    shared = SharedError.of(among, shaken, grain=False)
    true = float(np.mean((result[0] - clean[2]) ** 2))
    assert true < 0.02 * 0.01
    assert abs(10 * np.log10(shared.mean(found) / true)) < 1
    assert abs(np.sqrt(shared.noise(found)) / 0.1 - 1) < 0.01


@pytest.mark.parametrize(("kept", "told"), [(0.0, False), (0.3, True)])
def test_a_grain_hides_an_error_of_one_percent_of_the_noise(kept: float, *, told: bool) -> None:
    truth = film(1, 256)
    noisy = truth + noise(truth.shape, 0.1, 0, grain=True)
    result = truth + kept * noise(truth.shape, 0.1, 1)
    nothing = np.zeros((0, *result.shape), np.float32)
    found = ProbedImage(noisy, result, nothing, nothing)
    apart = np.hypot(*np.mgrid[-LAGS : LAGS + 1, -LAGS : LAGS + 1])
    shared = np.exp(-(apart**2) / (4 * 0.7**2))[None, None]
    spectrum = Spectrum(shared, np.array([[0.0, 1.0]]), np.full((1, 2), 0.01), 1.0)
    level = NoiseLevel(0.1, 0.0, 0.01)
    known = Known(level, spectrum, None, SharedError((9, 7), (0.1 * kept) ** 2, 0.0))
    error = known.error(found)
    assert isinstance(error, float) == told
    assert not told or abs(10 * np.log10(float(error) / (0.1 * kept) ** 2)) < 1
