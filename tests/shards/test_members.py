"""Images of a shard are read from its bytes: no file is made on the way."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from packing import pack
from unnoise.errors import ImageError
from unnoise.images import open_image, write_stack
from unnoise.shards import FORMATS, Tape, read_member, samples
from unnoise.types import Array


@pytest.fixture
def no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every way to a temporary file fail."""

    def refuse(*_: object, **__: object) -> Any:
        raise AssertionError("a temporary file was made")

    for name in ("mkstemp", "mkdtemp", "NamedTemporaryFile", "TemporaryDirectory", "TemporaryFile"):
        monkeypatch.setattr(tempfile, name, refuse)
    for name in ("write_bytes", "write_text", "mkdir", "touch"):
        monkeypatch.setattr(Path, name, refuse)


def members(folder: Path) -> dict[str, bytes]:
    """Return one file of every kind that shards may hold, and of every way TIFF is read."""
    colour = np.random.default_rng(0).integers(0, 256, (37, 29, 3)).astype(np.uint8)
    for suffix in FORMATS:
        write_stack(folder / f"any{suffix}", colour)
    write_stack(folder / "grey.png", colour[..., 0].astype(np.uint16) * 257)
    np.save(folder / "float.npy", np.asfortranarray(colour[..., 0] / 255))
    write: Any = tifffile.imwrite
    write(folder / "plain.tif", colour[..., 0].astype(np.float32))
    write(folder / "deflated.tif", colour, compression="zlib")
    write(folder / "tiled.tif", colour, tile=(16, 16), compression="zlib")
    write(
        folder / "planes.tif",
        np.moveaxis(colour, -1, 0),
        planarconfig="separate",
        photometric="rgb",
    )
    write(folder / "white.tif", colour[..., 0], photometric="miniswhite")
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def read(shard: Path, *, max_pixels: int = 0) -> dict[str, Array]:
    tape = Tape(str(shard), shard.stat().st_size, 2**16)
    return {
        member.name: read_member(tape, member, max_pixels=max_pixels)
        for sample in samples(tape, 0, tape.size, pytest.fail)
        for member in sample.members.values()
    }


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    pack(tmp_path / "s.tar", members(folder))
    return tmp_path


def test_members_equal_files_and_no_file_is_made(
    packed: Path, request: pytest.FixtureRequest
) -> None:
    whole = {}
    for path in sorted((packed / "files").iterdir()):
        with open_image(path) as reader:
            whole[path.name] = reader.image(0)[..., : reader.channels]
    request.getfixturevalue("no_files")
    found = read(packed / "s.tar")
    assert found.keys() == whole.keys()
    for name, image in found.items():
        assert image.dtype == whole[name].dtype
        np.testing.assert_array_equal(image, whole[name], err_msg=name)


def test_limits_hold_before_pixels_are_read(packed: Path) -> None:
    for path in sorted((packed / "files").iterdir()):
        pack(packed / "one.tar", {path.name: path.read_bytes()})
        with pytest.raises(ImageError, match=f"{path.name} in .*one.tar.*pixels, more than 1000"):
            read(packed / "one.tar", max_pixels=1000)
