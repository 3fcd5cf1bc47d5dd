"""The blend over time: less flicker where a scene stands still, no trail where it changes."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, uniform_filter

from unnoise.denoiser.blending import Steadier, doubled, find_changes, halved, noise_in
from unnoise.types import Floats, Mask

SIDE, COUNT = 128, 24
NO_WORSE = 10**0.005  # ratio of errors: 0.05 dB
Y, X = np.mgrid[:SIDE, :SIDE]
SCENE = (0.5 + 0.2 * np.sin(X / 9) * np.cos(Y / 7))[None].astype(np.float32)
TEXTURE = gaussian_filter(np.random.default_rng(5).standard_normal((1, 200, 300)), (0, 2, 2))
TEXTURE = (0.5 + 0.15 * TEXTURE / TEXTURE.std()).astype(np.float32)
TEXTURE[:, 50:] = 0.5  # photographs have flat parts


def add_noise(clean: Floats, sigma: float | Floats = 0.1) -> Floats:
    random = np.random.default_rng(0)
    return (clean + sigma * random.standard_normal(clean.shape)).astype(np.float32)


def restore(images: Floats) -> Floats:
    """Return results of a denoiser with a known answer: means of 5 × 5 pixels."""
    return np.asarray(uniform_filter(images, (0, 0, 5, 5), mode="nearest"))


def blend(images: Floats, results: Floats, lacks: list[Mask] | None = None) -> Floats:
    steadier = Steadier()
    masks: list[Mask | None] = list(lacks) if lacks else [None] * len(images)
    return np.stack([steadier.blend(*each) for each in zip(images, results, masks, strict=True)])


def still(count: int = COUNT, channels: int = 1) -> Floats:
    return np.repeat(np.repeat(SCENE[None], count, 0), channels, 1)


def squares(step: int, contrast: float, side: int = 24) -> tuple[Floats, Mask]:
    """Return a film of a square that moves, and where it is."""
    film, inside = still(), np.zeros((COUNT, SIDE, SIDE), bool)
    for index in range(COUNT):
        inside[index, 50 : 50 + side, 4 + step * index : 4 + step * index + side] = True
    film[:, 0][inside] += np.float32(contrast)
    return film, inside


def errors(images: Floats, clean: Floats) -> Floats:
    squared: Floats = np.square(images - clean).mean(1)
    return squared


@pytest.mark.parametrize("sigma", [0.01, 0.1, 0.3])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_still_scene_flickers_less_than_half(sigma: float, channels: int) -> None:
    clean = still(30, channels)
    noisy = add_noise(clean, sigma)
    results = restore(noisy)
    found = blend(noisy, results)
    assert found.std(0).mean() < 0.5 * results.std(0).mean()
    assert errors(found, clean).mean() < errors(results, clean).mean()
    np.testing.assert_array_equal(found[0], results[0])
    np.testing.assert_array_equal(found, blend(noisy, results))


def test_it_is_the_mean_of_the_last_results_where_nothing_seems_to_change() -> None:
    noisy = add_noise(np.zeros((60, 1, SIDE, SIDE), np.float32))
    found = blend(noisy, noisy)
    # A mean of 16, whose weights fall, has 1 / 33 of the variance. False alarms add to it.
    blocks = np.square(found[-1]).reshape(16, 8, 16, 8).mean((1, 3))
    assert 0.7 / 33 < blocks.min() / noisy.var() < 3 / 33
    assert found[-1].var() < 0.25 * noisy.var()


@pytest.mark.parametrize("sigma", [0.04, 0.1, 0.2])
@pytest.mark.parametrize("step", [1, 5])
def test_a_pan_is_no_worse(sigma: float, step: int) -> None:
    clean = np.stack([TEXTURE[:, :SIDE, t * step : t * step + SIDE] for t in range(COUNT)])
    noisy = add_noise(clean, sigma)
    results = restore(noisy)
    found = errors(blend(noisy, results), clean)
    assert found.mean() < NO_WORSE * errors(results, clean).mean()


@pytest.mark.parametrize("sigma", [0.04, 0.1])
@pytest.mark.parametrize("step", [1, 4])
def test_a_moving_square_leaves_no_trail(sigma: float, step: int) -> None:
    clean, inside = squares(step, 0.4)
    noisy = add_noise(clean, sigma)
    results = restore(noisy)
    before, after = (errors(each, clean)[1:] for each in (results, blend(noisy, results)))
    left = inside[:-1] & ~inside[1:]
    for place in (left, inside[1:], np.ones_like(left)):
        assert after[place].mean() < NO_WORSE * before[place].mean()


@pytest.mark.parametrize("change", ["cut", "flash", "appears"])
def test_what_changes_at_once_is_shown_at_once(change: str) -> None:
    clean = still(12)
    if change == "cut":
        clean[6:] = TEXTURE[:, :SIDE, :SIDE]
    elif change == "flash":
        clean[6] = clean[6] * np.float32(1.3)
    else:
        clean[6:9, :, 40:70, 40:70] += np.float32(0.3)
    noisy = add_noise(clean)
    results = restore(noisy)
    before, after = (errors(each, clean) for each in (results, blend(noisy, results)))
    for index in (6, 7, 9):
        assert after[index].mean() < NO_WORSE * before[index].mean()
    changed = np.abs(clean[6] - clean[5])[0] > 0.1
    assert after[6][changed].mean() < NO_WORSE * before[6][changed].mean()


def test_without_noise_only_equal_pixels_are_blended() -> None:
    clean, inside = squares(3, 0.2)
    np.testing.assert_allclose(blend(clean, clean), clean, atol=1e-5)
    assert inside.any()


def test_images_of_a_few_pixels_stay_as_they_are() -> None:
    noisy = add_noise(still()[..., :12, :9])
    np.testing.assert_allclose(blend(noisy, restore(noisy)), restore(noisy), atol=1e-5)


@pytest.mark.parametrize("shape", [(127, 65), (16, 300), (99, 32)])
def test_any_size_is_blended(shape: tuple[int, int]) -> None:
    noisy = add_noise(np.full((20, 1, *shape), 0.5, np.float32))
    found = blend(noisy, restore(noisy))
    assert found.shape == noisy.shape
    assert found[8:].std(0).mean() < 0.6 * restore(noisy)[8:].std(0).mean()


def test_pixels_without_data_are_never_blended() -> None:
    noisy = add_noise(still())
    lacks = np.zeros((COUNT, SIDE, SIDE), bool)
    lacks[:, 20:30, 20:33] = True  # in all images
    lacks[10, 61:80, 61:80] = True  # in one
    noisy[:, 0][lacks] = 0.9  # invented
    results = restore(noisy)
    found = blend(noisy, results, list(lacks))
    np.testing.assert_array_equal(found[:, 0][lacks], results[:, 0][lacks])
    after = (slice(11, 12), slice(None), slice(61, 80), slice(61, 80))
    np.testing.assert_array_equal(found[after], results[after])
    plain = (slice(12, None), slice(None), slice(90, None))
    assert found[plain].std(0).mean() < 0.5 * results[plain].std(0).mean()


def difference(clean: Floats, sigma: float | Floats) -> Floats:
    one, two = add_noise(clean[:2], sigma)
    return np.asarray(two - one)


def test_noise_is_measured_at_each_brightness() -> None:
    ramp = np.broadcast_to(np.linspace(0.1, 0.9, 512, dtype=np.float32), (2, 1, 256, 512))
    sigma = np.sqrt(0.02 * ramp)
    found = noise_in(difference(ramp, sigma), halved(ramp[0]), np.full((128, 256), 2, np.float32))
    assert found is not None
    wanted = 0.02 * halved(ramp[0])[0, 0]
    np.testing.assert_allclose(found[0].mean(0)[32:-32], wanted[32:-32], rtol=0.2)


@pytest.mark.parametrize("step", [0, 1, 5])
def test_motion_is_not_taken_for_noise(step: int) -> None:
    clean = np.stack([TEXTURE[:, :SIDE, t * step : t * step + SIDE] for t in range(2)])
    cells = np.ones((SIDE // 2, SIDE // 2), np.float32)
    found = noise_in(difference(clean, 0.1), halved(clean[0]), 2 * cells)
    assert found is not None
    np.testing.assert_allclose(np.sqrt(found.mean()), 0.1, rtol=0.1)


def test_black_bars_and_holes_do_not_hide_the_noise() -> None:
    found = []
    for bars in (0, 32):
        clean, sigma = still(2), np.full((2, 1, SIDE, SIDE), 0.1, np.float32)
        clean[:, :, :bars] = sigma[:, :, :bars] = 0
        cells = np.ones((SIDE // 2, SIDE // 2), np.float32)
        cells[50:] = 1e6  # holes
        noise = noise_in(difference(clean, sigma), halved(clean[0]), 1 + cells)
        assert noise is not None
        found.append(float(noise[0, 30, 30]))
    np.testing.assert_allclose(np.sqrt(found), 0.1, rtol=0.1)


def test_noise_with_a_grain_is_mostly_no_change() -> None:
    random = np.random.default_rng(0)
    noise = gaussian_filter(random.standard_normal((COUNT, 1, SIDE, SIDE)), (0, 0, 0.8, 0.8))
    noisy = (still() + 0.1 * noise / noise.std()).astype(np.float32)
    results = np.asarray(uniform_filter(noisy, (0, 0, 9, 9), mode="nearest"))
    found = blend(noisy, results)
    assert found[8:].std(0).mean() < 0.8 * results[8:].std(0).mean()


def test_a_faint_change_of_an_area_is_seen() -> None:
    clean = still(2)
    clean[1, :, 32:96, 32:96] += np.float32(0.04)  # less than half of the noise
    noisy = add_noise(clean)
    cells = np.ones((SIDE // 2, SIDE // 2), np.float32)
    found = find_changes(noisy[1] - noisy[0], clean[0], noisy[1] - clean[1], cells)
    inside, outside = found[20:44, 20:44], np.delete(found, slice(14, 50), axis=0)
    assert inside.mean() > 5 * outside.mean()


def test_cells_keep_the_mean_and_a_slope() -> None:
    image = np.random.default_rng(0).random((2, 6, 8), np.float32)
    np.testing.assert_allclose(halved(image).mean(), image.mean(), rtol=1e-6)
    slope = np.broadcast_to(np.arange(8, dtype=np.float32), (6, 8))
    np.testing.assert_allclose(doubled(halved(slope), (6, 8))[1:-1, 1:-1], slope[1:-1, 1:-1])
    assert doubled(halved(image[0, :5, :7]), (5, 7)).shape == (5, 7)
