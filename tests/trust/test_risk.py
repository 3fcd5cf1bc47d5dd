"""The error of results without a clean image, against the true one; no NumPy warning anywhere."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, median_filter

from unnoise.trust import error_estimator, estimate_risk, hidden_risk
from unnoise.trust.grain import noise_grain

Image = np.ndarray[Any, Any]
Denoise = Callable[[Image], Image]
SIDE = 256


def scene() -> Image:
    """Return smooth hills, some steps, and flat places."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    hills = 0.3 + 0.15 * np.sin(9 * x) * np.cos(7 * y)
    found: Image = hills + 0.3 * ((x - 0.6) ** 2 + (y - 0.4) ** 2 < 0.03)
    return found[None].astype(np.float32)


def blurred_noise(sigma: float, strength: float = 0.08, seed: int = 0) -> Image:
    noise = np.random.default_rng(seed).standard_normal((1, SIDE, SIDE))
    noise = gaussian_filter(noise, (0, sigma, sigma), mode="wrap") if sigma else noise
    scaled: Image = strength * noise / noise.std()
    return scaled.astype(np.float32)


def gaussian(sigma: float) -> Denoise:
    return lambda images: gaussian_filter(images, (0, 0, sigma, sigma))


def median(images: Image) -> Image:
    filtered: Image = median_filter(images, size=(1, 1, 3, 3))
    return filtered


DENOISERS: dict[str, Denoise] = {
    "nothing": lambda images: images,
    "gaussian 0.6": gaussian(0.6),
    "gaussian 1.5": gaussian(1.5),
    "gaussian 4": gaussian(4),
    "median": median,
}


@pytest.mark.parametrize("sigma", [0, 0.6, 0.9])
def test_the_error_is_told_for_white_and_for_blurred_noise(sigma: float) -> None:
    clean = scene()
    noisy = clean + blurred_noise(sigma)
    noise = noise_grain(noisy)
    assert noise.measured
    assert noise.white == (sigma == 0)
    for name, denoise in DENOISERS.items():
        true = float(np.mean((denoise(noisy[None])[0] - clean) ** 2))
        found = estimate_risk(denoise, noisy, noise)
        assert found.error == pytest.approx(true, abs=0.06 * 0.08**2), name


def test_plain_sure_is_off_where_the_noise_is_blurred() -> None:
    clean = scene()
    noisy = clean + blurred_noise(0.9)
    noise, white = noise_grain(noisy), noise_grain(clean + blurred_noise(0))
    true = float(np.mean((gaussian(0.6)(noisy[None])[0] - clean) ** 2))
    plain = estimate_risk(gaussian(0.6), noisy, white).error
    assert abs(estimate_risk(gaussian(0.6), noisy, noise).error - true) < 0.1 * true
    assert abs(plain - true) > 0.5 * true


def test_the_correlation_is_that_of_the_blur() -> None:
    found = noise_grain(scene() + blurred_noise(0.9)).correlation
    spike = np.zeros((33, 33))
    spike[16, 16] = 1
    kernel = gaussian_filter(spike, 0.9 * np.sqrt(2))[12:21, 12:21]
    np.testing.assert_allclose(found, kernel / kernel.max(), atol=0.1)
    drawn = noise_grain(scene() + blurred_noise(0.9)).draw(scene(), np.random.default_rng(1))
    assert drawn.std() == pytest.approx(0.08, rel=0.1)


def test_the_variance_follows_the_brightness() -> None:
    clean = scene()
    random = np.random.default_rng(0)
    noisy = (random.poisson(100 * clean) / 100).astype(np.float32)
    found = noise_grain(noisy)
    assert found.gain[0] == pytest.approx(0.01, rel=0.2)
    np.testing.assert_allclose(found.variance(noisy).mean(), clean.mean() / 100, rtol=0.08)
    true = float(np.mean((gaussian(1)(noisy[None])[0] - clean) ** 2))
    off = estimate_risk(gaussian(1), noisy).error - true
    assert abs(off) < 0.04 * clean.mean() / 100


def test_channels_whose_noise_is_the_same_are_seen() -> None:
    grey = blurred_noise(0)
    found = noise_grain(np.concatenate([scene() + grey, scene() + grey, scene() + grey[:, ::-1]]))
    assert found.channels[0, 1] == pytest.approx(1, abs=0.05)
    assert found.channels[0, 2] == pytest.approx(0, abs=0.1)


def test_results_that_are_alike_cannot_be_told_apart_and_others_can() -> None:
    noisy = scene() + blurred_noise(0.6)
    one, alike, other = (estimate_risk(gaussian(sigma), noisy) for sigma in (1.2, 1.21, 20))
    assert one.same(alike)
    assert not one.same(other)
    assert one.error < other.error
    assert one.psnr == pytest.approx(-10 * np.log10(one.error))


def test_an_error_that_is_lost_in_chance_is_not_told() -> None:
    noisy, clean = scene() + blurred_noise(0), scene()
    found = estimate_risk(lambda images: np.broadcast_to(clean, images.shape), noisy)
    assert abs(found.error) < 0.02 * found.noise
    assert found.psnr is None


def test_hidden_pixels_are_an_estimate_for_white_noise_only() -> None:
    clean = scene()
    noisy = clean + blurred_noise(0)
    noise = noise_grain(noisy)
    true = float(np.mean((gaussian(1.5)(noisy[None])[0] - clean) ** 2))
    found = hidden_risk(gaussian(1.5), noisy, noise)
    assert found is not None
    assert true < found < 3 * true
    grainy = scene() + blurred_noise(0.9)
    assert hidden_risk(gaussian(1.5), grainy, noise_grain(grainy)) is None


RANDOM = np.random.default_rng(0)
STRANGE = {
    "constant": np.full((1, 64, 70), 0.4),
    "black": np.zeros((3, 64, 70)),
    "one pixel": np.full((1, 1, 1), 0.1),
    "a line": RANDOM.random((1, 1, 300)),
    "tiny": RANDOM.random((2, 5, 4)),
    "two values": RANDOM.choice([0.0, 1.0], (1, 90, 80)),
    "half constant": np.pad(RANDOM.random((1, 64, 64)), ((0, 0), (0, 0), (0, 64))),
    "pure noise": RANDOM.random((1, 90, 80)),
    "one hot pixel": np.pad(np.ones((1, 1, 1)), ((0, 0), (40, 40), (40, 40))),
}


@pytest.mark.parametrize("name", STRANGE)
def test_every_image_has_an_estimate(name: str) -> None:
    image = STRANGE[name].astype(np.float32)
    noise = noise_grain(image)
    nothing, smooth = (estimate_risk(each, image) for each in (lambda x: x, gaussian(1)))
    for found in (nothing, smooth):
        assert np.isfinite([found.error, found.noise, found.follows]).all()
        assert found.psnr is None or np.isfinite(found.psnr)
        assert found.same(found) or found.noise == 0
    assert np.isfinite(noise.variance(image)).all()
    error = error_estimator(image)
    assert error is None or not np.isnan(error(gaussian(1)))
    hidden_risk(gaussian(1), image, noise)


def test_a_flat_image_has_no_noise() -> None:
    found = estimate_risk(gaussian(1), np.full((1, 64, 64), 0.4, np.float32))
    assert found.noise == 0
    assert found.psnr is None
