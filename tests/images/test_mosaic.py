"""Mosaics: four colours apart and together again, for any size, pattern and format."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from unnoise.errors import ConfigError, ImageError
from unnoise.images import Mosaic, ReadOptions, open_image, read_stack, write_like
from unnoise.images.mosaic import PLACES

RGGB = ReadOptions(mosaic="RGGB")
FILTERS = [(33421, "H", 2, (2, 2), True), (33422, "B", 4, bytes([1, 2, 0, 1]), True)]


def values(*shape: int) -> Any:
    return np.random.default_rng(0).integers(0, 4096, shape, dtype=np.uint16)


def saved(path: Path, array: Any) -> Path:
    np.save(path, array)
    return path


@pytest.mark.parametrize("pattern", PLACES)
def test_each_channel_is_one_colour(tmp_path: Path, pattern: Mosaic) -> None:
    image = values(6, 8)
    for place, colour in enumerate(pattern):
        image[place // 2 :: 2, place % 2 :: 2] = {"R": 1, "G": 2, "B": 3}[colour]
    with open_image(saved(tmp_path / "a.npy", image), ReadOptions(mosaic=pattern)) as reader:
        assert (reader.height, reader.width, reader.colour) == (3, 4, "other")
        assert (reader.image(0) == [1, 2, 2, 3]).all()
        assert f"as a mosaic {pattern}" in reader.notes[-1]


@pytest.mark.parametrize("pattern", PLACES)
@pytest.mark.parametrize("size", [(2, 2), (3, 2), (8, 5), (9, 8), (65, 33), (33, 65)])
@pytest.mark.parametrize("rows", [1, 4, 16])
def test_apart_and_together_is_the_same(
    tmp_path: Path, pattern: Mosaic, size: tuple[int, int], rows: int
) -> None:
    image = values(*size)
    path = saved(tmp_path / "a.npy", image)
    with open_image(path, ReadOptions(mosaic=pattern)) as reader:
        write_like(tmp_path / "b.npy", reader, [reader.bands(0, rows)])
        np.testing.assert_array_equal(np.load(tmp_path / "b.npy"), image)
        whole = reader.image(0)
        assert whole.shape == (-(-size[0] // 2), -(-size[1] // 2), 4)
        np.testing.assert_array_equal(np.concatenate(list(reader.bands(0, rows))), whole)
        last = slice(whole.shape[0] - 1, whole.shape[0]), slice(whole.shape[1] - 1, whole.shape[1])
        np.testing.assert_array_equal(reader.window(0, *last), whole[last])
        np.testing.assert_array_equal(reader.window(0, slice(0, 1), slice(0, 2)), whole[:1, :2])


def test_an_odd_line_is_completed_with_its_own_colours(tmp_path: Path) -> None:
    image = np.zeros((5, 7), np.uint16)
    image[::2, ::2], image[1::2, 1::2] = 1, 3
    image[::2, 1::2] = image[1::2, ::2] = 2
    with open_image(saved(tmp_path / "a.npy", image), RGGB) as reader:
        for rows in (1, 2, 9):
            assert (np.concatenate(list(reader.bands(0, rows))) == [1, 2, 2, 3]).all()


def test_a_stack_stays_a_stack_and_a_dtype_may_change(tmp_path: Path) -> None:
    stack = values(3, 9, 8)
    path = saved(tmp_path / "a.npy", stack)
    with open_image(path, ReadOptions(mosaic="GBRG", axes="TYX")) as reader:
        assert (reader.axes, reader.shape) == ("TYXC", (3, 5, 4, 4))
        images = ([reader.image(k).astype(np.float32)] for k in range(3))
        write_like(tmp_path / "b.npy", reader, images, dtype=np.dtype(np.float32))
    found = np.load(tmp_path / "b.npy")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, stack)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_tiff_that_states_its_mosaic(tmp_path: Path, count: int, compression: str | None) -> None:
    image, path = values(count, 10, 12), tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        for each in image:
            writer.write(
                each,
                photometric="cfa",
                compression=compression,
                extratags=[*FILTERS, (50714, "H", 1, 64, True)],
                metadata=None,
            )
    with open_image(path) as reader:
        assert "as a mosaic GBRG" in reader.notes[-1]
        np.testing.assert_array_equal(reader.image(0)[..., 0], image[0, 1::2, ::2])
        lost = write_like(tmp_path / "b.tif", reader, ([reader.image(k)] for k in range(count)))
    assert set(lost) <= {"tags of later pages"}
    with tifffile.TiffFile(tmp_path / "b.tif") as tiff:
        page: Any = tiff.pages[0]
        assert (page.photometric, page.tags[50714].value) == (32803, 64)
        assert all(each.aspage().photometric == 32803 for each in tiff.pages)
    plain = ReadOptions(mosaic="none")
    np.testing.assert_array_equal(read_stack(tmp_path / "b.tif", plain)[0][..., 0], image)


def test_a_mosaic_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tags: list[Any] = [(33421, "H", 2, (6, 6), True), (33422, "B", 36, bytes(36), True)]
    tifffile.imwrite(path, values(12, 12), photometric="cfa", extratags=tags, metadata=None)
    with pytest.raises(ImageError, match=r"mosaic of 6 × 6 pixels.*develop it first.*none"):
        open_image(path)
    with open_image(path, ReadOptions(mosaic="none")) as reader:
        assert reader.channels == 1


def test_what_cannot_be_a_mosaic_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="has 3 channels, and a mosaic has one"):
        open_image(saved(tmp_path / "a.npy", values(8, 8, 3)), RGGB)
    with pytest.raises(ImageError, match="too small for a mosaic"):
        open_image(saved(tmp_path / "b.npy", values(1, 8)), RGGB)
    with pytest.raises(ConfigError, match="one of RGGB, BGGR, GRBG, GBRG, none"):
        ReadOptions(mosaic="RGB")  # type: ignore[arg-type]


def test_values_without_data_are_kept(tmp_path: Path) -> None:
    image = values(8, 8)
    image[3, 5] = 0
    read = ReadOptions(mosaic="RGGB", nodata=0)
    stack, _ = read_stack(saved(tmp_path / "a.npy", image), read)
    missing = np.argwhere(np.ma.getmaskarray(stack)[0])
    assert missing.tolist() == [[1, 2, 3]]


def test_the_frames_of_a_sequence_may_be_mosaics(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    frames = values(2, 7, 8)
    for number, frame in enumerate(frames):
        tifffile.imwrite(tmp_path / f"in/{number}.tif", frame)
    with open_image(tmp_path / "in", ReadOptions(mosaic="RGGB", sequence=True)) as reader:
        assert (reader.axes, reader.shape) == ("TYXC", (2, 4, 4, 4))
        write_like(tmp_path / "out", reader, (reader.bands(k, 2) for k in range(2)))
    for number, frame in enumerate(frames):
        np.testing.assert_array_equal(tifffile.imread(tmp_path / f"out/{number}.tif"), frame)
