import fluorescence as tool
import numpy as np
import pytest


@pytest.mark.parametrize("grain", [0.0, 0.7])
def test_a_camera_adds_the_variance_of_photons_and_of_reading(grain: float) -> None:
    camera = tool.Camera(photons=50, read_noise=0.05, grain=grain, brightest=0.8, offset=0.1)
    light = np.full((400, 400), 0.6)
    noisy, clean = camera.pair(light, np.random.default_rng(0))
    assert set(np.unique(clean)) == {round(255 * (0.1 + 0.8 * 0.6))}
    noise = noisy.astype(float) - 255 * (0.1 + 0.8 * 0.6)
    assert noise.mean() == pytest.approx(0, abs=0.3)
    expected = (255 * 0.8) ** 2 * (0.6 / 50 + 0.05**2) + 1 / 12
    assert noise.var() == pytest.approx(expected, rel=0.03)
    beside = (noise[:, 1:] * noise[:, :-1]).mean() / noise.var()
    # A gaussian blur of width s leaves a correlation of exp(-1 / (4 s²)) between neighbours.
    assert beside == pytest.approx(np.exp(-1 / (4 * grain**2)) if grain else 0, abs=0.03)


def test_scenes_are_dark_with_few_bright_places() -> None:
    for number in range(6):
        random = np.random.default_rng(number)
        image = tool.optics(tool.drawn_scene(random), random)
        assert image.shape == (tool.SIDE, tool.SIDE)
        assert image.min() == 0
        assert np.percentile(image, 99.9) == pytest.approx(1)
    photo = np.linspace(0, 1, 300 * 400).reshape(300, 400)
    assert np.median(tool.photograph_scene(photo, np.random.default_rng(1))) < 0.4


def test_the_same_seed_draws_the_same() -> None:
    for draw in tool.STRUCTURES:
        one, other = (draw(np.random.default_rng(3)) for _ in range(2))
        assert np.array_equal(one, other)
        assert one.min() >= 0
