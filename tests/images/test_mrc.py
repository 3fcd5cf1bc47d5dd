"""MRC: written by mrcfile, read by unnoise, and the other way round."""

import struct
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from formats import copy, images, values

from unnoise.errors import ImageError
from unnoise.images import ReadOptions, open_image, pixel_size, write_like


def write_mrc(path: Path, array: np.ndarray, *, volume: bool = False, labels: int = 1) -> Path:
    with mrcfile.new(path) as file:
        file.set_data(array)
        if volume:
            file.set_volume()
        file.voxel_size = (2.0, 3.0, 4.0)
        file.set_extended_header(np.frombuffer(b"extended" * 10, "V80"))
        file.header.exttyp = b"AGAR"
        for number in range(labels - 1):  # mrcfile writes one itself
            file.add_label(f"label {number}")
    return path


def poke(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint16", "float16", "float32"])
def test_every_mode_is_read_and_written(tmp_path: Path, dtype: str) -> None:
    array = values(3, 31, 17, dtype=dtype)
    path = write_mrc(tmp_path / "a.mrc", array, volume=True)
    with open_image(path) as reader:
        assert (reader.axes, reader.dtype) == ("ZYX", np.dtype(dtype))
        np.testing.assert_array_equal(images(reader)[..., 0], array)
    copy(path, tmp_path / "b.mrc")
    assert mrcfile.validate(tmp_path / "b.mrc")
    with mrcfile.open(tmp_path / "b.mrc") as made, mrcfile.open(path) as old:
        np.testing.assert_array_equal(made.data, array)
        assert made.voxel_size == old.voxel_size
        assert made.extended_header.tobytes() == b"extended" * 10
        assert made.header.exttyp == b"AGAR"
        assert made.is_volume()
        assert made.header.dmean == pytest.approx(array.astype(float).mean(), rel=1e-5)
        assert made.get_labels()[:-1] == old.get_labels()
        assert made.get_labels()[-1] == "Denoised by unnoise"


def test_all_labels_are_kept_where_there_is_no_room_for_another(tmp_path: Path) -> None:
    path = write_mrc(tmp_path / "a.mrc", values(9, 8, dtype="int16"), labels=10)
    copy(path, tmp_path / "b.mrc")
    with mrcfile.open(tmp_path / "b.mrc") as made, mrcfile.open(path) as old:
        assert made.get_labels() == old.get_labels()


@pytest.mark.parametrize(
    ("shape", "group", "axes"),
    [
        ((3, 9, 8), 0, "NYX"),
        ((3, 9, 8), 1, "ZYX"),
        ((1, 9, 8), 0, "YX"),
        ((2, 3, 9, 8), 401, "NZYX"),
    ],
)
def test_the_space_group_gives_the_axes(
    tmp_path: Path, shape: tuple[int, ...], group: int, axes: str
) -> None:
    array = values(*shape, dtype="int16")
    path = tmp_path / "a.mrc"
    with mrcfile.new(path) as file:
        file.set_data(array)
        file.header.ispg = group
    with open_image(path) as reader:
        assert reader.axes == axes
        np.testing.assert_array_equal(images(reader)[..., 0], array.reshape(-1, 9, 8))
    with open_image(path, ReadOptions(axes="QZYX"[-len(axes) :])) as reader:
        assert reader.count == np.prod(shape[:-2])


def test_a_big_endian_file_stays_one(tmp_path: Path) -> None:
    path = write_mrc(tmp_path / "a.mrc", values(9, 8, dtype="float32").astype(">f4"))
    copy(path, tmp_path / "b.mrc")
    with mrcfile.open(tmp_path / "b.mrc") as made, mrcfile.open(path) as old:
        assert made.data.dtype == np.dtype(">f4")
        np.testing.assert_array_equal(made.data, old.data)


def test_a_result_may_be_float32(tmp_path: Path) -> None:
    path = write_mrc(tmp_path / "a.mrc", values(9, 8, dtype="int8"))
    image = values(9, 8, 1, dtype="float32")
    with open_image(path) as source:
        write_like(tmp_path / "b.mrc", source, [[image]], dtype=np.dtype(np.float32))
        with pytest.raises(ImageError, match="MRC cannot hold float64"):
            write_like(tmp_path / "c.mrc", source, [[image * 1.0]], dtype=np.dtype(np.float64))
    with mrcfile.open(tmp_path / "b.mrc") as made:
        np.testing.assert_array_equal(made.data, image[..., 0])


def test_bytes_are_signed_where_the_file_says_so(tmp_path: Path) -> None:
    path = write_mrc(tmp_path / "a.mrc", values(9, 8, dtype="int8"))
    imod = struct.pack("<2i", 1146047817, 0)
    for place, data, dtype, notes in (
        (112 - 4, struct.pack("<i", 0), "int8", 0),  # below 0
        (76, struct.pack("<2f", 0, 255), "uint8", 1),
        (76, struct.pack("<2f", 0, 90), "int8", 1),
        (152, imod, "uint8", 0),
        (156, struct.pack("<i", 1), "int8", 0),
    ):
        poke(path, place, data)
        with open_image(path) as reader:
            assert (reader.dtype, len(reader.notes)) == (np.dtype(dtype), notes)


def test_the_size_of_pixels(tmp_path: Path) -> None:
    path = write_mrc(tmp_path / "a.mrc", values(9, 8, dtype="int8"))
    with open_image(path) as reader:
        assert pixel_size(reader) == pytest.approx((3e-4, 2e-4))
    poke(path, 64, struct.pack("<3i", 3, 1, 2))  # columns are Z, rows are X
    with open_image(path) as reader:
        assert pixel_size(reader) == pytest.approx((2e-4, 4e-4))


@pytest.mark.parametrize(
    ("offset", "number", "says"),
    [
        (12, 101, "4 bits a pixel: convert it"),
        (12, 4, "the transform of an image"),
        (12, 77, "not known; modes 0, 1"),
        (0, -5, "a damaged header"),
        (0, 2**31 - 1, "ends before its pixels do|more than"),
        (92, -1, "NSYMBT is negative"),
        (92, 2**31 - 1, "ends before its pixels do"),
    ],
)
def test_a_header_that_is_wrong_is_refused(
    tmp_path: Path, offset: int, number: int, says: str
) -> None:
    path = write_mrc(tmp_path / "a.mrc", values(9, 8, dtype="int8"))
    poke(path, offset, struct.pack("<i", number))
    with pytest.raises(ImageError, match=says):
        open_image(path)


def test_a_file_without_a_stamp_is_read_by_its_axes(tmp_path: Path) -> None:
    path = write_mrc(tmp_path / "a.map", values(9, 8, dtype="int16"))
    poke(path, 208, bytes(8))
    with open_image(path) as reader:
        np.testing.assert_array_equal(images(reader)[0, ..., 0], values(9, 8, dtype="int16"))
    poke(path, 64, bytes(12))
    with pytest.raises(ImageError, match="is no MRC file"):
        open_image(path)
    path.write_bytes(b"{}")
    with pytest.raises(ImageError, match="shorter than a header"):
        open_image(path)


def test_data_behind_the_pixels_is_said_to_be_lost(tmp_path: Path) -> None:
    path = write_mrc(tmp_path / "a.mrc", values(9, 8, dtype="int8"))
    path.write_bytes(path.read_bytes() + b"more")
    with open_image(path) as source:
        assert write_like(tmp_path / "b.mrc", source, [source.bands(0, 4)]) == (
            "data behind its pixels",
        )
