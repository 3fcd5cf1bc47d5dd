import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from formats import copy, images, values, write_zarr

from unnoise.errors import ImageError, OutputError
from unnoise.images import ReadOptions, open_image, write_like


def write_ome(path: Path, version: str) -> np.ndarray:
    array = values(2, 3, 31, 17, dtype="uint16")
    group = zarr.open_group(str(path), mode="w", zarr_format=2 if version == "0.4" else 3)
    multiscales: dict[str, Any] = {
        "name": "cells",
        "axes": [{"name": name} for name in "tcyx"],
        "datasets": [{"path": "0"}, {"path": "1"}],
    }
    if version == "0.4":
        group.attrs["multiscales"] = [{**multiscales, "version": version}]
    else:
        group.attrs["ome"] = {"version": version, "multiscales": [multiscales]}
    group.create_array("0", data=array, chunks=(1, 1, 8, 8))
    group.create_array("1", data=array[..., ::2, ::2])
    return array


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_copy_has_the_chunks_codecs_and_attributes(tmp_path: Path, zarr_format: Any) -> None:
    array = values(31, 17, dtype="int16")
    path = write_zarr(
        tmp_path / "a.zarr", array, zarr_format=zarr_format, attributes={"unit": "µm"}
    )
    copy(path, tmp_path / "out/b.zarr")
    before, after = zarr.open_array(str(path)), zarr.open_array(str(tmp_path / "out/b.zarr"))
    assert after.metadata == before.metadata
    np.testing.assert_array_equal(after[:], array)
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["b.zarr"]


@pytest.mark.parametrize(
    ("options", "axes"),
    [
        ({"dimension_names": ["time", "channel", "y", "x"]}, "TCYX"),
        ({"dimension_names": ["x", "y", "z", "c"]}, "XYZC"),
        ({"zarr_format": 2, "attributes": {"_ARRAY_DIMENSIONS": ["z", "t", "Y", "X"]}}, "ZTYX"),
    ],
)
def test_axes_come_from_the_names(tmp_path: Path, options: dict[str, Any], axes: str) -> None:
    array = values(2, 3, 9, 5)
    with open_image(write_zarr(tmp_path / "a", array, **options)) as reader:
        assert reader.axes == axes
        np.testing.assert_array_equal(images(reader), reader.layout.to_stack(array))


@pytest.mark.parametrize("names", [None, ["a", "b", "c"], ["y", "x", None], ["y", "y", "x"]])
def test_without_names_axes_are_asked_for(tmp_path: Path, names: list[str] | None) -> None:
    path = write_zarr(tmp_path / "a.zarr", values(5, 9, 7), dimension_names=names)
    with pytest.raises(ImageError, match=r"ZYX \(5 images\)"):
        open_image(path)
    with open_image(path, ReadOptions(axes="ZYX")) as reader:
        assert reader.count == 5


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_an_ome_image_is_its_full_resolution(tmp_path: Path, version: str) -> None:
    array = write_ome(tmp_path / "a.zarr", version)
    with open_image(tmp_path / "a.zarr") as reader:
        assert (reader.axes, reader.count, reader.channels) == ("TCYX", 2, 3)
    copy(tmp_path / "a.zarr", tmp_path / "b.zarr")
    group = zarr.open_group(str(tmp_path / "b.zarr"), mode="r")
    np.testing.assert_array_equal(group["0"][:], array)  # type: ignore[index]  # an array
    attributes: Any = dict(group.attrs)
    (multiscales,) = attributes.get("ome", attributes)["multiscales"]
    assert multiscales["name"] == "cells"
    assert multiscales["datasets"] == [{"path": "0"}, {"path": "1"}]
    padded = np.pad(array.astype(float), ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=np.nan)
    means = np.nanmean(padded.reshape(2, 3, 16, 2, 9, 2), axis=(3, 5))
    np.testing.assert_array_equal(group["1"][:], np.rint(means))  # type: ignore[index]
    with open_image(tmp_path / "b.zarr") as reader:
        assert reader.axes == "TCYX"


def test_a_group_is_refused_with_the_names_in_it(tmp_path: Path) -> None:
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="w")
    with pytest.raises(ImageError, match="but it has none"):
        open_image(tmp_path / "a.zarr")
    group.create_array("left", data=values(5, 5))
    group.create_array("right", data=values(5, 5))
    with pytest.raises(ImageError, match=r"name one of them, .*a\.zarr/left, .*a\.zarr/right"):
        open_image(tmp_path / "a.zarr")
    assert open_image(tmp_path / "a.zarr/left").shape == (5, 5)


def test_an_old_result_is_replaced_only_when_told(tmp_path: Path) -> None:
    write_zarr(tmp_path / "a.zarr", values(9, 9))
    write_zarr(tmp_path / "b.zarr", values(3, 3))
    with open_image(tmp_path / "a.zarr") as source:
        from unnoise.images import write_like

        with pytest.raises(OutputError, match="--overwrite"):
            write_like(tmp_path / "b.zarr", source, [source.bands(0, 4)])
        write_like(tmp_path / "b.zarr", source, [source.bands(0, 4)], overwrite=True)
    assert open_image(tmp_path / "b.zarr").shape == (9, 9)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.zarr", "b.zarr"]


def test_damage_and_a_missing_package_are_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_zarr(tmp_path / "a.zarr", values(31, 17))
    (path / "c/0/1").write_bytes(b"nonsense")
    with open_image(path) as reader, pytest.raises(ImageError, match=r"cannot read .*a\.zarr"):
        reader.image(0)
    metadata = json.loads((path / "zarr.json").read_text())
    (path / "zarr.json").write_text(json.dumps({**metadata, "shape": [10**6, 10**6]}))
    with pytest.raises(ImageError, match="1000000 × 1000000 pixels"):
        open_image(path)
    for text in ("", "{", json.dumps({**metadata, "codecs": 3}), '{"zarr_format": 9}'):
        (path / "zarr.json").write_text(text)
        with pytest.raises(ImageError, match=r"a\.zarr"):
            open_image(path)
    (tmp_path / "empty.zarr").mkdir()
    with pytest.raises(ImageError, match=r"cannot read .*empty\.zarr"):
        open_image(tmp_path / "empty.zarr")
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(ImageError, match=r"pip install unnoise\[zarr\]"):
        open_image(path)


def test_a_folder_with_something_else_in_it_is_not_replaced(tmp_path: Path) -> None:
    zarr.create_array(str(tmp_path / "in"), data=values(20, 30), chunks=(10, 10))
    (tmp_path / "out/in").mkdir(parents=True)
    (tmp_path / "out/in/thesis.txt").write_text("years", encoding="utf-8")
    with open_image(tmp_path / "in") as reader, pytest.raises(OutputError, match="holds more than"):
        write_like(tmp_path / "out/in", reader, [[reader.image(0)]], overwrite=True)
    assert (tmp_path / "out/in/thesis.txt").read_text(encoding="utf-8") == "years"


def test_a_huge_chunk_is_refused(tmp_path: Path) -> None:
    zarr.create_array(str(tmp_path / "a.zarr"), shape=(64, 64), chunks=(20000, 20000), dtype="u1")
    with pytest.raises(ImageError, match=r"a chunk of .* has 20000 × 20000 pixels"):
        open_image(tmp_path / "a.zarr", ReadOptions(max_pixels=10**6))


@pytest.mark.parametrize(
    ("names", "axes"),
    [
        (("slice", "y", "x"), "NYX"),
        (("camera", "y", "x"), "NYX"),
        (("channel", "y", "x"), "CYX"),
        (("t", "c", "y", "x"), "TCYX"),
    ],
)
def test_only_names_of_channels_are_channels(
    tmp_path: Path, names: tuple[str, ...], axes: str
) -> None:
    shape = (2, 3, 20, 30)[-len(names) :]
    zarr.create_array(
        str(tmp_path / "a.zarr"), shape=shape, chunks=shape, dtype="u1", dimension_names=names
    )
    with open_image(tmp_path / "a.zarr") as reader:
        assert reader.axes == axes
