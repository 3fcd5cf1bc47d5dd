"""TIFF out: tifffile writes strips, with the axes and tags of the source."""

import math
import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape

import numpy as np

from unnoise.images.axes import Layout
from unnoise.images.reader import reband
from unnoise.images.scratch import BLOCK, Scratch
from unnoise.images.tiff_pages import CFA, MINISWHITE, SEPARATE, is_lookup_table, with_signs
from unnoise.images.tiff_reader import TiffReader
from unnoise.types import Array

NONE, DEFLATE = 1, 8  # codes of TIFF, here and below
PHOTOMETRIC = 262
MINISBLACK, RGB, SEPARATED, CIELAB = 1, 2, 5, 8
RESOLUTION_UNITS = (1, 2, 3, 4, 5)  # none, inch, centimetre, millimetre, micrometre
COLOURS = {RGB: 3, SEPARATED: 4, CIELAB: 3}  # samples without transparency; others have 1
HORIZONTAL = 2  # predictor: each sample minus its left neighbour
STRIP = 2**18  # bytes, the default of tifffile
CLASSIC_LIMIT = 2**32 - 2**25  # reach of 32-bit offsets, without room for headers
PAGE_HEADER = 1024
OME_START = 4096  # bytes in which the root of OME metadata begins
OME_TYPES = {"float32": "float", "float64": "double"}
# Tags copied byte for byte: they describe the picture, not the places of its pixels. Their names
# stand in ``inventory.TIFF_WORDS``.
COPIED = (
    *(271, 272, 274, 285, 315, 305, 306, 316, 700, 33432, 33550, 33723, 33922, 34264, 34675),
    *(34735, 34736, 34737, 42112, 42113, 50838, 50839, 51123),
    *(33421, 33422, 50710, 50711, 50713, 50714, 50715, 50716, 50717),  # of a mosaic
)


def write_tiff(
    temporary: Path, source: TiffReader, images: Iterable[Iterable[Array]], *, name: str
) -> None:
    """Write a file with the axes, shape, dtype and metadata of its source, in strips."""
    images = ((with_signs(source.page, band) for band in bands) for bands in images)
    separate = source.page.planarconfig == SEPARATE and source.samples > 1
    outer, page = source.axes[: source.pages_axes], source.axes[source.pages_axes :]
    if page in ("YX", "YXC") and "C" not in outer and not separate:
        _write(temporary, source, images, separate=False, name=name)
        return
    # Images come with all channels together; the file has them one after the other.
    layout = source.layout
    if separate and page == "YXC":  # libvips reads the planes of a page together
        *stack, height, width, samples = source.shape
        layout = Layout(source.dtype, f"{outer}CYX", (*stack, samples, height, width))
    with Scratch(temporary.parent, layout.shape, layout.dtype) as scratch:
        scratch.fill(layout, images)
        planes = _planes(scratch, source, 1 if separate else source.samples)
        _write(temporary, source, planes, separate=separate, name=name)


def _planes(scratch: Scratch, source: TiffReader, samples: int) -> Iterator[Iterator[Array]]:
    """Yield planes ``(H, W, samples)`` in the order of the file, each in bands."""
    shape = (-1, source.page.imagelength, source.page.imagewidth, samples)
    rows = max(1, BLOCK // (shape[2] * samples * source.dtype.itemsize))
    for number in range(len(scratch.array().reshape(shape))):
        yield (
            np.array(scratch.array().reshape(shape)[number, top : top + rows])
            for top in range(0, shape[1], rows)
        )


def _write(
    temporary: Path,
    source: TiffReader,
    planes: Iterable[Iterable[Array]],
    *,
    separate: bool,
    name: str,
) -> None:
    import tifffile

    page, tiff, samples = source.page, source.tiff, source.samples
    height, width = page.imagelength, page.imagewidth
    count = math.prod(source.shape) // (height * width * samples)
    shape: tuple[int, ...] = (count, height, width, samples)
    if separate or samples == 1:
        shape = (count, samples, height, width) if separate else (count, height, width)
    # ImageJ has a single header for a stack of more than 4 GB, so 32-bit offsets suffice.
    truncated = tiff.is_imagej and len(tiff.pages) < count
    size = math.prod(source.shape) * source.dtype.itemsize + count * PAGE_HEADER
    deflated = page.compression != NONE  # in any way
    integers = source.dtype.kind in "iu" and source.dtype.itemsize <= 4
    predictor = HORIZONTAL if integers and page.predictor == HORIZONTAL else 1
    rows = max(1, STRIP // (width * (1 if separate else samples) * source.dtype.itemsize))
    options: dict[str, Any] = {"truncate": True} if truncated else {}
    if deflated:
        options = {"compression": DEFLATE, "predictor": predictor, "rowsperstrip": rows}
    strips = _strips(source, planes, rows, predictor=predictor if deflated else None)
    try:
        with tifffile.TiffWriter(
            temporary,
            byteorder=tiff.byteorder,
            bigtiff=not truncated and (tiff.is_bigtiff or size > CLASSIC_LIMIT),
            ome=False,
            shaped=truncated,  # truncate needs it; without metadata, tifffile adds no text
        ) as writer:
            writer.write(
                strips,
                shape=shape,
                dtype=source.dtype.newbyteorder(tiff.byteorder),
                planarconfig=("separate" if separate else "contig") if samples > 1 else None,
                metadata=None,
                software="",
                **options,
                **_meaning(source),
                **_tags(source, name),
            )
        next(strips, None)  # the check of the planes must see their end
        if page.photometric == CFA:
            _state_mosaic(temporary)
    except (struct.error, tifffile.TiffFileError) as error:
        raise OSError(str(error)) from error


def _state_mosaic(path: Path) -> None:
    """Say of all pages that they are mosaics; tifffile writes only single ones."""
    import tifffile

    with tifffile.TiffFile(path, mode="r+") as tiff:
        for page in tiff.pages:
            page.aspage().tags[PHOTOMETRIC].overwrite(CFA)


def _strips(
    source: TiffReader,
    planes: Iterable[Iterable[Array]],
    rows: int,
    *,
    predictor: int | None,
) -> Iterator[bytes]:
    """Encode planes strip by strip; without a predictor they stay plain."""
    stored = source.dtype.newbyteorder(source.tiff.byteorder)
    for bands in planes:
        for strip in reband(bands, rows):
            if source.inverted:
                strip = _invert(strip)
            if predictor == HORIZONTAL:
                strip = np.diff(strip, axis=1, prepend=strip.dtype.type(0))
            data = strip.astype(stored, copy=False).tobytes()
            yield data if predictor is None else zlib.compress(data)


def _invert(values: Any) -> Array:
    inverted: Any = values.copy()
    # Transparency stays.
    inverted[..., 0] = np.iinfo(values.dtype.name).max - values[..., 0]
    return np.asarray(inverted)


def _meaning(source: TiffReader) -> dict[str, Any]:
    """Return the options that define the values of a page: colours and transparency."""
    page, samples = source.page, source.samples
    photometric = int(page.photometric)
    options: dict[str, Any] = {}
    if is_lookup_table(source.tiff, page):
        options["colormap"] = page.colormap
    elif photometric not in (MINISWHITE, MINISBLACK) and (
        photometric not in COLOURS or photometric == RGB or samples < COLOURS[photometric]
    ):
        # Palettes and YCbCr became colours; rare and contradictory statements are not kept.
        photometric = RGB if samples >= COLOURS[RGB] else MINISBLACK
    options["photometric"] = photometric
    if extra := samples - COLOURS.get(photometric, 1):
        stated = tuple(int(sample) for sample in page.extrasamples)
        options["extrasamples"] = stated if len(stated) == extra else (0,) * extra
    return options


def _tags(source: TiffReader, name: str) -> dict[str, Any]:
    """Return the description, resolution and other metadata of the first page, unchanged."""
    tags = source.page.tags
    options: dict[str, Any] = {
        "extratags": [
            (code, int(tags[code].dtype), tags[code].count, _raw(source, tags[code]), True)
            for code in COPIED
            if code in tags
        ]
    }
    # The description states the shape, which changes if colours replace a palette.
    if 270 in tags and source.samples == source.page.samplesperpixel:
        description = _raw(source, tags[270]).rstrip(b"\0")
        options["description"] = _renewed(description, source, name)
    resolution = [tags[code].value for code in (282, 283) if code in tags]
    if len(resolution) == 2 and all(map(_is_ratio, resolution)):
        options["resolution"] = resolution
        unit = tags[296].value if 296 in tags else None
        options["resolutionunit"] = unit if unit in RESOLUTION_UNITS else None
    return options


def _renewed(description: bytes, source: TiffReader, name: str) -> bytes:
    """Return a description; if it is OME, with the identifier, name and dtype of the new file."""
    if b"<OME" not in description[:OME_START]:
        return description
    own = re.search(rb'<OME\b[^>]*\bUUID="(urn:uuid:[^"]*)"', description)
    if own is not None:
        description = description.replace(own[1], f"urn:uuid:{uuid4()}".encode())
    old, new = (escape(each).encode("utf-8", "replace") for each in (source.path.name, name))
    description = description.replace(b'FileName="' + old + b'"', b'FileName="' + new + b'"')
    if source.dtype == source.tiff.series[0].dtype:
        return description
    kind = OME_TYPES.get(str(source.dtype), str(source.dtype)).encode()
    return re.sub(rb'(<Pixels\b[^>]*\bType=")[^"]*', rb"\g<1>" + kind, description)


def _is_ratio(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and value[1] != 0


def _raw(source: TiffReader, tag: Any) -> bytes:
    """Return the bytes of a tag, as the file has them."""
    file = source.tiff.filehandle
    file.seek(tag.valueoffset)
    data: bytes = file.read(tag.valuebytecount)
    return data
