"""Classes come from a dataset, a task, or subfolders."""

from pathlib import Path

import numpy as np
import pytest

from unnoise.data import load_classes
from unnoise.errors import DataError, ImageError
from unnoise.images import write_stack


def write(path: Path, value: int, size: int = 6) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_stack(path, np.full((size, size), value, np.uint8))


def test_a_dataset_has_its_own_parts() -> None:
    found = load_classes("digits")
    assert found.names == tuple("0123456789")
    assert [len(found.train[0]), len(found.test[1])] == [5_000, 1_000]
    assert found.train[0].shape[1:] == (28, 28, 1)


def test_a_task_has_its_own_parts() -> None:
    found = load_classes("rect")
    assert [len(found.train[0]), len(found.test[0])] == [1_000, 50_000]
    assert found.names == ("0", "1")


def test_subfolders_are_classes(tmp_path: Path) -> None:
    for value, name in ((10, "cat"), (200, "dog")):
        for index in range(10):
            write(tmp_path / name / f"{index}.png", value + index)
    (tmp_path / ".git").mkdir()
    found = load_classes(tmp_path)
    assert found.names == ("cat", "dog")
    assert [np.bincount(part[1]).tolist() for part in (found.train, found.test)] == [[8, 8], [2, 2]]
    assert [len(part[0]) for part in (found.train, found.test)] == [16, 4]
    for images, labels in (found.train, found.test):
        assert ((images[:, 0, 0, 0].astype(int) >= 200) == labels).all()
    seen = np.concatenate([found.train[0], found.test[0]])[:, 0, 0, 0]
    assert sorted(seen) == [*range(10, 20), *range(200, 210)]


def test_labels_that_are_not_there_are_explained(tmp_path: Path) -> None:
    write(tmp_path / "flat.png", 1)
    with pytest.raises(DataError, match=r"no classes .0 subfolders.*rect"):
        load_classes(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        load_classes(tmp_path / "nowhere")
    write(tmp_path / "a/1.png", 1)
    write(tmp_path / "b/1.png", 1)
    with pytest.raises(DataError, match="a has one image"):
        load_classes(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        load_classes("x" * 300)
    write(tmp_path / "b/2.png", 1, size=9)
    with pytest.raises(ImageError, match="several sizes"):
        load_classes(tmp_path)
