"""Image files in: the reader of each format, chosen by the name and the first bytes of a file."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unnoise.errors import ConfigError, ImageError
from unnoise.images.array_files import open_idx, open_npy
from unnoise.images.axes import MAX_PIXELS, Layout
from unnoise.images.contents import Contents, File, reading, size_in_bytes
from unnoise.images.film_reader import FILM_SUFFIXES, FilmReader
from unnoise.images.holes import Holes, NaN
from unnoise.images.inventory import format_of
from unnoise.images.names import TIFF_SUFFIXES, kind_of
from unnoise.images.npz_files import NpzReader
from unnoise.images.picture_files import PICTURE_SUFFIXES, PictureReader
from unnoise.images.reader import Reader
from unnoise.images.remote import is_url
from unnoise.images.sequence_reader import SequenceReader
from unnoise.images.tiff_reader import TiffReader
from unnoise.images.zarr_files import ZarrReader, is_zarr


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How files are read. A value out of range raises ``ConfigError``.

    Parameters
    ----------
    array
        The name of the array that holds the images, in a .npz archive.
    axes
        The axes of the files, one letter each, such as ZYX or YXC: C is channels, other letters
        count images. Without it, they are read from the file or guessed.
    max_pixels
        Refuse larger images; 0 is no limit.
    nodata
        The value that stands for no data. Its pixels are left out, and keep this value. Without it,
        the value that the file states counts (GDAL_NODATA, _FillValue).
    nan
        keep takes NaN and infinity as no data; refuse refuses files with them.
    sequence
        Take each folder of numbered files (frame_0001.png, ...) as one stack along T, in the order
        of the numbers. Results have the names of the frames.
    """

    array: str | None = None
    axes: str | None = None
    max_pixels: int = MAX_PIXELS
    nodata: float | None = None
    nan: NaN = "refuse"
    sequence: bool = False

    def __post_init__(self) -> None:
        if self.max_pixels < 0:
            raise ConfigError(
                f"max_pixels is {self.max_pixels}: it must be positive, or 0 for no limit"
            )
        Holes.of(self.nodata, self.nan)

    def open(self, path: str | Path) -> Reader:
        """Open a file; see ``open_image``."""
        return open_image(path, self)


def open_image(path: Path | str | Contents, read: ReadOptions = ReadOptions()) -> Reader:
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
    return reader


def _open(path: Path | str | Contents, read: ReadOptions) -> Reader:
    if isinstance(path, Contents):
        return _open_file(path, read)
    if read.sequence:
        return SequenceReader(Path(path), replace(read, sequence=False).open)
    if is_url(path) or is_zarr(Path(path)):
        return ZarrReader(path, axes=read.axes, max_pixels=read.max_pixels)
    path = Path(path)
    with reading(path):  # this process may not be allowed to enter its folder
        there, regular = path.exists(), path.is_file()
    if not regular:
        what = "a folder, not a file" if path.is_dir() else "no regular file"
        raise ImageError(f"{path} is {what if there else 'not there'}")
    return _open_file(path, read)


def _open_file(file: File, read: ReadOptions) -> Reader:
    axes, max_pixels = read.axes, read.max_pixels
    kind = kind_of(file)
    with reading(file):
        size = size_in_bytes(file)
    if size == 0:
        raise ImageError(f"{file} is empty")
    if kind in (*PICTURE_SUFFIXES, *TIFF_SUFFIXES):  # their content shows their format
        found = format_of(file)
        if found is not None and (found == "tiff") != (kind in TIFF_SUFFIXES):
            kind = ".tif" if found == "tiff" else ".png"
    if kind in PICTURE_SUFFIXES:
        return PictureReader(file, max_pixels=max_pixels)
    if kind in TIFF_SUFFIXES:
        return TiffReader(file, axes=axes, max_pixels=max_pixels)
    if kind == ".npz":
        return NpzReader(file, axes=axes, max_pixels=max_pixels, array=read.array)
    if kind in FILM_SUFFIXES:
        return FilmReader(file, axes=axes, max_pixels=max_pixels)
    opened = open_npy if kind == ".npy" else open_idx
    return opened(file, axes=axes, max_pixels=max_pixels)


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
    read: ReadOptions = ReadOptions(),
) -> tuple[NDArray[np.generic], Layout]:
    """Read one file as a stack of images ``(N, H, W, C)`` of its own dtype, without transparency.

    It is a masked array if some pixels have no data.

    Raises:
        ImageError: As ``open_image``; or a value is NaN or infinite.
    """
    with read.open(path) as reader:
        shape = (reader.count, reader.height, reader.width, reader.channels)
        stack = np.empty(shape, reader.dtype)
        for index in range(reader.count):
            stack[index] = reader.image(index)[..., : reader.channels]
        bad = reader.holes.find(stack) if reader.holes else None
        return stack if bad is None else np.ma.MaskedArray(stack, bad), reader.layout
