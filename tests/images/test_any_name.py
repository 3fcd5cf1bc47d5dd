"""Names of any bytes that a file system takes: every format is read and written under them."""

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from formats import copy, images, values, write_any, write_zarr

from unnoise.images import find_images, open_image, picture_files, scratch, write_stack

NAMES = {
    "not UTF-8": os.fsdecode(b"caf\xe9 \xff"),
    "two lines": "two\nlines",
    "a dash": "--out",
    "a pattern": "[1]*?",
    "the longest": "a" * (255 - len("-idx3-ubyte.gz")),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("plain")
    paths = write_any(folder)
    write_zarr(folder / "a.zarr", values(31, 17))
    # Of this one libvips reads the pixels.
    tifffile.imwrite(folder / "tiled.tif", values(40, 40, 3), tile=(16, 16), compression="zlib")
    return [*paths, folder / "a.zarr", folder / "tiled.tif"]


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_every_format_under_any_name(tmp_path: Path, plain: list[Path], name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    for path in plain:
        ending = path.name[1:] if path.name[0] in "ab" else path.suffix
        here, there = (
            folder / (name + ending),
            folder / path.name.replace(".", " ") / (name + ending),
        )
        path.rename(here)
        try:
            copy(here, there)
            with open_image(here) as ours, open_image(there) as theirs:
                near = 9 if ending == ".jpg" else 0
                assert np.abs(images(ours) - images(theirs) * 1.0).max() <= near
            found = [image.path for image in find_images([folder])]
            assert here in found
            assert there in found
        finally:
            here.rename(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".npy"])
def test_arrays_are_written_under_any_name(tmp_path: Path, suffix: str) -> None:
    for name in NAMES.values():
        write_stack(tmp_path / (name + suffix), np.full((9, 9), 100, np.uint8))
        with open_image(tmp_path / (name + suffix)) as reader:
            assert np.abs(images(reader) - 100.0).max() <= 1


def test_a_large_picture_passes_through_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_files, "IN_MEMORY", 0)
    monkeypatch.setattr(scratch, "IN_MEMORY", 0)
    folder = tmp_path / NAMES["not UTF-8"]
    write_stack(folder / "a.png", values(31, 17))
    tifffile.imwrite(folder / "a.tif", values(31, 17, 3), planarconfig="separate")
    for name in ("a.png", "a.tif"):
        copy(folder / name, folder / "out" / name)
        with open_image(folder / name) as ours, open_image(folder / "out" / name) as theirs:
            np.testing.assert_array_equal(images(ours), images(theirs))


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        pytest.skip("open files are counted in /proc")
    write_stack(tmp_path / "a.png", np.zeros((9, 9), np.uint8))
    before = len(list(descriptors.iterdir()))
    for number in range(20):
        with open_image(tmp_path / "a.png") as reader:
            reader.image(0)
        copy(tmp_path / "a.png", tmp_path / f"{number}.png")
    del reader
    assert len(list(descriptors.iterdir())) <= before
