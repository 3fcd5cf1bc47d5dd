"""The smaller copies of OME-Zarr: means of blocks, with the metadata of the source."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from formats import copy, values

from unnoise.images import open_image, pixel_size, write_like
from unnoise.images.holes import Holes
from unnoise.images.zarr_levels import factors, fill_level


def write_levels(path: Path, array: np.ndarray, names: list[str], *shapes: tuple[int, ...]) -> None:
    group = zarr.open_group(str(path), mode="w")
    scales = [[1.0, 0.5, 0.25], [1.0, 1.0, 0.5], [1.0, 2.0, 1.0]]
    datasets = [
        {"path": name, "coordinateTransformations": [{"type": "scale", "scale": scale}]}
        for name, scale in zip(names, scales, strict=False)
    ]
    axes: Any = [{"name": "z", "type": "space", "unit": "micrometer"},
            {"name": "y", "type": "space", "unit": "micrometer"},
            {"name": "x", "type": "space", "unit": "nanometer"}]  # fmt: skip
    first: Any = {"axes": axes, "datasets": datasets, "type": "gaussian"}
    group.attrs["ome"] = {"version": "0.5", "multiscales": [first]}
    group.create_array("0", data=array, chunks=(1, 8, 8))
    for name, shape in zip(names[1:], shapes, strict=True):
        if ".." not in name:
            group.create_array(name, shape=shape, dtype=array.dtype, chunks=(1, 5, 7))


def attributes(path: Path) -> Any:
    return zarr.open_group(str(path), mode="r").attrs["ome"]["multiscales"][0]  # type: ignore


def test_all_levels_are_written_anew(tmp_path: Path) -> None:
    array = values(2, 31, 17, dtype="float32")
    write_levels(tmp_path / "a.zarr", array, ["0", "1", "2"], (2, 16, 9), (2, 8, 4))
    copy(tmp_path / "a.zarr", tmp_path / "b.zarr")
    made, before = attributes(tmp_path / "b.zarr"), attributes(tmp_path / "a.zarr")
    assert made == {**before, "type": "mean"}
    group: Any = zarr.open_group(str(tmp_path / "b.zarr"), mode="r")
    np.testing.assert_allclose(group["1"][:, 3, 4], array[:, 6:8, 8:10].mean((1, 2)), rtol=1e-6)
    np.testing.assert_allclose(group["1"][:, 15, 8], array[:, 30, 16], rtol=1e-6)
    whole = group["1"][:, :16, :8].reshape(2, 8, 2, 4, 2).mean((2, 4))
    np.testing.assert_allclose(group["2"][:], whole, rtol=1e-6)


def test_the_size_of_pixels_is_that_of_full_resolution(tmp_path: Path) -> None:
    write_levels(tmp_path / "a.zarr", values(2, 9, 8), ["0"])
    with open_image(tmp_path / "a.zarr") as reader:
        assert pixel_size(reader) == pytest.approx((0.5, 0.25e-3))


@pytest.mark.parametrize("name", ["../../elsewhere", "1"])
def test_a_level_that_cannot_be_made_is_said_to_be_lost(tmp_path: Path, name: str) -> None:
    write_levels(tmp_path / "a.zarr", values(2, 31, 17), ["0", name], (2, 20, 11))
    with open_image(tmp_path / "a.zarr") as source:
        images = (source.bands(n, 8) for n in range(source.count))
        assert write_like(tmp_path / "b.zarr", source, images) == ("smaller copies (levels)",)
    assert [each["path"] for each in attributes(tmp_path / "b.zarr")["datasets"]] == ["0"]


def test_pixels_without_data_do_not_count() -> None:
    larger = zarr.array(np.array([[1, 3, 9, 9], [9, 5, 9, 9]], np.uint8))
    target = zarr.zeros((1, 2), dtype=np.uint8)
    fill_level(target, larger, Holes(9))
    assert np.asarray(target).tolist() == [[3, 9]]


@pytest.mark.parametrize(
    ("larger", "smaller", "expected"),
    [((5, 31), (5, 16), (1, 2)), ((5, 31), (5, 15), (1, 2)), ((31,), (12,), None),
     ((9,), (9, 1), None), ((4,), (8,), None), ((4,), (0,), None)],
)  # fmt: skip
def test_factors_are_whole(larger: Any, smaller: Any, expected: Any) -> None:
    assert factors(larger, smaller) == expected
