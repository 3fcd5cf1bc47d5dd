"""DICOM: the files of pydicom's own tests and small ones of ours, read and written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from formats import copy, images, values
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from unnoise.errors import ImageError
from unnoise.images import (
    ReadOptions,
    ValueRange,
    convert,
    open_image,
    pixel_size,
    read_stack,
    write_like,
)

CT = "1.2.840.10008.5.1.4.1.1.2"
NOBODY = "Doe^Jane"


def described(array: np.ndarray, *, samples: int = 1, frames: int = 1, **elements: Any) -> Dataset:
    """Return a data set with the pixels of an array ``([frames,] H, W[, samples])``."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    height, width = array.shape[frames > 1 :][:2]
    bits = 8 * array.dtype.itemsize
    for name, value in {
        "SOPClassUID": CT,
        "SOPInstanceUID": "1.2.3.4",
        "SeriesInstanceUID": "1.2.3",
        "PatientName": NOBODY,
        "Modality": "CT",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "Rows": height,
        "Columns": width,
        "SamplesPerPixel": samples,
        "PhotometricInterpretation": "RGB" if samples == 3 else "MONOCHROME2",
        "BitsAllocated": bits,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": int(array.dtype.kind == "i"),
        **({"PlanarConfiguration": 0} if samples > 1 else {}),
        **({"NumberOfFrames": frames} if frames > 1 else {}),
        **elements,
    }.items():
        setattr(made, name, value)
    made.PixelData = array.tobytes() + bytes(array.nbytes % 2)
    made["PixelData"].VR = "OB" if bits == 8 else "OW"
    return made


def write_dicom(path: Path, array: np.ndarray, **elements: Any) -> Path:
    described(array, **elements).save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "uint32"])
def test_whole_numbers_are_read_and_written(tmp_path: Path, dtype: str) -> None:
    array = values(31, 17, dtype=dtype)
    path = write_dicom(tmp_path / "a.dcm", array)
    with open_image(path) as reader:
        assert (reader.axes, reader.dtype, reader.colour) == ("YX", np.dtype(dtype), "grey")
        np.testing.assert_array_equal(images(reader)[0, ..., 0], array)
    copy(path, tmp_path / "b.dcm")
    np.testing.assert_array_equal(pydicom.dcmread(tmp_path / "b.dcm").pixel_array, array)


def test_ct_is_read_in_its_unit_and_padding_is_no_data(tmp_path: Path) -> None:
    array = np.arange(31 * 17, dtype=np.int16).reshape(31, 17)
    array[2, 3] = -2000
    scale = {"RescaleSlope": 1, "RescaleIntercept": -1024, "PixelPaddingValue": -2000}
    path = write_dicom(tmp_path / "a.dcm", array, PixelSpacing=[0.7, 0.5], **scale)
    stack, layout = read_stack(path)
    assert layout.dtype == np.float32
    assert np.argwhere(np.ma.getmaskarray(stack)[0, ..., 0]).tolist() == [[2, 3]]
    assert stack[0, 4, 5, 0] == array[4, 5] - 1024
    with open_image(path) as source:
        assert pixel_size(source) == pytest.approx((700, 500))
        result = array - np.float32(1023.4)
        result[2, 3] = np.nan
        write_like(tmp_path / "b.dcm", source, [[result[..., None]]])
    made = pydicom.dcmread(tmp_path / "b.dcm")
    expected = array + 1
    expected[2, 3] = -2000
    np.testing.assert_array_equal(made.pixel_array, expected)
    assert (made.RescaleSlope, made.RescaleIntercept, made.PixelPaddingValue) == (1, -1024, -2000)


def test_values_stay_within_the_bits_of_the_file(tmp_path: Path) -> None:
    array = np.full((9, 8), 4000, np.uint16)
    path = write_dicom(tmp_path / "a.dcm", array, BitsStored=12, HighBit=11)
    with open_image(path) as source:
        write_like(tmp_path / "b.dcm", source, [[np.full((9, 8, 1), 4500, np.uint16)]])
    assert (pydicom.dcmread(tmp_path / "b.dcm").pixel_array == 4095).all()


def test_bits_above_the_stored_ones_are_no_part_of_a_value(tmp_path: Path) -> None:
    array = np.array([[0xF005, 0x0005], [0x0FFF, 0xF800]], np.uint16)
    signed = write_dicom(
        tmp_path / "a.dcm", array, BitsStored=12, HighBit=11, PixelRepresentation=1
    )
    with open_image(signed) as reader:
        assert images(reader)[0, ..., 0].tolist() == [[5, 5], [-1, -2048]]


def test_a_result_is_marked_as_derived(tmp_path: Path) -> None:
    array = values(9, 8, dtype="uint16")
    path = write_dicom(tmp_path / "a.dcm", array, SeriesDescription="Thorax", WindowCenter=40)
    for name in ("b.dcm", "c.dcm"):
        copy(path, tmp_path / name)
    made, other = (pydicom.dcmread(tmp_path / name) for name in ("b.dcm", "c.dcm"))
    assert list(made.ImageType) == ["DERIVED", "PRIMARY", "AXIAL"]
    assert made.SOPInstanceUID == made.file_meta.MediaStorageSOPInstanceUID
    assert len({"1.2.3.4", made.SOPInstanceUID, other.SOPInstanceUID}) == 3
    assert made.SeriesInstanceUID == other.SeriesInstanceUID != "1.2.3"
    assert made.SourceImageSequence[0].ReferencedSOPInstanceUID == "1.2.3.4"
    assert "Denoised by unnoise" in made.DerivationDescription
    assert made.SeriesDescription == "Thorax; denoised"
    assert (made.PatientName, made.WindowCenter) == (NOBODY, 40)
    assert made.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian


@pytest.mark.parametrize(("element", "axes"), [({}, "NYXC"), ({"FrameTime": 40}, "TYXC")])
def test_frames_and_colours(tmp_path: Path, element: dict[str, Any], axes: str) -> None:
    array = values(3, 9, 7, 3)
    path = write_dicom(tmp_path / "a.dcm", array, frames=3, samples=3, **element)
    with open_image(path) as reader:
        assert (reader.axes, reader.colour) == (axes, "rgb")
        np.testing.assert_array_equal(images(reader), array)
    copy(path, tmp_path / "b.dcm")
    made = pydicom.dcmread(tmp_path / "b.dcm")
    np.testing.assert_array_equal(made.pixel_array, array)


def test_each_frame_has_its_own_scale(tmp_path: Path) -> None:
    array = values(2, 9, 8, dtype="uint16")
    data = described(array, frames=2, PixelPaddingValue=int(array[1, 2, 3]))
    groups = []
    for slope in (0.5, 2.0):
        scale, group = Dataset(), Dataset()
        scale.RescaleSlope, scale.RescaleIntercept = slope, 10
        group.PixelValueTransformationSequence = [scale]
        groups.append(group)
    data.PerFrameFunctionalGroupsSequence = groups
    path = tmp_path / "a.dcm"
    data.save_as(path, enforce_file_format=True)
    with open_image(path) as reader:
        expected = array * np.array([0.5, 2.0]).reshape(2, 1, 1) + 10
        expected[array == array[1, 2, 3]] = np.nan
        np.testing.assert_array_equal(images(reader)[..., 0], expected.astype(np.float32))
    copy(path, tmp_path / "b.dcm")
    np.testing.assert_array_equal(pydicom.dcmread(tmp_path / "b.dcm").pixel_array, array)
    with pytest.raises(ImageError, match="scales of their own: leave --axes out"):
        open_image(path, ReadOptions(axes="CYX"))


@pytest.mark.parametrize(
    "name",
    ["MR_small_RLE.dcm", "SC_rgb_rle_16bit_2frame.dcm", "MR_small_implicit.dcm", "CT_small.dcm",
     "SC_ybr_full_422_uncompressed.dcm", "SC_rgb_small_odd.dcm"],
)  # fmt: skip
def test_files_of_other_programs(tmp_path: Path, name: str) -> None:
    path = Path(str(get_testdata_file(name)))
    copy(path, tmp_path / "b.dcm")
    made = pydicom.dcmread(tmp_path / "b.dcm")
    np.testing.assert_array_equal(made.pixel_array, pydicom.dcmread(path).pixel_array)
    with open_image(path) as old, open_image(tmp_path / "b.dcm") as new:
        np.testing.assert_array_equal(images(old), images(new))
        assert ("it is compressed, and its result is not" in old.notes) == ("rle" in name.lower())


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("MR_small_jpeg_ls_lossless.dcm", "compressed as JPEG-LS.*pip install pylibjpeg"),
        ("image_dfl.dcm", "is deflated as a whole: convert it first"),
        ("MR_small_bigendian.dcm", "is big-endian: convert it first"),
        ("examples_palette.dcm", "neither grey nor colours"),
        ("liver_1frame.dcm", "stores 1 bits in 1"),
        ("test-SR.dcm", "holds no pixels"),
        ("MR_truncated.dcm", "ends before its pixels do"),
        ("no_meta.dcm", "lacks the mark DICM"),
    ],
)
def test_what_is_not_read_is_refused(name: str, says: str) -> None:
    with pytest.raises(ImageError, match=says):
        open_image(Path(str(get_testdata_file(name))))


def test_encrypted_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    envelope = bytes.fromhex("30820fff06092a864886f70d010703a0820ff0")
    path.write_bytes(envelope + bytes(200))
    with pytest.raises(ImageError, match="is encrypted: decrypt it first"):
        open_image(path)


def _without_rows(data: Dataset) -> None:
    del data.Rows


def _with_odd_number(data: Dataset) -> None:
    data.file_meta.TransferSyntaxUID = RLELossless
    data.PixelData = b"\xfe\xff\x00\xe0" + bytes(4) + NOBODY.encode()


@pytest.mark.parametrize("spoil", [_without_rows, _with_odd_number])
def test_messages_name_nobody(tmp_path: Path, spoil: Callable[[Dataset], None]) -> None:
    data = described(values(9, 8, dtype="uint16"), RescaleSlope=1)
    spoil(data)
    if "Rows" in data:
        data["PixelData"].is_undefined_length = True
    data.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    with pytest.raises(ImageError) as caught, open_image(tmp_path / "a.dcm") as reader:
        reader.image(0)
    assert NOBODY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_file_that_begins_like_tiff_is_shown_as_a_picture(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", values(9, 8, dtype="uint8"))
    path.write_bytes(b"II*\0" + path.read_bytes()[4:])
    with open_image(path) as source:
        made = convert(tmp_path / "a.png", source.image(0), source, ValueRange.nominal(np.uint8))
    assert made.lost == ()
    with open_image(path) as source, open_image(tmp_path / "a.png") as shown:
        np.testing.assert_array_equal(images(shown), images(source))


def test_the_slices_of_a_folder_are_a_sequence(tmp_path: Path) -> None:
    array = values(3, 9, 8, dtype="int16")
    (tmp_path / "in").mkdir()
    for number, part in enumerate(array):
        write_dicom(tmp_path / f"in/slice_{number}.dcm", part, PixelSpacing=[0.5, 0.5])
    with open_image(tmp_path / "in", ReadOptions(sequence=True)) as reader:
        assert (reader.shape, pixel_size(reader)) == ((3, 9, 8), (500, 500))
        np.testing.assert_array_equal(images(reader)[..., 0], array)
        write_like(tmp_path / "out", reader, ([reader.image(n)] for n in range(3)))
        with pytest.raises(ImageError, match="does not hold float32"):
            write_like(tmp_path / "no", reader, [[]] * 3, dtype=np.dtype(np.float32))
    made = pydicom.dcmread(tmp_path / "out/slice_1.dcm")
    np.testing.assert_array_equal(made.pixel_array, array[1])


def test_notes_tell_what_is_not_evident(tmp_path: Path) -> None:
    path = write_dicom(
        tmp_path / "a.dcm", values(9, 8, dtype="uint16"), PhotometricInterpretation="MONOCHROME1"
    )
    with open_image(path) as reader:
        assert reader.notes == (
            "its low values are shown white (MONOCHROME1); they are read as stored",
        )
        with pytest.raises(ImageError, match="does not hold float32"):
            write_like(tmp_path / "b.dcm", reader, [], dtype=np.dtype(np.float32))
