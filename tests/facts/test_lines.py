"""Lines: noise of rows and of columns is measured, and neither edges nor text are taken for it."""

import numpy as np
import pytest
from scenes import PLAIN, Image, noise, scene

from unnoise.facts import lines


@pytest.mark.parametrize("share", [0.3, 1.0])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_noise_of_rows_and_columns_is_measured(share: float, channels: int) -> None:
    drawn = noise((256, 256, channels), 10)
    rows = noise((256, 1, 1), 10 * share, seed=1)
    for turned in (False, True):
        image = scene(channels=channels) + drawn + (rows.swapaxes(0, 1) if turned else rows)
        found = lines(image)
        assert found is not None
        assert found.direction == ("vertical" if turned else "horizontal")
        strong, weak = (found.columns, found.rows) if turned else (found.rows, found.columns)
        assert strong == pytest.approx(10 * share, rel=0.25)
        assert weak < 1


def test_noise_edges_and_text_have_no_lines() -> None:
    text = np.full((256, 256, 1), 230.0)
    letters = np.random.default_rng(0).random((256, 256, 1)) < 0.3
    for top in range(10, 240, 20):
        text[top : top + 9] -= 200 * letters[top : top + 9]
    for image in (scene(), text):
        found = lines(image + noise(image.shape, 5))
        assert found is not None
        assert found.direction is None


@pytest.mark.parametrize("image", [*PLAIN, scene(20, 20)])
def test_of_plain_and_tiny_images_nothing_is_said(image: Image) -> None:
    found = lines(image)
    assert found is None or found.direction is None
