"""Detail that comes back: texture does, noise does not, and brightness stays."""

import numpy as np
import pytest
from numpy.typing import NDArray

from unnoise.denoiser.detail import REACH, Removed, recover, split

Floats = NDArray[np.float32]
RANDOM = np.random.default_rng(0)


def blurred(plane: Floats, times: int = 12) -> Floats:
    """Return what a model that blurs too much makes of an image."""
    made = plane.astype(np.float64)
    for _ in range(times):
        wide = np.pad(made, 1, "reflect")
        made = (4 * made + wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:]) / 8
    return made.astype(np.float32)


def noise(shape: tuple[int, int], *, grain: bool = False) -> Floats:
    made = RANDOM.normal(0, 0.05, shape).astype(np.float32)
    return blurred(made, 1) if grain else made


@pytest.mark.parametrize("grain", [False, True])
def test_flat_noise_adds_less_than_a_twentieth_of_its_variance(grain: bool) -> None:
    removed = noise((384, 384), grain=grain)
    after = np.full_like(removed, 0.4)
    texture = recover(after + removed, after, Removed.of(after + removed, after))
    assert texture.var() < 0.05 * removed.var()


def test_noise_that_grows_with_brightness_is_noise_everywhere() -> None:
    after = np.tile(np.linspace(0.1, 0.9, 512, dtype=np.float32), (512, 1))
    removed = noise((512, 512)) * (0.3 + 2 * after)
    texture = recover(after + removed, after, Removed.of(after + removed, after))
    for part in np.split(np.arange(512), 8):
        assert texture[:, part].var() < 0.05 * removed[:, part].var()


def test_texture_that_was_blurred_away_comes_back() -> None:
    clean = np.full((384, 384), 0.5, np.float32)
    y, x = np.mgrid[:96, :96]
    clean[96:192, 96:192] += 0.1 * np.sin(x) * np.sin(1.3 * y)
    before = clean + noise(clean.shape)
    after = blurred(before)
    made = after + recover(before, after, Removed.of(before, after))
    patch = slice(100, 188), slice(100, 188)
    errors = [float(np.mean((each - clean)[patch] ** 2)) for each in (after, made)]
    assert errors[1] < 0.75 * errors[0]
    flat = slice(250, 380), slice(250, 380)
    errors = [float(np.mean((each - clean)[flat] ** 2)) for each in (after, made)]
    assert errors[1] < errors[0] + 0.05 * 0.05**2


def test_texture_of_a_brightness_of_its_own_is_no_noise() -> None:
    clean = np.full((384, 384), 0.5, np.float32)
    clean[100:200] = 0.6 + 0.1 * np.sin(1.1 * np.arange(384, dtype=np.float32))
    before = clean + noise(clean.shape)
    after = blurred(before)
    texture = recover(before, after, Removed.of(before, after))
    errors = [np.mean((each - clean)[110:190] ** 2) for each in (after, after + texture)]
    assert errors[1] < 0.8 * errors[0]
    assert texture[250:].var() < 0.05 * 0.05**2


def test_bands_add_up_and_the_lowest_is_left() -> None:
    plane = noise((80, 90))
    low = plane - sum(split(plane))
    assert low.std() < 0.2 * plane.std()
    assert abs(sum(band.mean() for band in split(plane + np.float32(0.3)))) < 1e-3


def test_nothing_is_brought_back_where_nothing_is_known_of_the_noise() -> None:
    small = noise((15, 15))
    after = np.zeros_like(small)
    assert not recover(small, after, Removed.of(small, after)).any()
    before = noise((64, 64))
    nowhere = np.ones(before.shape, bool)
    after = np.zeros_like(before)
    assert not recover(before, after, Removed.of(before, after, nowhere)).any()


def test_a_cut_decides_only_as_far_as_it_says() -> None:
    before = noise((256, 256))
    before[90:150] += 0.3 * np.sin(np.arange(256, dtype=np.float32))
    after = blurred(before)
    found = Removed.of(before, after)
    whole = recover(before, after, found)
    assert whole.std() > 0.01
    part = slice(128 - REACH, 200 + REACH), slice(70 - REACH, 190 + REACH)
    inside = recover(before[part], after[part], found)[REACH:-REACH, REACH:-REACH]
    np.testing.assert_allclose(inside, whole[128:200, 70:190], atol=1e-5)
