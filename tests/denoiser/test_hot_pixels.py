"""Hot and dead pixels are found; stars, lines, edges and texture are left alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from unnoise.denoiser.hot_pixels import REACH, describe, find_hot_pixels, replace_pixels
from unnoise.images import read_stack

RANDOM = np.random.default_rng(0)


def find(image: NDArray[Any]) -> NDArray[np.bool_]:
    """Find those of ``(H, W)`` or ``(H, W, 3)``."""
    planes = np.moveaxis(np.atleast_3d(image), -1, 0)[None].astype(np.float32)
    found = find_hot_pixels(planes, colours=planes.shape[1] == 3)
    where: NDArray[np.bool_] = np.moveaxis(found[0], 0, -1).reshape(image.shape)
    return where


@pytest.mark.parametrize("channels", [1, 3])
def test_one_in_a_thousand_is_found_in_noise_and_nothing_else(channels: int) -> None:
    y, x = np.mgrid[:400, :400] / 400
    clean = 0.5 + 0.2 * np.sin(3 * x + 4 * y)[..., None] * np.ones(channels)
    noisy = clean + RANDOM.normal(0, 0.02, clean.shape)
    bad = RANDOM.random(clean.shape) < 1e-3
    noisy[bad] = RANDOM.integers(0, 2, bad.sum())
    found = find(noisy.squeeze().astype(np.float32)).reshape(bad.shape)
    assert (found & bad).sum() > 0.95 * bad.sum()
    assert (found & ~bad).mean() < 1e-5


def test_photographs_are_left_alone(shared_data: Path) -> None:
    files = sorted((shared_data / "photos/train").glob("*.jpg"))[5::75]
    found = recall = bad = pixels = 0
    for path in files:
        image = read_stack(path)[0][0].astype(np.float32) / 255
        found += find(image).sum()
        pixels += image.size
        injected = RANDOM.random(image.shape) < 1e-3
        changed = np.where(injected, (image < 0.5).astype(np.float32), image)  # by a half at least
        recall += (find(changed) & injected).sum()
        bad += injected.sum()
    assert found < 1e-5 * pixels
    assert recall > 0.95 * bad


def test_what_is_no_single_pixel_is_left_alone() -> None:
    image = np.full((80, 80), 0.1)
    y, x = np.mgrid[:80, :80]
    image += 0.8 * np.exp(-((y - 20) ** 2 + (x - 20) ** 2) / (2 * 0.7**2))  # a star
    image[50, 5:40] = 0.9  # a line and its ends
    image[np.arange(30), 40 + np.arange(30)] = 0.9  # aslant
    image[60:, 60:] = 0.7  # a corner
    image[62:78, 10:40] = (y + x)[62:78, 10:40] % 2 * 0.5  # a texture of single pixels
    assert not find(image + RANDOM.normal(0, 0.003, image.shape)).any()


def test_a_glint_is_bright_in_all_channels_and_a_hot_pixel_in_one() -> None:
    image = 0.3 + RANDOM.normal(0, 0.01, (40, 40, 3))
    image[10, 10] = 1
    image[20, 20, 1] = 1
    image[0, 39, 2] = 0  # at a corner
    assert list(zip(*np.nonzero(find(image)), strict=True)) == [(0, 39, 2), (20, 20, 1)]


def test_a_cut_decides_only_as_far_as_it_says() -> None:
    image = RANDOM.normal(0.5, 0.04, (120, 120))
    image[RANDOM.random(image.shape) < 0.01] = 1
    part = find(image[30 - REACH : 90 + REACH, 40 - REACH :])[REACH:-REACH, REACH:]
    np.testing.assert_array_equal(part, find(image)[30:90, 40:])
    assert part.any()


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, ">u2"])
def test_a_pixel_becomes_the_median_of_its_good_neighbours(dtype: Any) -> None:
    image = np.arange(25).reshape(1, 5, 5, 1).astype(dtype)
    bad, lacks = np.zeros((2, *image.shape), bool)
    bad[0, 2, 2] = bad[0, 2, 3] = True
    lacks[0, 1, 1] = True
    made = replace_pixels(image, bad, lacks)
    # 7, 8, 11, 16, 17, 18 are good
    assert made.dtype == image.dtype
    assert made[0, 2, 2, 0] == (14 if np.dtype(dtype).kind in "iu" else 13.5)
    np.testing.assert_array_equal(made[~bad], image[~bad])
    alone = replace_pixels(image, np.ones_like(bad), None)
    np.testing.assert_array_equal(alone, image)  # nothing to go by


def test_what_is_said() -> None:
    assert describe(0, 100) == "no hot or dead pixel was found"
    assert describe(1, 1000) == "1 hot or dead pixel was replaced"
    assert describe(1200, 2_000_000) == "1,200 hot or dead pixels were replaced"
    assert "12.0 % of all: this is noise of another kind" in describe(12, 100)
