import os
from pathlib import Path

import numpy as np
import pytest

from unnoise.errors import ImageError
from unnoise.images import find_images, left_out
from unnoise.images.listing import walk_images

ODD_NAMES = ["a b.png", "ünï.png", "line\nbreak.png", "scan[1].png", "star*.png"]


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def relatives(*sources: Path | str, exclude: Path | None = None) -> list[str]:
    return [str(found.relative) for found in find_images(sources, exclude=exclude)]


def test_folders_are_searched_with_their_subfolders(tmp_path: Path) -> None:
    touch(tmp_path, "a10.png", "a2.PNG", "b/c.tif", "b/d/e.npy", "notes.txt", "x-idx1-ubyte")
    touch(tmp_path, ".hidden.png", ".git/a.png", ".unnoise-x.png", "x-idx3-ubyte.gz", "z.npz")
    expected = ["a2.PNG", "a10.png", "b/c.tif", "b/d/e.npy", "x-idx3-ubyte.gz", "z.npz"]
    assert relatives(tmp_path) == expected
    assert [found.path for found in find_images([tmp_path])] == [
        tmp_path / name for name in expected
    ]


def test_files_and_folders_in_the_order_given_each_once(tmp_path: Path) -> None:
    touch(tmp_path, "one/a.png", "one/b.png", "two.png")
    found = find_images([tmp_path / "two.png", str(tmp_path / "one"), tmp_path / "one/a.png"])
    assert [str(image.relative) for image in found] == ["two.png", "a.png", "b.png"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.png", ["a.png"]),
        ("**/*.png", ["a.png", "b/c.png", "b/d/e.png"]),
        ("b/**/*.png", ["c.png", "d/e.png"]),
        ("**/d/*", ["b/d/e.png", "b/d/f.tif"]),
        ("?/d", ["b/d/e.png", "b/d/f.tif"]),
        ("b/[c-d].png", ["c.png"]),
        ("**", ["a.png", "b/c.png", "b/d/e.png", "b/d/f.tif"]),
    ],
)
def test_patterns(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    touch(tmp_path, "a.png", "b/c.png", "b/d/e.png", "b/d/f.tif", "b/d/g.txt")
    assert relatives(f"{tmp_path}/{pattern}") == expected


@pytest.mark.parametrize(
    ("pattern", "entered"),
    [
        ("*.tif", ""),
        ("b*/*.tif", "b"),
        ("b/*/e.tif", "b bd"),
        ("**/e.tif", "a b bd"),
    ],
)
def test_folders_in_which_nothing_can_match_are_not_entered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, entered: str
) -> None:
    touch(tmp_path, "x.tif", "a/e.tif", "b/x.tif", "b/d/e.tif")
    seen, scan = [], os.scandir

    def note(path: Path) -> object:
        seen.append(path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", note)
    list(walk_images(f"{tmp_path}/{pattern}"))
    names = ["".join(path.relative_to(tmp_path).parts) for path in map(Path, seen)]
    assert sorted(filter(None, names)) == entered.split()


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names(tmp_path: Path, name: str) -> None:
    touch(tmp_path, name, "scan1.png", "stardust.png")
    assert relatives(tmp_path / name) == [name]
    assert name in relatives(tmp_path)


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    touch(tmp_path, "a/x.png", "b/y.png")
    (tmp_path / "a/b").symlink_to(tmp_path / "b")
    (tmp_path / "b/a").symlink_to(tmp_path / "a")
    (tmp_path / "a/self").symlink_to(tmp_path)
    (tmp_path / "dead.png").symlink_to(tmp_path / "nothing")
    assert relatives(tmp_path) == ["a/b/y.png", "a/x.png"]


def test_results_inside_the_source_are_left_out(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.png", "in/out/a.png", "in/outer.png")
    assert relatives(tmp_path / "in", exclude=tmp_path / "in/out") == ["a.png", "outer.png"]
    assert len(relatives(tmp_path / "in", exclude=tmp_path)) == 3
    assert len(relatives(tmp_path / "in", exclude=tmp_path / "in")) == 3


def test_a_zarr_folder_is_one_source(tmp_path: Path) -> None:
    touch(tmp_path, "a.zarr/zarr.json", "a.zarr/c/0.png", "b/.zarray", "c/d.png")
    assert relatives(tmp_path) == ["a.zarr", "b", "c/d.png"]
    assert relatives(tmp_path / "b") == ["b"]


def test_a_source_with_nothing_in_it_is_named(tmp_path: Path) -> None:
    touch(tmp_path, "full/a.png", "empty/notes.txt")
    for source in (tmp_path / "empty", f"{tmp_path}/full/*.tif", f"{tmp_path}/no/*.tif"):
        with pytest.raises(ImageError, match=r"has no image in it: formats are \.png, ") as caught:
            find_images([tmp_path / "full", source])
        assert str(source) in str(caught.value)
    with pytest.raises(ImageError, match="missing is not there"):
        find_images([tmp_path / "missing"])


def test_a_real_file_is_found_by_a_relative_pattern(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "a.npy", np.zeros((3, 3)))
    monkeypatch.chdir(tmp_path)
    assert [found.path for found in find_images(["*.npy"])] == [Path("a.npy")]


def test_what_is_left_out_of_folders_is_counted_by_kind(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "b.txt", "in/c.txt", "in/d.heic", "README", ".hidden", "out/e.txt")
    (said,) = left_out([tmp_path, tmp_path / "a.png"], exclude=tmp_path / "out")
    assert said.startswith(f"left out of {tmp_path}: 2 .txt, ")
    assert "1 .heic" in said
    assert "1 files without an ending" in said
    assert left_out([tmp_path / "a.png"]) == []
