"""Noise that was cut off is counted; margins, skies and counts of photons are not."""

import numpy as np
import pytest
from scenes import PLAIN, Image, noise, scene

from unnoise.facts import cut_off
from unnoise.facts.ends import CUT


def test_noise_that_was_cut_off_is_counted() -> None:
    dark = np.zeros((128, 128, 1))
    dark[:, 64:] = 200
    image = np.clip(np.rint(dark + noise(dark.shape, 20)), 0, 255)
    assert cut_off(image) == pytest.approx(0.25, abs=0.03)  # half of the dark half
    assert cut_off(dark + noise(dark.shape, 20)) == 0


def test_margins_skies_and_counts_are_not() -> None:
    image = np.clip(scene() + noise((256, 256, 1), 3), 1, 254)
    image[:40], image[:, 200:] = 0, 255
    assert cut_off(image) < CUT / 5
    assert cut_off(np.random.default_rng(0).poisson(0.3, (64, 64, 1))) == 0


@pytest.mark.parametrize("image", PLAIN)
def test_plain_images_have_none(image: Image) -> None:
    assert cut_off(image) == 0
