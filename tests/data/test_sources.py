from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unnoise.data import load_images, load_pairs, look_at
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
    with pytest.raises(DataError, match=r"no file or folder minst.*did you mean 'mnist'"):
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
    found = load_pairs(
        tmp_path / "noisy", tmp_path / "clean", read=ReadOptions(max_pixels=0), say=lambda _: None
    )
    assert found is not None
    noisy, clean = found
    assert [10 * int(stack.max()) for stack in noisy.stacks] == [
        int(stack.max()) for stack in clean.stacks
    ]


def test_pairs_are_found_where_no_targets_are_named(tmp_path: Path) -> None:
    for value in (1, 2):
        for side, factor in (("raw", 1), ("gt", 10)):
            image = np.full((8, 8), factor * value, np.uint8)
            write_stack(tmp_path / side / f"{value}.png", image)
    stacks = {side: np.full((2, 9, 8), factor) for side, factor in (("x", 1), ("y", 10))}
    np.savez(tmp_path / "p.npz", **stacks)  # type: ignore[arg-type]  # its stub
    (tmp_path / "both").mkdir()
    for side in ("raw", "gt"):
        (tmp_path / side).rename(tmp_path / "both" / side)
    for source, axes in ((tmp_path / "both", None), (tmp_path / "p.npz", "NYX")):
        found = load_pairs(source, None, read=ReadOptions(axes=axes), say=lambda _: None)
        assert found is not None
        noisy, clean = (np.concatenate(side.stacks) for side in found)
        np.testing.assert_array_equal(clean, 10 * noisy)
    for alone in (tmp_path / "both" / "gt", "digits"):
        assert load_pairs(alone, None, read=ReadOptions(), say=lambda _: None) is None


def test_a_list_of_paths_is_all_that_lies_there(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write_stack(tmp_path / folder / "a.png", np.zeros((8, 8), np.uint8))
    write_stack(tmp_path / "b.png", np.zeros((9, 8), np.uint8))
    several: list[str | Path] = [tmp_path / "one", str(tmp_path / "b.png")]
    found, _ = look_at(several, split="train")
    assert [part.name for part in found.parts] == ["a.png", "b.png"]
    found, _ = look_at([tmp_path / "one", tmp_path / "two"], split="train")
    assert [part.name for part in found.parts] == [f"{tmp_path}/{n}/a.png" for n in ("one", "two")]
    mixed: Any = [np.zeros((8, 8)), tmp_path / "one"]
    with pytest.raises(ImageError, match=r"a list of arrays, a path, or a list of paths"):
        look_at(mixed, split="train")
    with pytest.raises(ImageError, match="is not there"):
        look_at([tmp_path / "one", tmp_path / "three"], split="train")
