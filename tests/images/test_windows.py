"""Windows: a part of an image is what the whole has there, in every format."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from formats import values, write_any, write_tiff, write_zarr

from unnoise.errors import ImageError
from unnoise.images import Reader, open_image


def check_windows(reader: Reader) -> None:
    for index in range(reader.count):
        whole = reader.image(index)
        for top, bottom, left, right in [(0, 5, 0, 7), (13, 31, 9, 17), (30, 31, 0, 17)]:
            part = reader.window(index, slice(top, bottom), slice(left, right))
            np.testing.assert_array_equal(part, whole[top:bottom, left:right])
            assert part.dtype == reader.dtype


def test_every_format(tmp_path: Path) -> None:
    for path in write_any(tmp_path):
        with open_image(path) as reader:
            check_windows(reader)
    with pytest.raises(IndexError, match="image 9 of 1"):
        reader.window(9, slice(0, 1), slice(0, 1))


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((531, 417), {"compression": 8, "predictor": 2}),
        ((531, 417, 3), {"compression": 8, "photometric": "rgb"}),
        ((2, 3, 531, 417), {"compression": 8, "imagej": False, "metadata": {"axes": "ZCYX"}}),
        ((531, 417), {"photometric": "miniswhite"}),
        ((531, 417), {}),
    ],
)
def test_a_tiled_tiff_is_read_in_windows(
    tmp_path: Path, shape: tuple[int, ...], options: dict[str, Any]
) -> None:
    array = values(*shape, dtype="uint16")
    with open_image(write_tiff(tmp_path / "a.tif", array, tile=(64, 64), **options)) as reader:
        assert reader.windowed
        for index in range(reader.count):
            part = reader.window(index, slice(300, 521), slice(17, 400))
            np.testing.assert_array_equal(part, reader.image(index)[300:521, 17:400])


def test_which_formats_have_cheap_windows(tmp_path: Path) -> None:
    write_any(tmp_path)
    write_zarr(tmp_path / "a.zarr", values(31, 17))
    cheap = {"a.zarr": True, "a.npy": True, "plain.tif": True, "a.png": False, "deflate.tif": False}
    for name, windowed in cheap.items():
        with open_image(tmp_path / name) as reader:
            assert reader.windowed == windowed, name


def test_only_the_values_of_the_window_are_looked_at(tmp_path: Path) -> None:
    array = np.zeros((31, 17), np.float32)
    array[20, 3] = np.nan
    np.save(tmp_path / "a.npy", array)
    with open_image(tmp_path / "a.npy") as reader:
        assert not reader.window(0, slice(0, 20), slice(0, 17)).any()
        with pytest.raises(ImageError, match=r"a\.npy holds NaN or infinity"):
            reader.window(0, slice(19, 21), slice(0, 5))
