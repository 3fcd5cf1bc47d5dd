"""What pictures carry beside their pixels."""

from pathlib import Path
from typing import Any

import pytest
import pyvips
from formats import copy, values

IGNORED = {"filename", "exif-data", "jpeg-chroma-subsample"}  # bytes are written anew


def described(suffix: str) -> Any:
    picture = pyvips.Image.new_from_array(values(31, 17, 3)).copy(
        interpretation="srgb", xres=11.5, yres=7.5
    )
    picture = picture.icc_export(output_profile="srgb").copy()
    fields = {
        "exif-ifd0-Make": (pyvips.GValue.gstr_type, "Acmé (Acme, ASCII, 5 components, 5 bytes)"),
        "exif-ifd2-FNumber": (pyvips.GValue.gstr_type, "28/10 (f/2.8, Rational, 1, 8 bytes)"),
        "orientation": (pyvips.GValue.gint_type, 6),
        "xmp-data": (pyvips.GValue.blob_type, b"<x:xmpmeta/>"),
        "iptc-data": (pyvips.GValue.blob_type, b"Photoshop 3.0\x008BIM"),
    }
    if suffix == ".png":
        fields["png-comment-0-Title"] = (pyvips.GValue.gstr_type, "a title")
    for name, (kind, value) in fields.items():
        picture.set_type(kind, name, value)
    return picture


def header(path: Path) -> dict[str, Any]:
    image: Any = pyvips.Image.new_from_file(str(path))
    return {name: image.get(name) for name in image.get_fields() if name not in IGNORED}


@pytest.mark.parametrize("spooled", [False, True])
@pytest.mark.parametrize(
    ("suffix", "holds"),
    [
        (".png", {"icc-profile-data", "xmp-data", "exif-ifd0-Make", "png-comment-0-Title"}),
        (".jpg", {"icc-profile-data", "xmp-data", "exif-ifd0-Make", "iptc-data"}),
        (".webp", {"icc-profile-data", "xmp-data", "exif-ifd0-Make"}),
    ],
)
def test_metadata_and_resolution_are_kept(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    suffix: str,
    holds: set[str],
    spooled: bool,
) -> None:
    if spooled:
        monkeypatch.setattr("unnoise.images.picture_files.IN_MEMORY", 0)
    path, target = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    described(suffix).write_to_file(str(path))
    copy(path, target)
    kept = header(target)
    # libvips numbers comments by their place among all of a file's.
    assert {name.replace("comment-1", "comment-0") for name in kept} >= holds
    assert kept["orientation"] == 6
    assert (kept["width"], kept["height"]) == (17, 31)  # not turned
    assert kept == header(path)


@pytest.mark.parametrize(("mode", "kept"), [("off", "4:4:4"), ("on", "4:2:0")])
def test_jpeg_colours_keep_their_resolution(tmp_path: Path, mode: str, kept: str) -> None:
    described(".jpg").write_to_file(str(tmp_path / "a.jpg"), Q=60, subsample_mode=mode)
    copy(tmp_path / "a.jpg", tmp_path / "b.jpg")
    image: Any = pyvips.Image.new_from_file(str(tmp_path / "b.jpg"))
    assert image.get("jpeg-chroma-subsample") == kept


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_palette_is_expanded(tmp_path: Path, bits: int) -> None:
    picture: Any = pyvips.Image.new_from_array(values(31, 17, 3)).copy(interpretation="srgb")
    picture.pngsave(str(tmp_path / "a.png"), palette=True, bitdepth=bits)
    expected = pyvips.Image.new_from_file(str(tmp_path / "a.png")).numpy()
    assert expected.shape == (31, 17, 3)
    copy(tmp_path / "a.png", tmp_path / "b.png")
    assert (pyvips.Image.new_from_file(str(tmp_path / "b.png")).numpy() == expected).all()
