"""EXIF: from files of several kinds, written by libvips, into a TIFF, read by tifffile."""

import struct
from pathlib import Path

import numpy as np
import pytest
import pyvips
import tifffile

from raws import flat, mosaic_of, stored, write_dng
from unnoise.images import open_image, write_like
from unnoise.images.contents import Contents
from unnoise.images.exif import Exif, append_exif, read_exif

FIELDS = {
    "exif-ifd0-Make": "Maker",
    "exif-ifd2-ExposureTime": "1/200",
    "exif-ifd2-ISOSpeedRatings": "800",
    "exif-ifd2-LensModel": "A lens of 50 mm",
    "exif-ifd3-GPSLatitude": "48/1 30/1 0/1",
    "exif-ifd3-GPSLatitudeRef": "N",
}
MAKE, EXPOSURE, ISO, LATITUDE = 271, 33434, 34855, 2


@pytest.fixture(scope="module")
def jpeg() -> bytes:
    """Return a JPEG with EXIF, written by libvips."""
    image = pyvips.Image.black(16, 16, bands=3).copy()
    for name, value in FIELDS.items():
        image.set_type(pyvips.GValue.gstr_type, name, value)
    return bytes(image.jpegsave_buffer())


@pytest.fixture(scope="module")
def directories(jpeg: bytes) -> bytes:
    """Return the EXIF of that JPEG, which is a TIFF without pixels."""
    return bytes(pyvips.Image.new_from_buffer(jpeg, "").get("exif-data"))[6:]


def found_in(data: bytes) -> Exif:
    return read_exif(Contents("a file", "a.dng", data))


def check(found: Exif) -> None:
    assert found.image[MAKE].data.rstrip(b"\0") == b"Maker"
    assert struct.unpack(found.order + "2I", found.exif[EXPOSURE].data) == (1, 200)
    assert struct.unpack(found.order + "H", found.exif[ISO].data) == (800,)
    assert struct.unpack(found.order + "6I", found.gps[LATITUDE].data) == (48, 1, 30, 1, 0, 1)


def test_tiff_like_files(directories: bytes) -> None:
    check(found_in(directories))
    # Olympus and Panasonic have another number than 42 behind the byte order.
    check(found_in(directories[:2] + b"RO" + directories[4:]))


def test_raf_holds_a_jpeg(jpeg: bytes) -> None:
    head = b"FUJIFILMCCD-RAW ".ljust(84, b"0") + struct.pack(">II", 200, len(jpeg))
    found = found_in(head.ljust(200, b"\0") + jpeg)
    check(found)
    assert "embedded previews" in found.lost


def test_cr3_holds_a_tiff_for_each_directory(directories: bytes) -> None:
    whole = found_in(directories)

    def box(name: bytes, place: int) -> bytes:
        block = directories[:4] + struct.pack("<I", place) + directories[8:]
        return struct.pack(">I", 8 + len(block)) + name + block

    places = [8, *(struct.unpack("<I", whole.image[code].data)[0] for code in (34665, 34853))]
    boxes = map(box, (b"CMT1", b"CMT2", b"CMT4"), places)
    found = found_in(b"\0\0\0\x18ftypcrx " + bytes(12) + b"".join(boxes))
    check(found)
    assert "maker notes" in found.lost


def test_tifffile_reads_what_is_written(directories: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    image = np.arange(20, dtype=np.uint8).reshape(4, 5)
    tifffile.imwrite(path, image, metadata=None, byteorder="<")
    append_exif(path, found_in(directories))
    with tifffile.TiffFile(path) as tiff:
        np.testing.assert_array_equal(tiff.asarray(), image)
        tags = tiff.pages.first.tags
        exif, gps = tags[34665].value, tags[34853].value
    assert (exif["ExposureTime"], exif["ISOSpeedRatings"]) == ((1, 200), 800)
    assert exif["LensModel"] == "A lens of 50 mm"
    assert "PixelXDimension" not in exif  # of the JPEG
    assert (gps["GPSLatitudeRef"], gps["GPSLatitude"]) == ("N", (48, 1, 30, 1, 0, 1))


def test_a_result_has_the_exif_of_its_raw_file(tmp_path: Path) -> None:
    tags = [
        (65000, 4, 1, 0, True),  # becomes the pointer to the EXIF, which tifffile does not write
        (306, "s", 0, "2026:01:02 03:04:05", True),
        (700, 7, 4, b"<x/>", True),
        (51022, 7, 4, b"code", True),
    ]
    path = write_dng(tmp_path / "a.dng", stored(mosaic_of(flat())), tags=tags)
    content = path.read_bytes()
    pointer, place = struct.pack("<HHII", 65000, 4, 1, 0), len(content)
    assert content.count(pointer) == 1
    content = content.replace(pointer, struct.pack("<HHII", 34665, 4, 1, place))
    content += struct.pack("<H", 2)
    for code, value in ((ISO, 400), (37500, 7)):  # the second one is maker notes
        content += struct.pack("<HHIHxx", code, 3, 1, value)
    path.write_bytes(content + bytes(4))
    with open_image(path) as reader:
        lost = write_like(tmp_path / "b.tif", reader, [reader.bands(0, 48)])
    assert lost == ("XMP", "lens corrections (opcodes)", "maker notes")
    with tifffile.TiffFile(tmp_path / "b.tif") as tiff:
        tags_of = tiff.pages.first.tags
        assert [tags_of[code].value for code in (271, 272, 306)] == [
            *("Maker", "Model", "2026:01:02 03:04:05")
        ]
        assert tags_of[34665].value == {"ISOSpeedRatings": 400}


def test_damaged_directories_are_left_out(directories: bytes) -> None:
    random = np.random.default_rng(0)
    assert found_in(b"") == Exif()
    assert found_in(b"FUJIFILMCCD-RAW") == Exif()
    for _ in range(500):
        changed = bytearray(directories)
        for place in random.integers(0, len(changed), 5):
            changed[place] = random.integers(0, 256)
        found = found_in(bytes(changed[: random.integers(1, len(changed))]))
        assert all(len(tag.data) < 2**16 for tag in found.exif.values())
