"""The pattern of a stride goes, and nothing else does."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from unnoise.denoiser.networks import level, reach

Floats = NDArray[np.float32]
SIDE = 144
STD = 0.1  # of the noise
STRIDES = pytest.mark.parametrize("stride", [2, 3, 4])


def noise(seed: int = 0) -> Floats:
    found = STD * np.random.default_rng(seed).standard_normal((1, 1, SIDE, SIDE))
    return found.astype(np.float32)


def denoised_apart(noisy: Floats, stride: int) -> Floats:
    """Smooth each interleaved image by itself: as a network does in flat places."""
    made = np.empty_like(noisy)
    for y in range(stride):
        for x in range(stride):
            part = noisy[..., y::stride, x::stride]
            made[..., y::stride, x::stride] = gaussian_filter(part, (0, 0, 2, 2))
    return made


def slope() -> Floats:
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    made: Floats = (0.3 + 0.4 * x + 0.2 * np.sin(3 * y))[None, None].astype(np.float32)
    return made


def pattern(stride: int) -> Floats:
    """Return a texture of the stride's period, twice as strong as the noise, ``(1, 1, H, W)``."""
    cell = np.random.default_rng(1).standard_normal((stride, stride))
    cell = (cell - cell.mean()) / cell.std() * 2 * STD
    return np.tile(cell, (SIDE // stride, SIDE // stride))[None, None].astype(np.float32)


def energy(images: Floats, stride: int) -> float:
    """Return the mean energy of what the mean over a period does not show, inside the borders."""
    inner = images[0, 0, 24:-24, 24:-24].astype(np.float64)
    power = np.abs(np.fft.fft2(inner - inner.mean())) ** 2 / inner.size**2
    rows, columns = np.abs(np.fft.fftfreq(len(inner))), np.abs(np.fft.fftfreq(len(inner)))
    return float(power[np.maximum.outer(rows, columns) > 0.75 / stride].sum())


@STRIDES
def test_in_flat_places_the_pattern_goes(stride: int) -> None:
    noisy = slope() + noise()
    made = denoised_apart(noisy, stride)
    found = level(made, noisy, stride)
    error, before = found - slope(), made - slope()
    assert energy(error, stride) < 0.05 * energy(before, stride)
    assert np.square(error[..., 24:-24, 24:-24]).mean() < np.square(before).mean()


@STRIDES
def test_a_texture_of_that_period_stays_as_in_a_mosaic(stride: int) -> None:
    clean = slope() + pattern(stride)
    noisy = clean + noise()
    made = slope() + denoised_apart(noisy - slope(), stride)
    found = level(made, noisy, stride)
    for y in range(stride):
        for x in range(stride):
            phase = (..., slice(y, None, stride), slice(x, None, stride))
            assert abs((found - made)[phase].mean()) < 0.03 * STD
    assert np.square(found - clean).mean() < 1.02 * np.square(made - clean).mean()


@STRIDES
def test_means_over_a_period_and_images_without_noise_stay(stride: int) -> None:
    noisy = slope() + noise()
    made = denoised_apart(noisy, stride)
    moved = level(made, noisy, stride) - made
    cells = moved.reshape(SIDE // stride, stride, SIDE // stride, stride).mean((1, 3))
    assert abs(moved.mean()) < 1e-3 * STD
    assert cells.std() < 0.1 * STD
    smooth = slope()
    assert np.abs(level(smooth, smooth, stride) - smooth).max() < 2e-3
    shifted = level(made, noisy + 1, stride) - level(made, noisy, stride)
    assert np.abs(shifted).max() < 1e-3


@STRIDES
def test_it_looks_no_farther_than_it_says(stride: int) -> None:
    noisy = slope() + noise()
    made = denoised_apart(noisy, stride)
    before = level(made, noisy, stride)
    middle = SIDE // 2
    changed, restored = noisy.copy(), made.copy()
    changed[..., middle, middle] += 1
    restored[..., middle, middle] += 0.5
    moved = np.abs(level(restored, changed, stride) - before)[0, 0]
    rows, columns = np.nonzero(moved > 1e-6)
    assert 0 < np.abs(rows - middle).max() <= reach(stride)
    assert np.abs(columns - middle).max() <= reach(stride)


def test_all_is_finite_where_nothing_varies_and_images_may_be_small() -> None:
    flat = np.full((2, 3, 2, 4), 0.5, np.float32)
    np.testing.assert_allclose(level(flat, flat, 2), flat, atol=1e-6)
    assert level(flat, flat, 2).dtype == np.float32
