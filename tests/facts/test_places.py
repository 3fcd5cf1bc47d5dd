"""The most structured part of an image, and the place that changes most, in noise."""

import numpy as np

from unnoise.facts import change, most_structured


def test_the_place_with_structure_is_found_in_noise() -> None:
    random = np.random.default_rng(0)
    for top, left in ((0, 0), (0, 192), (192, 0), (192, 192)):
        image = random.normal(0.5, 0.1, (256, 256))
        image[top : top + 64, left : left + 64] += 0.5 * (np.indices((64, 64)).sum(0) // 8 % 2)
        found = most_structured(image, 64, 64)
        assert np.abs(np.subtract(found, (top, left))).max() <= 6
    assert most_structured(np.zeros((100, 200)), 50, 50) == (25, 75)  # nothing there: the middle
    assert most_structured(np.zeros((4, 5000, 2)), 4, 100)[0] == 0


def test_the_place_that_changes_is_found_in_noise_that_is_stronger_elsewhere() -> None:
    random = np.random.default_rng(0)
    spread = np.linspace(0.05, 0.3, 60)[None, None, :, None]  # towards the right
    film = random.normal(0, 1, (40, 50, 60, 2)) * spread
    film[:, 18:23, 8:13] += np.sin(np.arange(40) / 4)[:, None, None, None]
    film[:, 30:, 40:] += 5.0  # bright, and always the same
    found = change(list(film))
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert abs(row - 20) <= 1 >= abs(column - 10)
    assert found[20, 10] > 10 * np.abs(found[:, 20:]).max()
    assert (change([film[0], film[0]]) == 0).all()
