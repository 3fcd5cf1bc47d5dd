"""Every format through open_image and write_like, in memory and through files."""

import shutil
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from formats import copy, images, values, write_any, write_tiff, write_zarr

from unnoise.errors import ImageError, OutputError
from unnoise.images import Reader, ReadOptions, open_image, write_like, write_stack

TIFF_DTYPES = [
    "uint8", "int8", "uint16", "int16", "float16", "uint32", "int32", "float32", "float64",
]  # fmt: skip
ARRAY_DTYPES = [*TIFF_DTYPES, "bool", "int64"]


@pytest.fixture(params=["memory", "files"])
def _held(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what waits to be written wait in memory, or in files beside the target."""
    if request.param == "files":
        monkeypatch.setattr("unnoise.images.scratch.IN_MEMORY", 0)
        monkeypatch.setattr("unnoise.images.picture_files.IN_MEMORY", 0)


def check(path: Path, *, axes: str | None = None, alpha: bool = False) -> None:
    target = path.parent / "out" / path.name
    copy(path, target, axes=axes)
    assert list(target.parent.iterdir()) == [target]  # and no temporary file
    with (
        open_image(path, ReadOptions(axes=axes)) as source,
        open_image(target, ReadOptions(axes=axes)) as result,
    ):
        assert source.alpha == alpha
        assert (result.layout, result.alpha) == (source.layout, alpha)
        np.testing.assert_array_equal(images(result), images(source))
    shutil.rmtree(target.parent)


@pytest.mark.usefixtures("_held")
@pytest.mark.parametrize(
    ("suffix", "dtype", "channels"),
    [*product([".png"], ["uint8", "uint16"], [1, 2, 3, 4]), *product([".webp"], ["uint8"], [3, 4])],
)
def test_pictures(tmp_path: Path, suffix: str, dtype: str, channels: int) -> None:
    path, array = tmp_path / f"a b{suffix}", values(31, 17, channels, dtype=dtype)
    write_stack(path, array)
    check(path, alpha=channels in (2, 4))
    with open_image(path) as reader:
        np.testing.assert_array_equal(reader.image(0), array)


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"byteorder": ">"}])
@pytest.mark.parametrize(("dtype", "channels"), list(product(TIFF_DTYPES, [1, 2, 3, 4, 5])))
def test_tiff(tmp_path: Path, dtype: str, channels: int, options: dict[str, str]) -> None:
    array = values(31, 17, channels, dtype=dtype)
    colour = {"photometric": "rgb"} if channels in (3, 4) else {}
    extra = {"extrasamples": ["unassalpha"]} if channels in (2, 4) else {}
    path = write_tiff(
        tmp_path / "a.tif",
        array if channels > 1 else array[..., 0],
        **({"planarconfig": "contig"} if channels > 1 else {}),
        **colour,
        **extra,
        **options,
    )
    check(path, alpha=channels in (2, 4))
    with open_image(path) as reader:
        np.testing.assert_array_equal(reader.image(0), array)


@pytest.mark.usefixtures("_held")
@pytest.mark.parametrize("dtype", ARRAY_DTYPES)
def test_arrays(tmp_path: Path, dtype: str) -> None:
    array = values(3, 31, 17, 2, dtype=dtype)
    np.save(tmp_path / "a.npy", array)
    np.save(tmp_path / "f.npy", np.asfortranarray(array))
    np.save(tmp_path / "s.npy", array.astype(np.dtype(dtype).newbyteorder(">")))
    np.savez(tmp_path / "a.npz", a=array)
    for name in ("a.npy", "f.npy", "s.npy", "a.npz"):
        with open_image(tmp_path / name, ReadOptions(axes="NYXC")) as reader:
            np.testing.assert_array_equal(images(reader), array)
            assert reader.dtype == np.dtype(dtype)
        check(tmp_path / name, axes="NYXC")
        check(tmp_path / name, axes="XTCY")


@pytest.mark.parametrize("axes", ["NYXC", "XTCY"])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "float32"])
def test_zarr(tmp_path: Path, dtype: str, axes: str) -> None:
    array = values(3, 19, 17, 2, dtype=dtype)
    path = write_zarr(tmp_path / "a.zarr", array)
    with open_image(path, ReadOptions(axes=axes)) as reader:
        np.testing.assert_array_equal(images(reader), reader.layout.to_stack(array))
    check(path, axes=axes)


@pytest.mark.usefixtures("_held")
def test_one_of_each(tmp_path: Path) -> None:
    for path in write_any(tmp_path):
        if path.suffix == ".jpg":
            continue
        with open_image(path) as reader:
            alpha = reader.alpha
        check(path, alpha=alpha)


@pytest.mark.parametrize("rows", [1, 7, 8, 30, 31, 400])
def test_bands_are_the_image(tmp_path: Path, rows: int) -> None:
    write_zarr(tmp_path / "a.zarr", values(3, 31, 17), dimension_names=["z", "y", "x"])
    for path in [*write_any(tmp_path)]:
        with open_image(path) as reader:
            for index in range(reader.count):
                bands = list(reader.bands(index, rows))
                assert [len(band) for band in bands[:-1]] == [rows] * (len(bands) - 1)
                image = reader.image(index)
                assert image.shape == (31, 17, reader.channels + reader.alpha)
                assert image.flags.c_contiguous
                np.testing.assert_array_equal(np.concatenate(bands), image)


def test_jpeg_stays_near_in_full_colour(tmp_path: Path) -> None:
    ramp = np.linspace(0, 255, 40).astype(np.uint8)
    array = np.stack(
        [np.tile(ramp, (40, 1)), np.tile(ramp[:, None], (1, 40)), 255 - np.tile(ramp, (40, 1))], -1
    )
    write_stack(tmp_path / "a.jpg", array)
    copy(tmp_path / "a.jpg", tmp_path / "b.jpg")
    with open_image(tmp_path / "a.jpg") as first, open_image(tmp_path / "b.jpg") as second:
        assert np.abs(first.image(0).astype(int) - second.image(0)).max() <= 6


def test_a_result_has_the_format_of_its_source(tmp_path: Path) -> None:
    write_stack(tmp_path / "a.png", values(9, 9))
    with open_image(tmp_path / "a.png") as source:
        with pytest.raises(ImageError, match="does not have the format"):
            write_like(tmp_path / "b.tif", source, [source.bands(0, 4)])
        write_like(tmp_path / "b.PNG", source, [source.bands(0, 4)])
        with pytest.raises(OutputError, match="--overwrite"):
            write_like(tmp_path / "b.PNG", source, [source.bands(0, 4)])
        write_like(tmp_path / "b.PNG", source, [source.bands(0, 4)], overwrite=True)


@pytest.mark.parametrize("name", ["a.png", "plain.tif", "deflate.tif", "a.npy", "a.npz", "a.idx"])
def test_wrong_images_are_our_mistake_and_leave_nothing(tmp_path: Path, name: str) -> None:
    write_any(tmp_path)
    with open_image(tmp_path / name) as source:
        rows = source.image(0)
        for wrong in (
            [],
            [[rows[:-1]]] * source.count,
            [[rows]] * (source.count + 1),
            [[rows[:, :-1]]] * source.count,
            [[rows.astype(np.float64)]] * source.count,
        ):
            with pytest.raises((ValueError, RuntimeError)):
                write_like(tmp_path / "out" / name, source, wrong)
    assert list((tmp_path / "out").iterdir()) == []


def test_what_goes_wrong_while_results_are_made_is_passed_on(tmp_path: Path) -> None:
    def broken(source: Reader) -> Iterator[Iterator[np.ndarray]]:
        yield source.bands(0, 4)
        raise ImageError("the source broke")

    write_zarr(tmp_path / "a.zarr", values(31, 17))
    for path in sorted(write_any(tmp_path)):
        with open_image(path) as source, pytest.raises(ImageError, match="the source broke"):
            write_like(tmp_path / "out" / path.name, source, broken(source))
    assert list((tmp_path / "out").iterdir()) == []
