"""Phases: a mosaic is known by its four phases, whatever its noise."""

from pathlib import Path

import numpy as np
import pytest
from scenes import PLAIN, Image, noise, scene

from unnoise.facts import MOSAIC, is_mosaic, phases
from unnoise.images import open_image


def mosaic(gains: tuple[float, float, float]) -> Image:
    colours = scene(channels=3) * gains
    image = colours[..., 1].copy()
    image[::2, ::2], image[1::2, 1::2] = colours[::2, ::2, 0], colours[1::2, 1::2, 2]
    return image[..., None]


@pytest.mark.parametrize("gains", [(0.5, 1, 0.7), (1, 1, 1), (2, 1, 1.6)])
@pytest.mark.parametrize("std", [0, 4, 20])
def test_a_mosaic_is_known(gains: tuple[float, float, float], std: float) -> None:
    found = phases(mosaic(gains) + noise((256, 256, 1), std))
    assert found is not None
    assert found > MOSAIC


@pytest.mark.parametrize("grain", [0.0, 0.7])
@pytest.mark.parametrize("std", [0.5, 5, 50])
def test_scenes_and_noise_are_no_mosaic(grain: float, std: float) -> None:
    found = phases(scene(channels=3) + noise((256, 256, 3), std, grain=grain))
    assert found is not None
    assert found < MOSAIC / 2


def test_lines_of_noise_are_no_mosaic() -> None:
    found = phases(scene() + noise((256, 1, 1), 10) + noise((256, 256, 1), 5))
    assert found is not None
    assert found < MOSAIC


def test_a_checkerboard_is_one_and_plain_images_are_none() -> None:
    board, found = PLAIN[4], [phases(image) for image in PLAIN]
    assert [each for each in found if each is not None and each > MOSAIC] == [phases(board)]
    assert phases(scene(20, 20)) is None


@pytest.mark.parametrize("std", [0, 4, 20])
def test_a_mosaic_is_one_beyond_doubt(std: float) -> None:
    assert is_mosaic(mosaic((0.5, 1, 0.7)) + noise((256, 256, 1), std))
    assert not is_mosaic(scene() + noise((256, 256, 1), std))


def test_a_trace_of_a_mosaic_is_none() -> None:
    plain = np.kron(scene()[::4, ::4], np.ones((4, 4, 1)))
    plain[::2, ::2] += 0.5  # of 255, without noise
    found = phases(plain)
    assert found is not None
    assert found > MOSAIC
    assert not is_mosaic(plain)


def test_no_real_image_is_taken_for_a_mosaic(shared_data: Path) -> None:
    kinds = ("camera/clean", "camera/noisy", "documents/noisy", "microscopy/clean", "timelapse")
    paths = [path for kind in kinds for path in sorted((shared_data / kind).iterdir())]
    assert len(paths) > 50
    for path in paths:
        with open_image(path) as reader:
            image = reader.image(0)[..., : reader.channels]
        for channel in range(image.shape[2]):
            assert not is_mosaic(image[..., channel, None]), (path, channel)
