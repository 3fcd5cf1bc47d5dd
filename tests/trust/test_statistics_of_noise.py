"""Noise level, quality and structure against what is known to be true."""

import numpy as np
import pytest
from blur import blur

import unnoise
from unnoise.trust.noise_level import NoiseLevel, noise_level
from unnoise.trust.probing import ProbedImage, probe
from unnoise.trust.quality import j_invariant, sure
from unnoise.trust.structure import box_mean, removed_structure, structure_map

RANDOM = np.random.default_rng(0)  # begins anew in each test
Floats = np.ndarray


def smooth(side: int = 256) -> Floats:
    y, x = np.mgrid[:side, :side] / side
    image: Floats = 0.5 + 0.35 * np.sin(5 * x + 2) * np.cos(4 * y)
    return image[None].astype(np.float32)


@pytest.fixture(autouse=True)
def same_numbers_in_any_order() -> None:
    """Let what a test draws not depend on the tests before it."""
    RANDOM.bit_generator.state = np.random.default_rng(0).bit_generator.state


def noisy_of(clean: Floats, variance: Floats | float) -> Floats:
    noise = RANDOM.standard_normal(clean.shape) * np.sqrt(variance)
    noisy: Floats = (clean + noise).astype(np.float32)
    return noisy


def of_residual(residual: Floats) -> ProbedImage:
    """Return a probe that took this away from a grey image."""
    grey = np.full_like(residual, 0.5, np.float32)
    nothing = np.zeros((1, *residual.shape), np.float32)
    return ProbedImage((grey + residual).astype(np.float32), grey, nothing + 1, nothing)


@pytest.mark.parametrize("sigma", [0.02, 0.06, 0.1, 0.2])
def test_gaussian_noise_is_told(sigma: float) -> None:
    photo = unnoise.load("photo", device="cpu", precision="fp32")
    found = noise_level(probe(photo.denoise_floats, noisy_of(smooth(), sigma**2)))
    assert found.std == pytest.approx(sigma, rel=0.03)
    assert found.gain == 0


def test_noise_that_grows_with_brightness_is_told() -> None:
    photo = unnoise.load("photo", device="cpu", precision="fp32")
    clean = smooth(384)
    found = noise_level(probe(photo.denoise_floats, noisy_of(clean, 0.012 * clean + 0.0008)))
    assert found.gain == pytest.approx(0.012, rel=0.2)
    assert found.variance(clean).mean() == pytest.approx(0.012 * clean.mean() + 0.0008, rel=0.06)


def test_sure_is_right_in_the_mean() -> None:
    denoiser, clean = blur(), smooth(128)
    noise = NoiseLevel(0.1, 0.0, 0.01)
    estimated, true = [], []
    for _ in range(20):
        found = probe(denoiser.denoise_floats, noisy_of(clean, 0.01))
        estimated.append(sure(found, noise))
        true.append(np.mean((found.restored - clean) ** 2))
    assert np.mean(estimated) == pytest.approx(np.mean(true), rel=0.05)


def test_sure_is_right_for_noise_that_grows_with_brightness() -> None:
    denoiser, clean = blur(), smooth(128)
    noise = NoiseLevel(0.1, 0.02, 0.0)
    estimated, true = [], []
    for _ in range(20):
        found = probe(denoiser.denoise_floats, noisy_of(clean, 0.02 * clean))
        estimated.append(sure(found, noise))
        true.append(np.mean((found.restored - clean) ** 2))
    assert np.mean(estimated) == pytest.approx(np.mean(true), rel=0.06)


def test_what_is_not_seen_tells_the_error_without_it() -> None:
    denoiser, clean = blur("noise2void, mse"), smooth(128)
    noise = NoiseLevel(0.1, 0.0, 0.01)
    estimated = [
        j_invariant(denoiser.denoise_floats, noisy_of(clean, 0.01), noise) or 0 for _ in range(10)
    ]
    # A hidden pixel becomes the mean of 4 neighbours and the blur the mean of 9 with it: the four
    # count 5/36 each and the corners 4/36, so that the variance is (4 · 25 + 4 · 16) / 36² of one.
    assert np.mean(estimated) == pytest.approx(0.01 * 164 / 36**2, rel=0.1)


def test_a_probe_tells_the_diagonal_of_the_jacobian() -> None:
    found = probe(blur().denoise_floats, noisy_of(smooth(128), 0.01))
    assert found.sensitivity.mean() == pytest.approx(1 / 9, rel=0.05)


@pytest.mark.parametrize("distribution", ["normal", "two values"])
def test_white_residuals_have_no_structure(distribution: str) -> None:
    values = RANDOM.standard_normal((1, 256, 256)) * 0.1
    residual = values if distribution == "normal" else 0.1 * np.sign(values)
    level = NoiseLevel(0.1, 0.0, 0.01)
    assert abs(removed_structure(of_residual(residual), level)) < 0.1
    shown = structure_map(of_residual(residual), level)
    assert shown.std() < 1
    assert np.mean(shown > 4) < 1e-3


def test_structure_is_scored_and_shown_where_it_is() -> None:
    residual = RANDOM.standard_normal((1, 256, 256)) * 0.1
    residual[:, 100:140, 60:120] += 0.2
    found, level = of_residual(residual), NoiseLevel(0.1, 0.0, 0.01)
    assert removed_structure(found, level) > 0.5
    shown = structure_map(found, level)
    assert shown[110:130, 70:110].min() > 5
    assert np.delete(shown, np.s_[90:150], axis=0).max() < 5.5
    constant = of_residual(np.full((1, 64, 64), 0.1))
    assert removed_structure(constant, level) == pytest.approx(15)


def test_box_means_are_means() -> None:
    values = RANDOM.random((2, 20, 30))
    assert box_mean(values, 5)[1, 10, 10] == pytest.approx(values[1, 8:13, 8:13].mean())
    np.testing.assert_allclose(box_mean(np.full((1, 3, 2), 7.0), 9), 7)
