from pathlib import Path

import numpy as np
import pytest

from unnoise.data import load_images
from unnoise.errors import DataError, ImageError
from unnoise.images import write_stack


def test_a_dataset_a_file_a_folder_and_an_array(tmp_path: Path) -> None:
    assert load_images("digits", split="test").stack.shape == (1000, 28, 28, 1)
    assert load_images("digits", split="test").noise == "gaussian:0.3,clip"
    array = np.arange(2 * 8 * 9, dtype=np.uint8).reshape(2, 8, 9)
    for i, image in enumerate(array):
        write_stack(tmp_path / f"{i}.png", image)
    np.save(tmp_path / "stack.npy", array)
    for source in (tmp_path / "stack.npy", array):
        np.testing.assert_array_equal(load_images(source, split="train").stack[..., 0], array)
    (tmp_path / "stack.npy").unlink()
    folder = load_images(str(tmp_path), split="train")
    np.testing.assert_array_equal(folder.stack[..., 0], array)
    assert folder.noise is None


def test_what_cannot_be_used_is_explained(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"did you mean 'mnist'.*no file or folder"):
        load_images("minst", split="train")
    with pytest.raises(ImageError, match="has no image in it"):
        load_images(tmp_path, split="train")
    write_stack(tmp_path / "a.png", np.zeros((8, 8), np.uint8))
    write_stack(tmp_path / "b.png", np.zeros((8, 9), np.uint8))
    with pytest.raises(ImageError, match=r"b.png is 8 × 9 × 1 uint8 and a.png is 8 × 8 × 1 uint8"):
        load_images(tmp_path, split="train")
