"""Messages about files that cannot be read: what happened, and no guess."""

import builtins
import errno
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from unnoise.errors import ImageError
from unnoise.images import open_image, read_stack, write_stack
from unnoise.images.contents import explain_failure

GUESSES = ("damaged", "get it again", "get the file again")


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (errno.EACCES, "get permission to read it"),
        (errno.ENOENT, "removed or renamed"),
        (errno.EMFILE, "ulimit -n"),
        (errno.EIO, ""),
        (errno.ESTALE, ""),
    ],
)
@pytest.mark.parametrize("suffix", [".png", ".tif", ".npy", ".idx"])
def test_what_the_system_says_is_said(
    tmp_path: Path, suffix: str, code: int, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"a{suffix}"
    write_stack(path, np.zeros((1, 9, 9) if suffix == ".idx" else (9, 9), np.uint8))
    whole = builtins.open, Path.open

    def refuse(name: Any, *given: Any, **options: Any) -> Any:
        if str(name) == str(path):
            raise OSError(code, os.strerror(code), str(path))
        return whole[0](name, *given, **options)

    monkeypatch.setattr("io.open", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(ImageError) as caught:
        read_stack(path)
    said = str(caught.value)
    assert f"cannot read {path}: {os.strerror(code)}" in said
    assert advice in said
    assert not any(guess in said for guess in GUESSES)


def test_a_folder_that_may_not_be_entered_is_no_missing_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(ImageError, match="Permission denied; get permission to read it"):
        open_image(tmp_path / "a.png")


def test_a_file_that_vanishes_is_said_to_be_gone(tmp_path: Path) -> None:
    write_stack(tmp_path / "a.png", np.zeros((9, 9), np.uint8))
    with open_image(tmp_path / "a.png") as reader:
        (tmp_path / "a.png").unlink()
        with pytest.raises(ImageError, match="No such file or directory; it was removed"):
            reader.image(0)


@pytest.mark.parametrize("photometric", ["minisblack", "rgb", "miniswhite"])
@pytest.mark.parametrize("code", [34887, 50000, 50002, 12345])
def test_a_compression_that_is_not_read_is_named(
    tmp_path: Path, photometric: str, code: int
) -> None:
    path = tmp_path / "a.tif"
    image = np.random.default_rng(0).integers(0, 255, (16, 16, 3), np.uint8)
    image = image if photometric == "rgb" else image[..., 0]
    tifffile.imwrite(path, image, compression="zlib", photometric=photometric)
    with tifffile.TiffFile(path) as tiff:
        place = tiff.pages[0].tags[259].valueoffset  # type: ignore[union-attr]  # a page, not a frame
    with path.open("r+b") as file:
        file.seek(place)
        file.write(struct.pack("<H", code))
    with pytest.raises(ImageError) as caught:
        read_stack(path)
    said = str(caught.value)
    names = {34887: "LERC", 50000: "ZSTD", 50002: ("JPEGXL", "50002"), 12345: "12345"}[code]
    assert any(name in said for name in ([names] if isinstance(names, str) else names))
    assert "pip install imagecodecs" in said or "without compression" in said
    assert not any(guess in said for guess in GUESSES)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_bytes_of_no_picture_are_named_so(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a{suffix}").write_bytes(b"no picture")
    with pytest.raises(ImageError, match="its content is no picture format") as caught:
        open_image(tmp_path / f"a{suffix}")
    assert not any(guess in str(caught.value) for guess in GUESSES)


def test_only_what_does_not_decode_may_be_damaged() -> None:
    assert "if other programs cannot open it either" in explain_failure(ValueError("bad magic"))
    assert explain_failure(KeyError("x is not a known COMPRESSION")).startswith("x is not")
    assert explain_failure(EOFError()).startswith("EOFError")
    repeated = explain_failure(ValueError("a: same\na: same\na: same"))
    assert repeated.count("same") == 1
