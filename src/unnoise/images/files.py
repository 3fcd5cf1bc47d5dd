"""Image files in: the reader of each format, chosen by the name and the first bytes of a file."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unnoise.errors import ImageError
from unnoise.images.axes import MAX_PIXELS, Layout
from unnoise.images.contents import Contents, File, reading, size_in_bytes
from unnoise.images.formats import PICTURE, SCENED, TIFF, ZARR, Format, format_named
from unnoise.images.holes import Holes
from unnoise.images.inventory import format_of
from unnoise.images.mosaic import as_mosaic
from unnoise.images.options import ReadOptions
from unnoise.images.reader import Reader
from unnoise.images.remote import is_url
from unnoise.images.sequence_reader import SequenceReader
from unnoise.images.zarr_files import is_zarr

AS_STATED = ReadOptions()


def open_image(path: Path | str | Contents, read: ReadOptions = AS_STATED) -> Reader:
    """Open a file of images or a zarr folder, and read its header, but not its pixels.

    Args:
        path: A file of a format in ``SUFFIXES``, the URL of a zarr array, or all bytes of a file;
            for a sequence, the folder of its frames.
        read: How it is read.

    Raises:
        ImageError: The file cannot be read or is too large, or its axes cannot be guessed.
    """
    reader = _open(path, read)
    reader.holes = Holes.of(read.nodata, read.nan, stated=reader.holes.value)
    try:
        return reader if read.sequence else as_mosaic(reader, read)
    except ImageError:
        reader.close()
        raise


def _open(path: Path | str | Contents, read: ReadOptions) -> Reader:
    if isinstance(path, Contents):
        return _open_file(path, read)
    if read.sequence:
        return SequenceReader(Path(path), partial(open_image, read=replace(read, sequence=False)))
    if is_url(path) or is_zarr(Path(path)):
        return _opened(ZARR, path, read)
    path = Path(path)
    with reading(path):  # this process may not be allowed to enter its folder
        there, regular = path.exists(), path.is_file()
    if not regular:
        what = "a folder, not a file" if path.is_dir() else "no regular file"
        raise ImageError(f"{path} is {what if there else 'not there'}")
    return _open_file(path, read)


def _open_file(file: File, read: ReadOptions) -> Reader:
    kind = format_named(file)
    with reading(file):
        size = size_in_bytes(file)
    if size == 0:
        raise ImageError(f"{file} is empty")
    if kind in (PICTURE, TIFF):  # their content shows their format
        found = format_of(file)
        if found is not None:
            kind = TIFF if found == "tiff" else PICTURE
    return _opened(kind, file, read)


def _opened(kind: Format, file: File | str, read: ReadOptions) -> Reader:
    if read.scene is not None and kind not in SCENED:
        raise ImageError(f"{file} is {kind.name}, which has no scenes: leave --scene out")
    return kind.open(file, read)


def read_image(
    data: bytes, suffix: str, *, name: str, max_pixels: int = MAX_PIXELS
) -> NDArray[np.generic]:
    """Read one image ``(H, W, C)``, without transparency, from the bytes of a file.

    Args:
        data: All bytes of the file.
        suffix: Suffix of its format, such as ``.png``.
        name: Its name in messages.
        max_pixels: As in ``ReadOptions``.

    Raises:
        ImageError: As ``open_image``; or there is more than one image.
    """
    read = ReadOptions(max_pixels=max_pixels)
    with open_image(Contents(name, suffix, data), read) as reader:
        if reader.count != 1:
            raise ImageError(f"{name} is a stack of {reader.count}: one image is read here")
        return reader.image(0)[..., : reader.channels]


def read_stack(
    path: Path | str,
    read: ReadOptions = AS_STATED,
) -> tuple[NDArray[np.generic], Layout]:
    """Read one file as a stack of images ``(N, H, W, C)`` of its own dtype, without transparency.

    It is a masked array if some pixels have no data.

    Raises:
        ImageError: As ``open_image``; or a value is NaN or infinite.
    """
    with open_image(path, read) as reader:
        shape = (reader.count, reader.height, reader.width, reader.channels)
        stack = np.empty(shape, reader.dtype)
        for index in range(reader.count):
            stack[index] = reader.image(index)[..., : reader.channels]
        bad = reader.holes.find(stack) if reader.holes else None
        return stack if bad is None else np.ma.MaskedArray(stack, bad), reader.layout
