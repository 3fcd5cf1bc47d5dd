"""Tar shards for tests: images of one colour each, so that a crop tells which one it is of."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unnoise.images import write_stack

LONG = "folder/" * 20 + "é" * 60


def png(folder: Path, image: NDArray[np.generic]) -> bytes:
    path = folder / ".image.png"
    write_stack(path, image)
    data = path.read_bytes()
    path.unlink()
    return data


def grey(folder: Path, value: int, *, side: int = 24, dtype: str = "uint8") -> bytes:
    return png(folder, np.full((side, side), value, dtype))


def pack(
    path: Path, files: Mapping[str, bytes], *, form: int = tarfile.PAX_FORMAT
) -> dict[str, int]:
    """Write a shard and return where the header of each member, or what precedes it, begins."""
    places = {}
    with tarfile.open(path, "w", format=form) as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            places[name] = tar.offset
            tar.addfile(member, io.BytesIO(data))
    return places


def pack_greys(folder: Path, name: str, values: range) -> Path:
    """Write a shard of one image for each value, with members that are none."""
    files = {}
    for value in values:
        files[f"{value:04}.json"] = b"{}"
        files[f"{value:04}.png"] = grey(folder, value)
    pack(folder / name, files)
    return folder / name
