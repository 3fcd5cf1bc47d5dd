"""The noise floor: noise and texture are told apart, and what a result leaves of it."""

import numpy as np
import pytest
from scenes import PLAIN, Image, noise, scene
from scipy.ndimage import gaussian_filter

from unnoise.facts import noise_floor


@pytest.mark.parametrize("grain", [0.0, 0.7, 1.2])
@pytest.mark.parametrize("scale", [1.0, 1 / 255, 257.0])
def test_noise_is_measured_with_its_grain(grain: float, scale: float) -> None:
    drawn = noise((256, 256, 1), 6, grain=grain)
    found = noise_floor(scale * (scene() + drawn))
    assert found is not None
    assert found.noise
    assert found.grain == (grain > 0)
    # The calmest blocks vary less than all, the more so the fewer values in them are independent.
    assert found.std == pytest.approx(6 * scale, rel=0.1 + grain / 4)
    true = [np.mean(drawn[:, :-k] * drawn[:, k:]) / drawn.var() for k in (1, 2)]
    np.testing.assert_allclose(found.correlation[:2], true, atol=0.2)


def texture() -> Image:
    """Return cloth in folds: waves of all lengths, stronger here than there."""
    drawn = np.random.default_rng(0).standard_normal((256, 256))
    waves = sum(s * gaussian_filter(drawn, s, mode="wrap") for s in (1, 2, 4, 8, 16))
    folds = np.linspace(0.05, 2, 256) ** 2
    cloth: Image = (128 + 10 * folds * waves / waves.std())[..., None]
    return cloth


def test_texture_is_no_noise() -> None:
    found = noise_floor(texture())
    assert found is not None
    assert not found.noise


def test_what_a_result_leaves_is_its_share_of_the_variance() -> None:
    clean, drawn = scene(), noise((256, 256, 1), 6)
    found = noise_floor(clean + drawn)
    assert found is not None
    for share in (0.0, 0.25, 1.0):
        left = found.left(clean + drawn, clean + np.sqrt(share) * drawn)
        assert left == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("image", [*PLAIN, scene(20, 20)])
def test_of_plain_and_tiny_images_nothing_is_said(image: Image) -> None:
    assert noise_floor(image) is None


def test_uneven_noise_is_told_by_its_colours() -> None:
    strength = np.linspace(0.02, 2, 256)[:, None, None]
    grey = noise((256, 256, 1), 6, grain=1.0)
    colours = noise((256, 256, 3), 6, grain=1.0)
    for drawn, wanted in ((grey, False), (colours, True)):
        found = noise_floor(np.full((256, 256, 3), 100) + strength * drawn)
        assert found is not None
        assert found.noise == wanted
