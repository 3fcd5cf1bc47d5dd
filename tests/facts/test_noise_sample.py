"""The noise of one image: level, grain, lines and impulses, with and without the truth."""

import numpy as np
import pytest
from scenes import PLAIN, Image, scene
from scipy.ndimage import gaussian_filter

from unnoise.facts import NoiseSample, noise_sample
from unnoise.facts.blurred import correlation, fit_blurred, products
from unnoise.facts.parts import without_planes
from unnoise.types import LUMA

LEVEL = 0.03


def grain(width: float, *, channels: int = 1, seed: int = 0, side: int = 256) -> Image:
    """Return noise of variance 1, blurred as noise specs blur it, ``(H, W, C)``."""
    drawn = np.random.default_rng(seed).standard_normal((channels, side, side))
    frequency = np.fft.fftfreq(side)
    blur = np.exp(-2 * (np.pi * width) ** 2 * (frequency[:, None] ** 2 + frequency**2))
    made = np.fft.ifft2(np.fft.fft2(drawn) * blur / np.sqrt(np.mean(blur**2))).real
    noise: Image = np.moveaxis(made, 0, -1)
    return noise


def sample(noise: Image, *, known: bool = False, step: float = 0.0) -> NoiseSample:
    clean = 0.15 + 0.7 * scene(channels=noise.shape[2]) / 255
    found = noise_sample(clean + noise, clean if known else None, step=step)
    assert found is not None
    return found


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("width", [0.0, 0.4, 0.7, 1.0, 1.5])
def test_level_and_width_of_grey_noise(width: float, known: bool) -> None:
    found = sample(LEVEL * grain(width), known=known)
    assert found.noisy
    assert found.even
    assert found.chroma is None
    assert found.luma.level == pytest.approx(LEVEL, rel=0.15)
    assert found.luma.width == pytest.approx(width, abs=0.15)
    if known:
        np.testing.assert_allclose(found.luma.correlation, correlation(width)[1:], atol=0.05)


def test_brightness_and_colours_have_a_grain_each() -> None:
    luma, colours = grain(0.7, channels=3), grain(2.0, channels=3, seed=1)
    noise = LEVEL * ((luma @ LUMA)[..., None] + colours - (colours @ LUMA)[..., None])
    found = sample(noise)
    assert found.chroma is not None
    assert found.luma.level == pytest.approx(LEVEL, rel=0.15)
    assert found.luma.width == pytest.approx(0.7, abs=0.15)
    assert found.chroma.level == pytest.approx(LEVEL, rel=0.15)
    assert found.chroma.width == pytest.approx(2.0, abs=0.15)


def test_variance_follows_brightness() -> None:
    clean = np.tile(np.linspace(0.15, 0.85, 256), (256, 1))[..., None] * np.ones(3)
    noise = grain(0, channels=3) * np.sqrt(0.004 * clean)
    found = noise_sample(clean + noise)
    assert found is not None
    np.testing.assert_allclose(found.variance, 0.004 * found.brightness, rtol=0.2)


@pytest.mark.parametrize("known", [False, True])
def test_rows_are_told_from_the_noise_of_pixels(known: bool) -> None:
    rows = 0.02 * np.random.default_rng(3).standard_normal((256, 1, 1))
    found = sample(LEVEL * grain(0) + rows, known=known)
    assert found.rows == pytest.approx(0.02, rel=0.2)
    assert found.columns == 0
    assert found.luma.level == pytest.approx(LEVEL, rel=0.15)
    assert found.luma.width < 0.3


@pytest.mark.parametrize("share", [0.01, 0.05])
def test_impulses_are_counted_and_do_not_count_as_noise(share: float) -> None:
    clean = 0.15 + 0.7 * scene() / 255
    noisy = clean + LEVEL * grain(0)
    drawn = np.random.default_rng(4).random(clean.shape)
    noisy = np.where(drawn < share / 2, 0.0, np.where(drawn < share, 1.0, noisy))
    found = noise_sample(noisy)
    assert found is not None
    assert found.impulses == pytest.approx(share, rel=0.15)
    assert found.luma.level == pytest.approx(LEVEL, rel=0.15)


def test_rounding_is_no_noise() -> None:
    clean = 0.15 + 0.7 * scene() / 255
    rounded = np.rint((clean + 0.01 * grain(0)) * 50) / 50
    found = noise_sample(rounded, clean, step=1 / 50)
    assert found is not None
    assert found.luma.level == pytest.approx(0.01, rel=0.15)


def test_smooth_images_and_texture_have_no_noise() -> None:
    assert not sample(np.zeros((256, 256, 3)), step=1 / 255).noisy
    waves = sum(s * gaussian_filter(grain(0)[..., 0], s, mode="wrap") for s in (1, 2, 4, 8, 16))
    folds = np.linspace(0.05, 2, 256) ** 2
    found = noise_sample((0.5 + 0.04 * folds * waves / waves.std())[..., None].clip(0, 1))
    assert found is not None
    assert not found.noisy


@pytest.mark.parametrize("image", [*PLAIN, scene(20, 20)])
def test_of_plain_and_tiny_images_nothing_is_said(image: Image) -> None:
    found = noise_sample(image)
    assert found is None or not found.noisy


@pytest.mark.parametrize("shape", [(16, 16), (16, 8)])
def test_the_tables_are_what_blocks_of_such_noise_show(shape: tuple[int, int]) -> None:
    drawn = grain(1.2, side=1024)[..., 0]
    down, right = shape
    blocks = drawn.reshape(1024 // down, down, 1024 // right, right).swapaxes(1, 2)
    rest = without_planes(blocks.reshape(-1, down, right))
    fitted = fit_blurred(products(rest), shape)
    assert fitted.width == pytest.approx(1.2, abs=0.051)
    assert fitted.variance == pytest.approx(1, rel=0.03)
