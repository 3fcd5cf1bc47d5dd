"""Pages of a TIFF file whose pixels cannot be mapped, read one by one.

libvips is preferred: it has the codecs, reads in bands, and keeps to the sizes in the tags. It is
used if it gives exactly the values of the file, or if the stored values need a conversion (white is
zero, a palette, fewer than 8 bits). tifffile reads the rest.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from unnoise.errors import ImageError
from unnoise.images.axes import check_dtype
from unnoise.images.contents import File, needs_codecs, size_in_bytes
from unnoise.images.picture_files import (
    fetch_bands,
    fetch_window,
    open_header,
    read_vips_header,
)
from unnoise.images.reader import reband
from unnoise.types import Array

MINISWHITE, RGB, PALETTE, SEPARATED, YCBCR, CIELAB = 0, 2, 3, 5, 6, 8
CFA, CFA_SIZE, CFA_PATTERN = 32803, 33421, 33422  # a mosaic, and its tags (TIFF/EP)
INK_SET, INKS = 332, 4  # tag; it is 1 or missing for cyan, magenta, yellow and black
SEPARATE = 2  # planar configuration: one plane per sample
WHOLE_BITS = (8, 16, 32, 64)
GDAL_NODATA = 42113
COMMON = (1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946)  # compressions that every libvips has
OVERHEAD = 4096  # bytes by which compression may enlarge a page


@dataclass(frozen=True)
class Pages:
    """The pages of a series, all of one size and dtype."""

    axes: str  # of one page, YX or YXC
    shape: tuple[int, ...]  # of one page
    dtype: np.dtype[np.generic]  # in native byte order
    bands: Callable[[int, int], Iterator[Array]]  # page and rows to ``(rows, W, samples)``
    # Page, rows and columns to a part; None if this would read everything above.
    window: Callable[[int, slice, slice], Array] | None = None

    def whole(self, count: int) -> Array:
        """Return all pages as one array ``(count, *shape)``."""
        return np.stack(
            [next(self.bands(k, self.shape[0])).reshape(self.shape) for k in range(count)]
        )


def is_lookup_table(tiff: Any, page: Any) -> bool:
    """Whether the palette is a lookup table of ImageJ, which only displays a grey image."""
    return bool(tiff.is_imagej) and page.photometric == PALETTE


def counts_from_white(page: Any) -> bool:
    """Whether zero is white; libvips inverts unsigned integers of this kind."""
    dtype = np.dtype(page.dtype)
    return page.photometric == MINISWHITE and dtype.kind in "bu" and dtype.itemsize <= 4


def states_colours(tiff: Any, page: Any) -> bool:
    """Whether the samples of a page are red, green and blue after reading."""
    coloured = page.photometric in (RGB, YCBCR, PALETTE)
    return coloured and not is_lookup_table(tiff, page)


def has_inks(page: Any) -> bool:
    """Whether the first samples of a page are cyan, magenta, yellow and black, unsigned."""
    ink_set = page.tags[INK_SET].value if INK_SET in page.tags else 1
    return page.photometric == SEPARATED and ink_set == 1 and np.dtype(page.dtype).kind == "u"


def with_signs(page: Any, part: Array) -> Array:
    """Convert stored CIELAB samples to samples without jumps, and back."""
    if page.photometric != CIELAB or part.dtype.kind not in "iu" or part.shape[-1] < 3:
        return part
    # TIFF 6.0, section 23: all samples have one dtype, but L is unsigned, and a and b are signed.
    # In unsigned samples, a and b of a neutral grey lie at the ends; in signed ones, a middle L.
    result: Any = part.copy()
    folded = slice(1, 3) if part.dtype.kind == "u" else slice(1)
    result[..., folded] ^= np.array(1 << (8 * part.dtype.itemsize - 1)).astype(part.dtype)
    return np.asarray(result)


def stated_nodata(page: Any) -> float | None:
    """Return the value that stands for no data (``GDAL_NODATA``); None if none is stated."""
    if GDAL_NODATA not in page.tags:
        return None
    try:
        return float(str(page.tags[GDAL_NODATA].value).strip("\0 "))
    except ValueError:
        return None


def stated_mosaic(page: Any) -> str | None:
    """Return the colour filters of a mosaic, such as RGGB, row by row; None if it states none."""
    if page.photometric != CFA or CFA_PATTERN not in page.tags:
        return None
    rows, columns = page.tags[CFA_SIZE].value if CFA_SIZE in page.tags else (2, 2)
    filters = bytes(page.tags[CFA_PATTERN].value)
    name = "".join("RGBCMYW"[each] if each < len("RGBCMYW") else "?" for each in filters)
    return name if (rows, columns) == (2, 2) else f"of {rows} × {columns} pixels"


def means_its_values(tiff: Any, page: Any) -> bool:
    """Whether pixels need no conversion after reading."""
    return (
        page.photometric != YCBCR
        and not counts_from_white(page)
        and (page.photometric != PALETTE or is_lookup_table(tiff, page))
        and page.bitspersample in WHOLE_BITS
    )


def open_pages(file: File, tiff: Any, series: Any, *, max_pixels: int) -> Pages:
    """Choose the library that reads the pages of a series; raise ``ImageError`` if none does."""
    page, plain = series.keyframe, means_its_values(tiff, series.keyframe)
    try:
        pages = _vips_pages(file, series, max_pixels=max_pixels)
        if page.compression not in COMMON:
            next(pages.bands(0, 1))  # whether this libvips has the codec
    except ImageError:
        if not plain:
            raise
    else:
        stated = page.imagelength, page.imagewidth, page.samplesperpixel
        dtype = np.dtype(page.dtype).newbyteorder("=")
        if not plain or ((*pages.shape, 1)[:3] == stated and pages.dtype == dtype):
            return pages
    return _tifffile_pages(file, series)


def _check_complete(file: File, page: Any) -> None:
    """Raise ``ImageError`` if the file ends before a page does; libvips would read zeros."""
    size = size_in_bytes(file)
    ends = map(sum, zip(page.dataoffsets, page.databytecounts, strict=True))
    if any(end > size for end in ends):
        raise ImageError(f"{file} ends before its pixels do: get the file again")


def _vips_pages(file: File, series: Any, *, max_pixels: int) -> Pages:
    def open_page(number: int, *, access: str = "sequential") -> Any:
        return open_header(file, access=access, page=int(series.pages[number].index))

    def checked_page(number: int, *, access: str = "sequential") -> Any:
        _check_complete(file, series.pages[number])
        image = open_page(number, access=access)
        if read_vips_header(image, name=str(file), max_pixels=max_pixels) != layout:
            raise ImageError(f"{file} has pages of several sizes or kinds: save one per file")
        return image

    def bands(number: int, rows: int) -> Iterator[Array]:
        return fetch_bands(checked_page(number), file, rows)

    def window(number: int, rows: slice, columns: slice) -> Array:
        image = checked_page(number, access="random")
        return fetch_window(image, file, rows, columns)

    layout = read_vips_header(open_page(0), name=str(file), max_pixels=max_pixels)
    # libvips reads single tiles, but would unpack all strips, to a temporary file.
    tiled = series.keyframe.is_tiled
    return Pages(layout.axes, layout.shape, layout.dtype, bands, window if tiled else None)


def _tifffile_pages(file: File, series: Any) -> Pages:
    first = series.keyframe
    check_dtype(first.dtype, name=str(file))
    samples = first.samplesperpixel
    shape = (first.imagelength, first.imagewidth, samples)
    dtype = np.dtype(first.dtype).newbyteorder("=")
    if first.imagedepth != 1:
        raise ImageError(f"{file} holds compressed volumes of {first.imagedepth} planes: not read")

    def bands(number: int, rows: int) -> Iterator[Array]:
        page = series.pages[number]
        _check_complete(file, page)
        plain = math.prod(first.shape) * dtype.itemsize
        if sum(page.databytecounts) > 2 * plain + OVERHEAD * len(page.databytecounts):
            raise ImageError(f"{file} holds more coded bytes than page {number + 1} has pixels")
        try:
            array = page.asarray().astype(dtype, copy=False)
        except ImportError as error:  # tifffile needs a package for this codec
            raise ImageError(needs_codecs(str(file), page.compression.name)) from error
        if first.planarconfig == SEPARATE and samples > 1:
            array = np.moveaxis(array.reshape(samples, *shape[:2]), 0, -1)
        return reband([array.reshape(shape)], rows)

    axes = "YXC" if samples > 1 else "YX"
    return Pages(axes, shape[: len(axes)], dtype, bands)
