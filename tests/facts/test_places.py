"""The most structured part of an image, in noise and where nothing is."""

import numpy as np

from unnoise.facts import most_structured


def test_the_place_with_structure_is_found_in_noise() -> None:
    random = np.random.default_rng(0)
    for top, left in ((0, 0), (0, 192), (192, 0), (192, 192)):
        image = random.normal(0.5, 0.1, (256, 256))
        image[top : top + 64, left : left + 64] += 0.5 * (np.indices((64, 64)).sum(0) // 8 % 2)
        found = most_structured(image, 64, 64)
        assert np.abs(np.subtract(found, (top, left))).max() <= 6
    assert most_structured(np.zeros((100, 200)), 50, 50) == (25, 75)  # nothing there: the middle
    assert most_structured(np.zeros((4, 5000, 2)), 4, 100)[0] == 0
