"""FITS: written by astropy, read by unnoise, and the other way round."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from formats import copy, images, values

from unnoise.errors import ImageError
from unnoise.images import ReadOptions, open_image, read_stack, write_like

WCS = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.5, "CRVAL2": -3.25, "CRPIX1": 9.0,
    "CRPIX2": 16.0, "CD1_1": -1e-4, "CD2_2": 1e-4,
}  # fmt: skip


def write_fits(path: Path, array: np.ndarray, **header: Any) -> Path:
    fits.PrimaryHDU(array, fits.Header(header)).writeto(path)
    return path


@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "int16", "uint16", "int32", "uint32", "uint64", "float32", "float64"]
)
def test_every_dtype_is_read_and_written(tmp_path: Path, dtype: str) -> None:
    array = values(31, 17, dtype=dtype)
    path = write_fits(tmp_path / "a.fits", array, **WCS, OBJECT="M 31")
    with open_image(path) as reader:
        assert (reader.axes, reader.dtype) == ("YX", np.dtype(dtype))
        np.testing.assert_array_equal(images(reader)[0, ..., 0], array)
    copy(path, tmp_path / "b.fits")
    with fits.open(tmp_path / "b.fits") as made, fits.open(path) as old:
        made.verify("exception")
        assert made[0].data.dtype == old[0].data.dtype
        np.testing.assert_array_equal(made[0].data, array)
        new, before = made[0].header.copy(), old[0].header
        assert "Denoised by unnoise" in str(new["HISTORY"])
        del new["HISTORY"]
        assert new.tostring() == before.tostring()


def test_scaled_whole_numbers_become_physical_floats(tmp_path: Path) -> None:
    path = write_fits(tmp_path / "a.fits", values(31, 17, dtype="int16"), BLANK=-7)
    with fits.open(path, "update", do_not_scale_image_data=True) as file:
        file[0].header.update(BSCALE=0.5, BZERO=100.0, DATAMIN=1.0, DATAMAX=2.0)
        file[0].data[3, 4] = -7
    with fits.open(path) as file:
        expected = file[0].data
    with open_image(path) as reader:
        assert reader.dtype == np.float32
        np.testing.assert_array_equal(images(reader)[0, ..., 0], expected)
        assert np.isnan(expected[3, 4])
    copy(path, tmp_path / "b.fits")
    with fits.open(tmp_path / "b.fits") as made:
        np.testing.assert_array_equal(made[0].data, expected)
        assert not {"BSCALE", "BZERO", "BLANK"} & set(made[0].header)
        low, high = np.nanmin(expected), np.nanmax(expected)
        assert (made[0].header["DATAMIN"], made[0].header["DATAMAX"]) == (low, high)


@pytest.mark.parametrize("dtype", ["int16", "uint16"])
def test_blank_pixels_are_no_data(tmp_path: Path, dtype: str) -> None:
    array = values(31, 17, dtype=dtype)
    array[2, 3] = 5
    array[array == 9] = 10
    array[7, 8] = 9
    blank = 9 - (2**15 if dtype == "uint16" else 0)
    path = tmp_path / "a.fits"
    write_fits(path, array)
    with fits.open(path, "update", do_not_scale_image_data=True) as file:
        file[0].header["BLANK"] = blank
    stack, _ = read_stack(path)
    assert isinstance(stack, np.ma.MaskedArray)
    assert np.argwhere(np.ma.getmaskarray(stack)[0, ..., 0]).tolist() == [[7, 8]]
    with open_image(path) as source:
        bands = (band.astype(np.float32) for band in source.bands(0, 5))
        write_like(tmp_path / "b.fits", source, [bands], dtype=np.dtype(np.float32))
    with fits.open(tmp_path / "b.fits") as made:
        assert np.argwhere(np.isnan(made[0].data)).tolist() == [[7, 8]]
        assert made[0].data[2, 3] == 5


def test_nan_is_no_data_without_an_option(tmp_path: Path) -> None:
    array = values(31, 17, dtype="float32")
    array[3, 4] = np.nan
    path = write_fits(tmp_path / "a.fits", array)
    stack, _ = read_stack(path)
    assert np.argwhere(np.ma.getmaskarray(stack)[0, ..., 0]).tolist() == [[3, 4]]


def test_the_first_image_is_read_and_all_else_is_kept(tmp_path: Path) -> None:
    science, mask = values(31, 17, dtype="uint16"), values(31, 17)
    table = fits.BinTableHDU.from_columns([fits.Column("a", "J", array=np.arange(5))], name="LIST")
    made = [fits.PrimaryHDU(), table, fits.ImageHDU(science, name="SCI"), fits.ImageHDU(mask)]
    path = tmp_path / "a.fits"
    fits.HDUList(made).writeto(path, checksum=True)
    with open_image(path) as reader:
        assert reader.notes == (
            "its image in HDU 2 (SCI) is read; the other 3 HDUs are kept as before",
        )
        np.testing.assert_array_equal(images(reader)[0, ..., 0], science)
        lost = write_like(tmp_path / "b.fits", reader, [[(science + 1)[..., None]]])
    assert lost == ("checksum (CHECKSUM)", "checksum (DATASUM)")
    with warnings.catch_warnings(), fits.open(tmp_path / "b.fits", checksum=True) as new:
        warnings.simplefilter("error")
        np.testing.assert_array_equal(new[1].data["a"], np.arange(5))
        np.testing.assert_array_equal(new[2].data, science + 1)
        np.testing.assert_array_equal(new[3].data, mask)


@pytest.mark.parametrize(
    ("kinds", "axes"),
    [(["FREQ"], "LYX"), (["STOKES", "VELO-LSR"], "LPYX"), (["TIME"], "TYX"), ([""], "NYX")],
)
def test_cubes_have_the_axes_of_their_header(tmp_path: Path, kinds: list[str], axes: str) -> None:
    header = {f"CTYPE{number}": kind for number, kind in enumerate(kinds, 3)}
    array = values(*[3] * len(kinds), 31, 17, dtype="float32")
    path = write_fits(tmp_path / "a.fits", array, **header)
    with open_image(path) as reader:
        assert reader.axes == axes
        np.testing.assert_array_equal(images(reader)[..., 0], array.reshape(-1, 31, 17))
    copy(path, tmp_path / "b.fits", axes="C" + axes[1:])
    np.testing.assert_array_equal(fits.getdata(tmp_path / "b.fits"), array)
    with open_image(path, ReadOptions(axes="C" + axes[1:])) as reader:
        assert reader.channels == 3


def test_files_without_a_plain_image_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(values(31, 17, dtype="int16"))]).writeto(
        path
    )
    with pytest.raises(ImageError, match=r"HDU 1 .*is compressed: run funpack"):
        open_image(path)
    fits.PrimaryHDU(np.arange(9)).writeto(path, overwrite=True)
    with pytest.raises(ImageError, match="holds no image: its 1 HDUs"):
        open_image(path)
    path.write_bytes(b"\x1f\x8b anything")
    with pytest.raises(ImageError, match="does not begin with SIMPLE"):
        open_image(path)
