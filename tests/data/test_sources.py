from pathlib import Path

import numpy as np
import pytest

from unnoise.data import load_images, load_pairs
from unnoise.errors import DataError, ImageError
from unnoise.images import ReadOptions, write_stack


def test_a_dataset_a_file_a_folder_and_an_array(tmp_path: Path) -> None:
    assert load_images("digits", split="test").stack.shape == (1000, 28, 28, 1)
    assert load_images("digits", split="test").noise == "gaussian:0.3,clip"
    array = np.arange(2 * 8 * 9, dtype=np.uint8).reshape(2, 8, 9)
    for i, image in enumerate(array):
        write_stack(tmp_path / f"{i}.png", image)
    np.save(tmp_path / "stack.npy", array)
    for source in (tmp_path / "stack.npy", array):
        stack = load_images(source, split="train", read=ReadOptions(axes="NYX")).stack
        np.testing.assert_array_equal(stack[..., 0], array)
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
    images = load_images(tmp_path, split="train")
    assert [stack.shape for stack in images.stacks] == [(1, 8, 8, 1), (1, 8, 9, 1)]
    with pytest.raises(ImageError, match="several sizes"):
        _ = images.stack


def test_files_that_cannot_be_read_are_named_and_skipped(tmp_path: Path) -> None:
    write_stack(tmp_path / "good.png", np.zeros((8, 8), np.uint8))
    (tmp_path / "bad one.png").write_bytes(b"no picture")
    said: list[str] = []
    assert load_images(tmp_path, split="train", say=said.append).stack.shape == (1, 8, 8, 1)
    assert "bad one.png" in said[0]
    assert said[-1].endswith("1 files were skipped")
    (tmp_path / "good.png").unlink()
    with pytest.raises(ImageError, match=r"none of the 1 files .* can be read:\n.*bad one.png"):
        load_images(tmp_path, split="train")


def test_pairs_are_read_in_the_same_order(tmp_path: Path) -> None:
    for value in (3, 1, 2):
        write_stack(tmp_path / f"noisy/{value}_noisy.png", np.full((8, 8), value, np.uint8))
        write_stack(tmp_path / f"clean/{value}_gt.tif", np.full((8, 8), 10 * value, np.uint8))
    noisy, clean = load_pairs(
        tmp_path / "noisy", tmp_path / "clean", read=ReadOptions(max_pixels=0), say=lambda _: None
    )
    assert [10 * int(stack.max()) for stack in noisy.stacks] == [
        int(stack.max()) for stack in clean.stacks
    ]
