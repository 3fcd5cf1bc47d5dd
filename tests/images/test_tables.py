"""Tables of flattened images are told from images by their values."""

from pathlib import Path

import numpy as np
import pytest

from unnoise.errors import ImageError
from unnoise.images import ReadOptions, as_stack, open_image
from unnoise.images.tables import check_no_table

RANDOM = np.random.default_rng(0)


def smooth(count: int, side: int, *colours: int) -> np.ndarray:
    """Return images whose neighbouring pixels are alike."""
    made = RANDOM.normal(size=(count, side, side, *colours))
    for axis in (1, 2):
        for _ in range(3):
            made = made + np.roll(made, 1, axis)
    return np.asarray(made * 4 + 128).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(("shape", "says"), [((28,), "28, 28"), ((16, 3), "16, 16, 3")])
def test_rows_that_are_flattened_images_are_asked_about(shape: tuple[int, ...], says: str) -> None:
    table = smooth(200, *shape).reshape(200, -1)
    with pytest.raises(ImageError, match=rf"table of 200 .* reshape it to \(200, {says}\)"):
        as_stack(table)
    assert as_stack(table, axes="YX")[0].shape == (1, *table.shape, 1)


def test_planes_one_after_the_other_are_asked_about() -> None:
    table = np.moveaxis(smooth(200, 16, 3), -1, 1).reshape(200, -1)
    with pytest.raises(ImageError, match=r"reshape it to \(200, 3, 16, 16\)"):
        as_stack(table)


@pytest.mark.parametrize("noise", [0, 60])
def test_images_of_such_a_width_are_images(noise: float) -> None:
    image = smooth(1, 784)[0]
    check_no_table(image + RANDOM.normal(0, noise, image.shape), name="it")


@pytest.mark.parametrize("width", [256, 784, 1024])
def test_lines_of_noise_make_no_table(width: int) -> None:
    """In scanned images each row has a brightness of its own, so neighbours are not alike."""
    image = smooth(1, width)[0] + RANDOM.normal(0, 60, (width, 1))
    check_no_table(image, name="it")
    check_no_table(np.linspace(0, 50, width) + RANDOM.normal(0, 60, (width, 1)), name="it")


@pytest.mark.parametrize("shape", [(500, 784), (500, 785), (2, 784)])
def test_noise_and_other_widths_are_images(shape: tuple[int, int]) -> None:
    check_no_table(RANDOM.normal(size=shape), name="it")
    check_no_table(np.zeros(shape), name="it")


def test_files_are_asked_about_too(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", smooth(200, 28).reshape(200, -1))
    with pytest.raises(ImageError, match=r"a.npy .* looks like a table"):
        open_image(tmp_path / "a.npy")
    with open_image(tmp_path / "a.npy", ReadOptions(axes="YX")) as reader:
        assert reader.count == 1
