"""The input of readers: a file, or its bytes; and why it could not be read."""

import errno
import re
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from unnoise.errors import ImageError, UnnoiseError
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
    """Return a source of libvips."""
    if isinstance(file, Contents):
        return pyvips.Source.new_from_memory(file.data)
    # Python reports the error of the system, and takes names that are not UTF-8.
    with file.open("rb") as handle:
        return pyvips.Source.new_from_descriptor(handle.fileno())  # libvips copies the descriptor


CODEC = re.compile(r"<?(?:COMPRESSION|PREDICTOR)\.(\w+).*requires the 'imagecodecs' package")
NO_FORMAT = re.compile(r"not (?:in )?a known (?:file )?format")
UNKNOWN = re.compile(r"not (?:supported|a known|implemented|configured)|unsupported")


def explain_failure(error: Exception) -> str:
    """Return why a file could not be read, and what to try if that is known."""
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    message = " ".join(dict.fromkeys(line.strip() for line in text.splitlines()))  # libvips repeats
    reason = (getattr(error, "strerror", None) or message or type(error).__name__)[:300]
    if isinstance(error, FileNotFoundError):
        return f"{reason}; it was removed or renamed, or its folder is gone"
    if isinstance(error, PermissionError):
        return f"{reason}; get permission to read it, and to enter its folder"
    if isinstance(error, ImportError):
        return f"{reason}; a package is missing or broken"
    if isinstance(error, OSError) and error.errno is not None:
        many = error.errno in (errno.EMFILE, errno.ENFILE)
        return reason + "; close other programs, or raise the limit (ulimit -n)" * many
    if found := CODEC.search(message):
        return needs_codecs("it", found[1])
    if NO_FORMAT.search(message):
        return "its content is no picture format that is known here, whatever its name says"
    if UNKNOWN.search(message):
        return f"{reason}; save it as PNG, or as TIFF without compression"
    return f"{reason}; if other programs cannot open it either, it is damaged: get it again"


def needs_codecs(what: str, compression: str) -> str:
    """Name the package to install for a compression of TIFF."""
    return (
        f"{what} is compressed as {compression}, which needs another package: "
        "pip install imagecodecs"
    )


@contextmanager
def reading(path: File | str) -> Iterator[None]:
    """Turn errors of libraries on a damaged or missing file into ``ImageError``."""
    try:
        yield
    except UnnoiseError:
        raise
    except MemoryError as error:
        raise ImageError(
            f"{path} needs more memory than there is, if its header is right: "
            "cut it into smaller images"
        ) from error
    except Exception as error:  # damaged files make libraries raise any kind
        raise ImageError(f"cannot read {path}: {explain_failure(error)}") from error


def quiet() -> AbstractContextManager[object]:
    """Return a context without the warnings of libraries, as few files keep to their standard."""
    return warnings.catch_warnings(action="ignore")
