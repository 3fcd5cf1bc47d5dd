"""Neighbours: related images help and unrelated ones do not; cuts differ from motion."""

from pathlib import Path

import numpy as np
import pytest
from scenes import PLAIN, Image, noise
from scipy.ndimage import gaussian_filter

from unnoise.facts import gain, is_cut, likeness, noise_correlation
from unnoise.images import read_stack


def texture(seed: int, side: int = 256, width: float = 4.0) -> Image:
    """Return structure of ``width`` pixels, with a standard deviation of 40, ``(H, W, 1)``."""
    drawn = np.random.default_rng(seed).standard_normal((side, side))
    smooth = gaussian_filter(drawn, width, mode="wrap")
    scaled: Image = 128 + 40 * (smooth / smooth.std())[..., None]
    return scaled


def vignette(side: int = 256) -> Image:
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    darker: Image = (1 - 0.3 * (x**2 + y**2))[..., None]
    return darker


def noisy(images: list[Image], std: float, grain: float = 0.0) -> list[Image]:
    return [
        image + noise(image.shape, std, grain=grain, seed=10 + place)
        for place, image in enumerate(images)
    ]


@pytest.mark.parametrize("std", [5, 25, 50])
@pytest.mark.parametrize(("grain", "distance"), [(0.0, 1), (0.7, 2)])
def test_images_of_one_scene_help_and_more_of_them_help_more(
    std: float, grain: float, distance: int
) -> None:
    images = noisy([texture(0)] * 7, std, grain)
    counts = [gain(images[0], images[1 : 1 + count], distance=distance) for count in (2, 6)]
    few, many = counts
    assert few is not None
    assert many is not None
    assert few.helps
    assert many.better > few.better > 0.01


@pytest.mark.parametrize("std", [0, 5, 25, 50])
@pytest.mark.parametrize(("grain", "distance"), [(0.0, 1), (0.7, 2)])
@pytest.mark.parametrize("shading", [False, True])
def test_unrelated_images_do_not_even_under_one_vignette(
    std: float, grain: float, distance: int, shading: bool
) -> None:
    images = [texture(seed) * (vignette() if shading else 1) for seed in range(7)]
    for count in (2, 6):
        seen = noisy(images, std, grain) if std else images
        found = gain(seen[0], seen[1 : 1 + count], distance=distance)
        assert found is None or (not found.helps and found.better < 0.001)


def test_shading_alone_does_not_help() -> None:
    images = noisy([200 * vignette()] * 3, 20)
    found = gain(images[0], images[1:])
    assert found is not None
    assert not found.helps


def test_the_gain_falls_with_motion_and_with_the_distance_of_slices() -> None:
    whole = texture(0, 512)
    found = []
    for speed in (0, 2, 6, 40):
        images = [np.roll(whole, speed * place, 1)[:256, :256] for place in (0, -1, 1)]
        seen = noisy(images, 20)
        measured = gain(seen[0], seen[1:])
        assert measured is not None
        found.append(measured)
    betters = [each.better for each in found]
    assert betters == sorted(betters, reverse=True)
    assert [each.helps for each in found] == [True, True, True, False]


def test_the_unit_and_the_dtype_do_not_matter() -> None:
    images = noisy([texture(0)] * 3, 20)
    expected = gain(images[0], images[1:])
    assert expected is not None
    counts = [np.rint(64 * (image + 200)).astype(np.uint16) for image in images]
    found = gain(counts[0], counts[1:])
    assert found is not None
    assert found.better == pytest.approx(expected.better, rel=1e-3)


def test_beside_nearly_clean_images_the_error_is_the_noise() -> None:
    image = texture(0)
    clearer = [image + noise(image.shape, 2, seed=seed) for seed in (21, 22)]
    seen = image + noise(image.shape, 20, seed=20)
    found = gain(seen, clearer)
    assert found is not None
    low, high = np.quantile(seen, (0.001, 0.999))
    # Of means of 2 × 2 pixels.
    assert found.noise == pytest.approx((10 / (high - low)) ** 2, rel=0.1)
    assert found.beside == pytest.approx((10 / (high - low)) ** 2, rel=0.1)
    assert found.beyond is not None
    assert found.beyond > 5 * found.better


def test_hot_pixels_of_a_camera_look_like_a_still_scene() -> None:
    hot = np.random.default_rng(9).random((256, 256, 1)) < 0.005
    images = [np.where(hot, 400, each) for each in noisy([texture(k) for k in range(3)], 5)]
    found = gain(images[0], images[1:])
    assert found is not None
    assert found.helps  # as the docstring states


@pytest.mark.parametrize("image", [*PLAIN, texture(0, 16), np.zeros((16, 1, 3))])
def test_plain_and_tiny_images_tell_nothing(image: Image) -> None:
    found = gain(image, [image, image])
    assert found is None or found.better >= 0
    assert likeness(image, image) in (None, 1.0)
    assert not is_cut(image, image)


@pytest.mark.parametrize("std", [0, 25, 50])
@pytest.mark.parametrize("grain", [0.0, 0.7])
def test_a_cut_is_told_from_motion_flashes_and_fades(std: float, grain: float) -> None:
    def pair(before: Image, after: Image) -> list[Image]:
        return noisy([before, after], std, grain) if std else [before, after]

    whole = texture(0, 512, 8)
    first = whole[:400, :400]
    assert is_cut(*pair(first, texture(1, 400, 8)))
    for after in (
        first,
        whole[:400, 10:410],
        whole[20:420, :400],
        (1.5 * first + 20).clip(0, 255),
        0.8 * first,
        -20 + first,
    ):
        found = likeness(*pair(first, after))
        assert found is not None
        assert found > 0.7


def test_the_likeness_is_the_correlation_of_the_structure() -> None:
    one, other = (texture(seed, 512, 8) - 128 for seed in (0, 1))
    for share in (0.3, 0.6, 0.9):
        mixed = share * one + (1 - share**2) ** 0.5 * other
        found = likeness(*noisy([one, mixed], 30, 0.7))
        assert found == pytest.approx(share, abs=0.12)


def test_black_bars_and_a_vignette_do_not_hide_a_cut() -> None:
    one, other = (texture(seed, 400, 8) * vignette(400) for seed in (0, 1))
    for image in (one, other):
        image[:50] = image[-50:] = 0
    assert is_cut(*noisy([one, other], 20))


def test_noise_alone_is_no_cut() -> None:
    for grain in (0.0, 0.7, 1.2):
        images = noisy([np.full((300, 300, 1), 100.0)] * 2, 30, grain)
        assert likeness(*images) is None
        assert not is_cut(*images)


def test_black_frames_are_no_cut() -> None:
    assert not is_cut(np.zeros((256, 256, 3), np.uint8), texture(0, width=8))


def test_real_captures_of_one_field_help_and_those_of_others_do_not(shared_data: Path) -> None:
    folder = shared_data / "microscopy/noisy"
    if not folder.is_dir():
        pytest.skip("no microscopy/ among the real images")
    names = sorted({path.name[:-6] for path in folder.glob("*_1.png")})
    images = {(n, k): read_stack(folder / f"{n}_{k}.png")[0][0] for n in names for k in (1, 2, 3)}
    for place, name in enumerate(names):
        correlation = noise_correlation(images[name, 1])
        distance = correlation.stride if correlation else 1
        same = gain(images[name, 1], [images[name, 2], images[name, 3]], distance=distance)
        others = [images[names[place - k], 1] for k in (1, 2)]
        mixed = gain(images[name, 1], others, distance=distance)
        assert same is not None
        assert mixed is not None
        assert same.better > 0.05, name
        assert same.helps, name
        assert not mixed.helps, name


def test_neighbours_help_in_a_real_film_with_strong_noise(shared_data: Path) -> None:
    path = shared_data / "timelapse/water.tif"
    if not path.is_file():
        pytest.skip("no timelapse/ among the real images")
    film = read_stack(path)[0]
    for stride in (1, 4):
        frames = [film[32 + stride * place].astype(np.float64) for place in (0, -1, 1)]
        seen = noisy(frames, 25.5)
        found = gain(seen[0], seen[1:])
        assert found is not None
        assert found.helps
