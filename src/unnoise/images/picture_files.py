"""PNG, JPEG and WebP through libvips: one image per file, streamed both ways."""

import logging
import math
import os
import re
import struct
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from unnoise.errors import ImageError
from unnoise.images.axes import Layout, checked_layout
from unnoise.images.contents import File, explain_failure, reading, vips_source
from unnoise.images.encoding import keep_colours, save_options
from unnoise.images.inventory import (
    GAIN_MAPS,
    format_of,
    is_animated,
    png_chunks,
    without_small_resources,
    without_thumbnail,
)
from unnoise.images.options import ReadOptions
from unnoise.images.reader import Colour, Reader
from unnoise.images.scratch import IN_MEMORY
from unnoise.outputs import TEMPORARY
from unnoise.types import Array

STRIP_ROWS = 64  # rows of a strip in the file that passes many pixels to libvips
UNSTATED = (1000, 2834)  # pixels per metre that libvips assumes if a file or a PNG states none
# libvips searches lists that grow with the number of rows in a request. A header that claims ten
# million rows would keep it busy for hours.
FETCH_ROWS = 128
FORMATS = {  # of libvips
    "uchar": "uint8", "char": "int8", "ushort": "uint16", "short": "int16", "uint": "uint32",
    "int": "int32", "float": "float32", "double": "float64",
}  # fmt: skip
# Fields of a header that describe the picture and not how its pixels are stored.
KEPT = ("exif-", "icc-profile-data", "xmp-data", "iptc-data", "png-comment-")
STALE = "exif-ifd1-"
KEPT_NAMES = ("orientation", "resolution-unit")

# libvips and its readers warn through logging; without a handler, Python prints the warnings.
logging.getLogger("pyvips").addHandler(logging.NullHandler())


def vips() -> Any:
    """Return pyvips with its safe loaders only; the first call loads it, in a tenth of a second."""
    import pyvips

    pyvips.block_untrusted_set(True)
    return pyvips


def open_header(file: File, *, access: str = "sequential", **options: int) -> Any:
    """Read the header of a picture with libvips; its pixels are read later, in order or not."""
    pyvips = vips()
    wanted = {"access": access, "fail_on": "error", "revalidate": True, **options}
    try:
        with reading(file):
            source = vips_source(pyvips, file)
        return pyvips.Image.new_from_source(source, "", **wanted)
    except pyvips.Error as error:
        raise _unreadable(file, error) from error


def save(image: Any, path: Path, options: Mapping[str, Any]) -> None:
    """Write a picture with libvips in the format of a name; raise ``OSError`` if that fails."""
    pyvips = vips()
    png = path.suffix.lower() == ".png"
    if png and not image.get_typeof("exif-data"):
        options = {**options, "keep": "xmp|iptc|icc|other"}  # libvips must not make EXIF up
    try:
        if str(path).encode(errors="ignore").decode() == str(path):  # no bytes but UTF-8
            image.write_to_file(str(path), **options)
        else:
            with path.open("r+b") as file:
                target = pyvips.Target.new_to_descriptor(file.fileno())
                image.write_to_target(target, path.suffix, **options)
    except pyvips.Error as error:
        raise write_error(error) from error
    if png and round(1000 * image.xres) in UNSTATED:
        _forget_size(path)


def _forget_size(path: Path) -> None:
    """Replace the size of pixels that libvips made up for a PNG: they are only square."""
    with path.open("r+b") as file:
        for name, _ in png_chunks(file):
            if name == b"IDAT":
                return
            if name == b"pHYs":
                square = struct.pack(">IIB", 1, 1, 0)
                file.seek(file.tell())
                file.write(square + struct.pack(">I", zlib.crc32(b"pHYs" + square)))
                return


def fetch_bands(image: Any, file: File, rows: int) -> Iterator[Array]:
    """Yield the pixels of a picture opened by ``open_header`` in bands ``(<= rows, W, bands)``."""
    region = vips().Region.new(image)
    for top in range(0, image.height, rows):
        bottom = min(top + rows, image.height)
        yield _fetch(region, image, file, slice(top, bottom), slice(0, image.width))


def fetch_window(image: Any, file: File, rows: slice, columns: slice) -> Array:
    """Return a part ``(rows, columns, bands)`` of a picture opened for ``random`` access."""
    return _fetch(vips().Region.new(image), image, file, rows, columns)


def _fetch(region: Any, image: Any, file: File, rows: slice, columns: slice) -> Array:
    pyvips = vips()
    dtype = np.dtype(FORMATS[image.format])
    width = columns.stop - columns.start
    band = np.empty((rows.stop - rows.start, width, image.bands), dtype)
    for start in range(0, len(band), FETCH_ROWS):
        part = band[start : start + FETCH_ROWS]
        try:
            data = region.fetch(columns.start, rows.start + start, width, len(part))
        except pyvips.Error as error:
            raise _unreadable(file, error) from error
        part[...] = np.frombuffer(data, dtype).reshape(part.shape)
    return band


def _unreadable(file: File, error: Exception) -> ImageError:
    reason = re.search(r"system error: (.+)", str(error))
    return ImageError(f"cannot read {file}: {reason[1] if reason else explain_failure(error)}")


def write_error(error: Exception) -> OSError:
    """Turn an error of libvips into one with the reason of the system, if it has one."""
    reason = re.search(r"system error: (.+)", str(error))
    return OSError(reason[1] if reason else " ".join(str(error).split())[:300])


def read_vips_header(image: Any, *, name: str, max_pixels: int) -> Layout:
    """Check the header that libvips read, and return its layout, ``YX`` or ``YXC``."""
    if image.format not in FORMATS:
        raise ImageError(f"{name} holds {image.format} values: it must hold integers or floats")
    shape: tuple[int, ...] = (image.height, image.width)
    if image.bands > 1:
        shape = (*shape, image.bands)
    dtype, axes = np.dtype(FORMATS[image.format]), "YXC"[: len(shape)]
    return checked_layout(dtype, shape, axes=axes, name=name, max_pixels=max_pixels)


class PictureReader(Reader):
    """One picture; palettes and fewer than 8 bits are expanded, the orientation is not applied."""

    picture = whole = True

    def __init__(self, file: File, read: ReadOptions) -> None:
        with reading(file):
            self.header = open_header(file)
            pages = self.header.get("n-pages") if self.header.get_typeof("n-pages") else 1
            if format_of(file) == "png" and is_animated(file):
                raise ImageError(f"{file} is an animation: save its pictures one by one")
            if pages > 1:
                raise ImageError(
                    f"{file} is an animation of {pages} pictures: save them one by one"
                )
            layout = read_vips_header(self.header, name=str(file), max_pixels=read.max_pixels)
            alpha = bool(self.header.hasalpha())
            colour: Colour = "other" if self.header.interpretation in ("cmyk", "lab") else "rgb"
            super().__init__(file, layout, alpha=alpha, colour=colour)
            if self.header.interpretation == "cmyk":
                self.space = "cmyk"
            if self.header.get_typeof("orientation"):
                self.orientation = int(self.header.get("orientation"))

    @property
    def profile(self) -> bytes | None:
        """The embedded ICC profile."""
        name = "icc-profile-data"
        return bytes(self.header.get(name)) if self.header.get_typeof(name) else None

    def _bands(self, _index: int, rows: int, /) -> Iterator[Array]:
        image = open_header(self.file)
        known = self.height, self.width, self.layout.channels
        if (image.height, image.width, image.bands) != known:
            raise ImageError(f"{self.path} has changed since it was opened: start again")
        yield from fetch_bands(image, self.file, rows)


def write_picture(
    temporary: Path, source: PictureReader, bands: Iterator[Array], *, quality: int | None = None
) -> None:
    """Write one picture in the format of the name, with the metadata of its source."""
    with _pixels(temporary.parent, source, bands) as pixels:
        image = with_header(pixels, source.header)
        kept = save_options(temporary.suffix, source.dtype, source=source.path, quality=quality)
        save(image, temporary, kept)
    keep_colours(source.path, temporary)


@contextmanager
def _pixels(folder: Path, source: PictureReader, bands: Iterator[Array]) -> Iterator[Any]:
    """Give libvips the pixels: from memory, or if they are many, by a file beside the target."""
    import tifffile

    if math.prod(source.shape) * source.dtype.itemsize < IN_MEMORY:
        yield vips().Image.new_from_array(np.concatenate(list(bands)))
        return
    # A plain TIFF, which libvips reads in strips; it would map a raw file as a whole.
    handle, name = tempfile.mkstemp(prefix=TEMPORARY, suffix=".raw.tif", dir=folder)
    os.close(handle)
    try:
        tifffile.imwrite(
            name,
            (band.tobytes() for band in bands),
            shape=source.shape,
            dtype=source.dtype,
            photometric="minisblack",
            planarconfig="contig" if source.layout.channel_axis else None,
            rowsperstrip=STRIP_ROWS,
            bigtiff=True,
            metadata=None,
        )
        yield open_header(Path(name))
    except struct.error as error:
        raise OSError(str(error)) from error
    finally:
        with suppress(OSError):
            Path(name).unlink(missing_ok=True)


def with_header(image: Any, header: Any) -> Any:
    """Return an image with the metadata and interpretation of another one."""
    image = image.copy(interpretation=header.interpretation, xres=header.xres, yres=header.yres)
    for field in header.get_fields():
        if (field.startswith(KEPT) and not field.startswith(STALE)) or field in KEPT_NAMES:
            value = _still_true(field, header.get(field))
            if value is not None:
                image.set_type(header.get_typeof(field), field, value)
    return image


def _still_true(field: str, value: Any) -> Any:
    """Return the part of a field that is true for the result; None if there is none."""
    if field == "exif-data":  # a thumbnail would show the noise
        return without_thumbnail(bytes(value))
    if field == "iptc-data":
        return without_small_resources(bytes(value))
    gains = field == "xmp-data" and any(word in bytes(value) for word in GAIN_MAPS)
    return None if gains else value  # gain maps are not written
