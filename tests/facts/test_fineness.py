"""Fineness: thin lines are told from what looks alike at half the resolution, and from texture."""

import numpy as np
import pytest
from scenes import PLAIN, Image, noise, scene
from scipy.ndimage import gaussian_filter

from unnoise.facts import fineness


def threads(width: float, seed: int = 0) -> Image:
    """Return bent bright lines on black, 0 to about 140, ``(256, 256, 1)``."""
    random, image = np.random.default_rng(seed), np.zeros((256, 256))
    for _ in range(4):
        place, angle = random.uniform(40, 216, 2), random.uniform(0, 6.28)
        for _ in range(300):
            angle += random.normal(0, 0.1)
            place = (place + 0.4 * np.array([np.sin(angle), np.cos(angle)])) % 256
            image[tuple(place.astype(int))] = 1
    soft: Image = gaussian_filter(image, width / 2.35)[..., None]
    scaled: Image = 140 * soft / soft.max()
    return scaled


@pytest.mark.parametrize("width", [2.5, 3])
@pytest.mark.parametrize("std", [4, 8])
@pytest.mark.parametrize("scale", [1, 200])
def test_thin_lines_are_thin(width: float, std: float, scale: float) -> None:
    found = fineness(scale * (threads(width) + noise((256, 256, 1), std)))
    assert found is not None
    assert found.thin


@pytest.mark.parametrize("std", [2, 5, 10, 25, 50])
@pytest.mark.parametrize("channels", [1, 3])
def test_discs_and_wide_lines_are_not(std: float, channels: int) -> None:
    for image in (scene(channels=channels), threads(8), threads(16)):
        found = fineness(image + noise(image.shape, std))
        assert found is not None
        assert not found.thin


def test_texture_is_fine_and_not_predicted() -> None:
    texture = gaussian_filter(np.random.default_rng(3).standard_normal((256, 256)), 0.6)
    image = 40 * (texture / texture.std())[..., None]
    found = fineness(image + noise(image.shape, 4))
    assert found is not None
    assert found.hidden > 0.7
    assert found.excess > 0.5
    assert not found.thin


@pytest.mark.parametrize("side", [96, 256, 700])
def test_white_noise_does_not_count_as_structure(side: int) -> None:
    for seed in range(5):
        found = fineness(noise((side, side, 1), 10, seed=seed))
        assert found is not None
        assert found.excess < 0.012
        assert not found.thin


def test_a_hot_pixel_changes_nothing() -> None:
    image = scene() + noise((256, 256, 1), 10)
    before = fineness(image)
    image[100, 100] = 1e6
    after = fineness(image)
    assert before is not None
    assert after is not None
    assert after.excess == pytest.approx(before.excess, abs=1e-3)
    assert after.hidden == pytest.approx(before.hidden, abs=1e-2)


@pytest.mark.parametrize("image", [*PLAIN, scene(20, 20)])
def test_plain_and_tiny_images_are_not_thin(image: Image) -> None:
    found = fineness(image)
    assert found is None or not found.thin
