"""Formats that are known by name but not read: what they are, and what helps."""

from pathlib import Path

import pytest

from unnoise.errors import ImageError
from unnoise.images import find_images, left_out, open_image
from unnoise.images.formats import ENDINGS
from unnoise.images.known_formats import KNOWN


def test_no_format_is_read_and_unread() -> None:
    assert not set(KNOWN) & set(ENDINGS)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("IMG_1.HEIC", r"a HEIF picture, which is not read: .*magick IMG_1.HEIC IMG_1.png"),
        ("cells.oir", r"an Olympus microscope, .*bfconvert cells.oir cells.ome.tif"),
        ("brain.nii.gz", r"a NIfTI volume, .*nibabel"),
        ("sky.fits.fz", r"a compressed FITS, .*funpack sky.fits.fz"),
        ("notes.txt", r"has no format that can be read"),
    ],
)
def test_a_file_that_is_named_says_what_helps(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / name).write_bytes(b"content")
    with pytest.raises(ImageError, match=says):
        open_image(tmp_path / name)


def test_files_in_a_folder_are_counted_with_what_helps(tmp_path: Path) -> None:
    for name in ("a.heic", "b.HEIC", "c.nii.gz", "d.txt"):
        (tmp_path / name).write_bytes(b"content")
    (said,) = left_out([tmp_path])
    assert said == (
        f"left out of {tmp_path}: 2 .heic (convert it to PNG or TIFF, such as with magick a.heic "
        "a.png), 1 .nii.gz (write its array to .npy or .mrc, with nibabel in Python), 1 .txt"
    )
    with pytest.raises(ImageError, match=r"has no image in it: .*; left out of .*: 2 \.heic"):
        find_images([tmp_path])
