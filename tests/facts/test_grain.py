from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, uniform_filter1d

from unnoise.facts import noise_correlation
from unnoise.images import read_stack

Image = NDArray[np.float64]


def scene(channels: int = 1) -> Image:
    """Return a smooth picture with edges, ``(256, 256, C)``."""
    y, x = np.mgrid[:256, :256] / 256
    picture = np.sin(9 * x) * np.cos(7 * y) + (x > 0.52) + (np.hypot(x - 0.3, y - 0.6) < 0.2)
    return np.repeat(picture[..., None], channels, axis=-1)


def noise(shape: tuple[int, ...], grain: float, seed: int = 0) -> Image:
    drawn = np.random.default_rng(seed).standard_normal(shape)
    return gaussian_filter(drawn, (grain, grain, 0)) if grain else drawn


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("level", [0.1, 1.0])
@pytest.mark.parametrize(("grain", "stride"), [(0.0, 1), (0.75, 2), (1.2, 3)])
def test_the_stride_is_told_from_the_noise(
    grain: float, stride: int, level: float, channels: int
) -> None:
    drawn = noise((256, 256, channels), grain)
    found = noise_correlation(scene(channels) + level * drawn / drawn.std())
    assert found is not None
    assert found.stride == stride
    if grain == 0:
        assert np.abs(found.horizontal + found.vertical).max() < 0.1


def test_the_estimate_is_near_the_true_correlation() -> None:
    drawn = noise((256, 256, 1), 0.75)
    true = [float(np.mean(drawn[:, :-k] * drawn[:, k:]) / drawn.var()) for k in (1, 2, 3, 4)]
    found = noise_correlation(scene() + drawn / drawn.std())
    assert found is not None
    np.testing.assert_allclose(found.horizontal, true, atol=0.2)
    np.testing.assert_allclose(found.vertical, true, atol=0.2)


def test_lines_of_noise_are_seen_along_their_axis() -> None:
    lines = uniform_filter1d(noise((256, 256, 1), 0), 3, axis=1)
    found = noise_correlation(scene() + lines)
    assert found is not None
    assert found.horizontal[0] > 0.5
    assert abs(found.vertical[0]) < 0.2
    assert found.stride == 3


@pytest.mark.parametrize(
    "image", [np.zeros((64, 64, 1)), np.ones((8, 300, 1)), np.full((64, 64, 3), 7, np.uint8)]
)
def test_nothing_is_told_from_nothing(image: NDArray[np.generic]) -> None:
    assert noise_correlation(image) is None


def test_real_wide_field_noise_is_correlated_and_confocal_is_not(shared_data: Path) -> None:
    folder = shared_data / "microscopy/noisy"
    if not folder.is_dir():
        pytest.skip("no microscopy/ among the real images")
    for path in sorted(folder.glob("*.png")):
        found = noise_correlation(read_stack(path)[0][0])
        assert found is not None
        assert found.stride == (2 if path.name.startswith("WideField") else 1), path.name
