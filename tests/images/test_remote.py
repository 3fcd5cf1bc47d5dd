from pathlib import Path

import fsspec
import numpy as np
import pytest
import zarr
from formats import write_any

from unnoise.errors import ImageError
from unnoise.images import (
    ReadOptions,
    is_url,
    list_urls,
    open_image,
    read_bytes,
    read_image,
    size_of,
)


def test_ranges_of_paths_and_urls_are_the_same(tmp_path: Path) -> None:
    data = bytes(range(200))
    (tmp_path / "a.bin").write_bytes(data)
    memory = fsspec.filesystem("memory")
    memory.pipe("/ranges/a.bin", data)
    for place in (str(tmp_path / "a.bin"), f"file://{tmp_path}/a.bin", "memory://ranges/a.bin"):
        assert size_of(place) == 200
        assert read_bytes(place, 10, 20) == data[10:20]
        assert read_bytes(place, 190, 500) == data[190:]
    assert list_urls("memory://ranges/*.bin") == [("memory:///ranges/a.bin", 200)]
    assert list_urls(f"file://{tmp_path}/*.bin") == [(f"file://{tmp_path}/a.bin", 200)]


def test_a_web_server_gives_ranges_and_zarr(tmp_path: Path, web: str) -> None:
    data = bytes(range(200))
    (tmp_path / "a.bin").write_bytes(data)
    assert size_of(f"{web}/a.bin") == 200
    assert read_bytes(f"{web}/a.bin", 10, 20) == data[10:20]
    with pytest.raises(ImageError, match=r"cannot read http://.*/no\.bin"):
        read_bytes(f"{web}/no.bin", 0, 10)
    values = np.arange(30 * 40, dtype=np.uint16).reshape(30, 40)
    stored = zarr.create_array(tmp_path / "a.zarr", shape=values.shape, dtype="uint16")
    stored[...] = values
    with open_image(f"{web}/a.zarr") as reader:
        np.testing.assert_array_equal(reader.image(0)[..., 0], values)


def test_what_cannot_be_reached_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (str(tmp_path / "no.bin"), f"file://{tmp_path}/no.bin", "memory://no/no.bin"):
        with pytest.raises(ImageError, match=r"cannot read .*no\.bin"):
            size_of(place)
        with pytest.raises(ImageError, match=r"cannot read .*no\.bin"):
            read_bytes(place, 0, 10)
    with pytest.raises(ImageError, match="cannot read nosuch://a"):
        size_of("nosuch://a")
    memory = fsspec.filesystem("memory")
    memory.pipe("/whole/a.bin", bytes(200))
    monkeypatch.setattr(type(memory), "cat_file", lambda *_, **__: bytes(200))
    with pytest.raises(ImageError, match="does not send parts of files"):
        read_bytes("memory://whole/a.bin", 0, 10)


def test_a_zarr_array_opens_by_its_url(tmp_path: Path) -> None:
    values = np.arange(2 * 30 * 40, dtype=np.uint16).reshape(2, 30, 40)
    stored = zarr.create_array(tmp_path / "a.zarr", shape=values.shape, dtype="uint16")
    stored[...] = values
    url = f"file://{tmp_path}/a.zarr"
    assert is_url(url)
    with open_image(url, ReadOptions(axes="NYX")) as reader:
        assert reader.name == url
        assert reader.shape == (2, 30, 40)
        np.testing.assert_array_equal(reader.image(1)[..., 0], values[1])
    with pytest.raises(ImageError, match=f"cannot read file://{tmp_path}/b.zarr"):
        open_image(f"file://{tmp_path}/b.zarr")


def test_windows_are_parts_of_images(tmp_path: Path) -> None:
    for path in write_any(tmp_path):
        with open_image(path) as reader:
            last = reader.count - 1
            whole = reader.image(last)
            for rows, columns in (((3, 17), (5, 6)), ((0, reader.height), (2, reader.width))):
                window = reader.window(last, slice(*rows), slice(*columns))
                assert window.dtype == whole.dtype
                np.testing.assert_array_equal(window, whole[slice(*rows), slice(*columns)])


def test_an_image_of_bytes_is_checked_like_a_file(tmp_path: Path) -> None:
    for path in write_any(tmp_path):
        suffix = path.suffix
        if suffix == ".gz":  # the name of an IDX file is more than its suffix
            continue
        with open_image(path) as reader:
            alike = reader.count == 1
            whole = reader.image(0)[..., : reader.channels]
        if alike:
            image = read_image(path.read_bytes(), suffix, name="x in y")
            np.testing.assert_array_equal(image, whole)
        else:
            with pytest.raises(ImageError, match="x in y is a stack of"):
                read_image(path.read_bytes(), suffix, name="x in y")
        with pytest.raises(ImageError, match=r"x in y.* pixels, more than 100"):
            read_image(path.read_bytes(), suffix, name="x in y", max_pixels=100)
        with pytest.raises(ImageError, match="x in y"):
            read_image(path.read_bytes()[:20], suffix, name="x in y")
