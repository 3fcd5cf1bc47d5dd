"""The input of readers: a file on disk, or the bytes of one, such as a member of a shard."""

from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from unnoise.types import Array


@dataclass(frozen=True)
class Contents:
    """All bytes of a file, which can be opened like a path."""

    title: str  # its name in messages
    name: str  # it ends in the suffix of the format, such as .png
    data: bytes = field(repr=False)

    def __str__(self) -> str:
        return self.title

    def open(self, mode: Literal["rb"] = "rb") -> BytesIO:  # noqa: ARG002  as of a path
        """Open the bytes for reading, like ``Path.open``."""
        return BytesIO(self.data)


File = Path | Contents


def size_in_bytes(file: File) -> int:
    """Return the size of a file."""
    return len(file.data) if isinstance(file, Contents) else file.stat().st_size


def for_library(file: File) -> Path | BytesIO:
    """Return the argument for a library that takes a path or an open file."""
    return file.open() if isinstance(file, Contents) else file


def map_array(
    handle: IO[bytes],
    dtype: np.dtype[np.generic],
    shape: tuple[int, ...],
    *,
    offset: int,
    order: Literal["C", "F"] = "C",
) -> Array:
    """View the values in an open file as an array, without reading them."""
    if isinstance(handle, BytesIO):
        # Not its buffer, with which it could not be closed.
        return np.ndarray(shape, dtype, handle.getvalue(), offset, order=order)
    return np.memmap(handle, dtype, "r", offset=offset, shape=shape, order=order)


def vips_source(pyvips: Any, file: File) -> Any:
    """Return a source of libvips.

    Python opens a path, since it reports the error of the system and takes names that are not
    UTF-8. libvips keeps a copy of the descriptor.
    """
    if isinstance(file, Contents):
        return pyvips.Source.new_from_memory(file.data)
    with file.open("rb") as handle:
        return pyvips.Source.new_from_descriptor(handle.fileno())
