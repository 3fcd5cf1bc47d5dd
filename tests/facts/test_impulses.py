"""Impulses are counted; noise, counts of photons, lines and corners are none."""

import numpy as np
import pytest
from scenes import PLAIN, Image, noise, scene
from scipy.ndimage import gaussian_filter

from unnoise.facts import impulses, impulses_left
from unnoise.facts.impulses import MANY


@pytest.mark.parametrize("share", [0.01, 0.02, 0.1])
@pytest.mark.parametrize("std", [0.0, 8.0])
def test_salt_and_pepper_is_counted(share: float, std: float) -> None:
    image = scene() + noise((256, 256, 1), std)
    draw = np.random.default_rng(0).random(image.shape)
    image[draw < share / 2], image[draw > 1 - share / 2] = 0, 255
    # Black on black is none.
    assert 0.4 * share < impulses(image) <= 1.1 * share


@pytest.mark.parametrize("std", [0.0, 5.0, 50.0])
def test_scenes_and_noise_have_none(std: float) -> None:
    assert impulses(scene(channels=3) + noise((256, 256, 3), std)) < MANY / 4


@pytest.mark.parametrize("brightest", [0.5, 3.0, 30.0])
def test_counts_of_photons_have_none(brightest: float) -> None:
    counts = np.random.default_rng(0).poisson(scene() / 255 * brightest).astype(np.uint16)
    assert impulses(counts) < MANY


@pytest.mark.parametrize("image", PLAIN)
def test_plain_images_have_few(image: Image) -> None:
    assert 0 <= impulses(image) < MANY


def test_a_smeared_impulse_has_left_a_trace_and_a_replaced_one_none() -> None:
    clean = scene()
    image, draw = clean.copy(), np.random.default_rng(0).random(clean.shape)
    image[draw < 0.005], image[draw > 0.995] = 0, 255
    smeared = clean + gaussian_filter(image - clean, (1, 1, 0)) * 4
    assert impulses(smeared) < MANY
    assert impulses_left(image, smeared) > 0.5
    assert impulses_left(image, clean) == 0
    assert impulses_left(image, image) == 1


@pytest.mark.parametrize("image", PLAIN)
def test_plain_images_leave_few(image: Image) -> None:
    assert 0 <= impulses_left(image, image) <= 1
