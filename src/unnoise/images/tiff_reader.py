"""TIFF in: tifffile reads axes and tags; pixels come from a memory map or page by page."""

import logging
import math
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from unnoise.errors import ImageError
from unnoise.images.axes import check_likely, check_pixels, checked_layout, normal_axes
from unnoise.images.contents import File, for_library, map_array, reading, size_in_bytes
from unnoise.images.holes import Holes
from unnoise.images.options import ReadOptions
from unnoise.images.reader import ArrayReader, Reader
from unnoise.images.tiff_pages import (
    CIELAB,
    INKS,
    Pages,
    counts_from_white,
    has_inks,
    means_its_values,
    open_pages,
    stated_mosaic,
    stated_nodata,
    states_colours,
    with_signs,
)
from unnoise.types import RGB, Array

MOST_NAMED = 4  # most images of a file that a message names
ORIENTATION, ICC = 274, 34675  # tags
MUCH_SMALLER = 4  # ratio of areas
MOST_CHECKED = 64  # longest series whose tags are read to find masks in it
ALPHA = (1, 2)  # ExtraSamples: transparency, with colours multiplied by it or not

# tifffile warns through logging; without a handler, Python prints the warnings.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


class TiffReader(Reader):
    """The main series of a TIFF file: the largest one that is no mask and no smaller copy."""

    def __init__(self, file: File, read: ReadOptions) -> None:
        import tifffile

        with reading(file):
            # _multifile would open the other files that an OME header names.
            self.tiff: Any = tifffile.TiffFile(for_library(file), _multifile=False)
        try:
            with reading(file):
                self._open(file, read.axes, read.max_pixels)
        except BaseException:
            self.tiff.close()
            raise

    def _open(self, file: File, axes: str | None, max_pixels: int) -> None:
        found = [part for each in self.tiff.series for part in _apart(each)]
        full = [each for each in found if not _is_beside(each.keyframe)]
        # A preview without a mark may come before the image, so the largest counts.
        series = max(full or found, key=lambda each: math.prod(each.shape))
        others = [each for each in found if each is not series]
        equals = [each for each in full if each is not series and _is_equal(each, series)]
        if equals:
            shapes = ", ".join(str(each.shape) for each in (series, *equals)[:MOST_NAMED])
            raise ImageError(
                f"{file} holds images of several kinds, of shapes {shapes}: save each in a file "
                "of its own"
            )
        if others:
            listed = ", ".join(
                f"{_kind(each.keyframe)} {each.shape}" for each in others[:MOST_NAMED]
            )
            more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
            self.notes = (f"its image of {series.shape} is read, but not its {listed}{more}",)
        self.page: Any = series.keyframe  # has the tags
        self.inverted = counts_from_white(self.page)  # in the file, not in values that are read
        width, height = self.page.imagewidth, self.page.imagelength
        check_pixels(width, height, name=str(file), max_pixels=max_pixels)
        if any(page is None for page in series.pages):
            raise ImageError(f"{file} lacks pages that its header names; they are in other files")
        if series.dtype is None or not series.axes.endswith(self.page.axes):
            raise ImageError(f"{file} has values or axes ({series.axes}) that cannot be read")
        self.pages_axes = len(series.axes) - len(self.page.axes)  # come before those of a page
        letters, shape, dtype = series.axes, tuple(series.shape), np.dtype(series.dtype)
        pages = None
        if series.dataoffset is None or not means_its_values(self.tiff, self.page):
            pages = open_pages(file, self.tiff, series, max_pixels=max_pixels)
            letters = letters[: self.pages_axes] + pages.axes.replace("C", "S")
            shape, dtype = (*shape[: self.pages_axes], *pages.shape), pages.dtype
        stated = normal_axes(letters)
        if not {"Y", "X"} <= set(stated):
            raise ImageError(f"{file} has axes {letters}: there is no image of rows and columns")
        self.samples = shape[letters.index("S")] if "S" in letters else 1
        if axes is None:
            check_likely(stated, shape, name=str(file))
        layout = checked_layout(
            dtype, shape, axes=axes, stated=stated, name=str(file), max_pixels=max_pixels
        )
        extra = self.page.extrasamples
        # False if --axes makes another axis the channels.
        samples = layout.axes.find("C") == letters.find("S") >= 0
        alpha = len(extra) == 1 and extra[0] in ALPHA and samples
        super().__init__(
            file,
            layout,
            alpha=alpha,
            colour="rgb" if samples and states_colours(self.tiff, self.page) else "other",
            holes=Holes(stated_nodata(self.page)),
        )
        if self.page.photometric == CIELAB and self.channels == RGB == self.samples - self.alpha:
            self.space = "lab"
        elif has_inks(self.page) and self.channels == INKS:
            self.space = "cmyk"
        self.mosaic = stated_mosaic(self.page)
        orientation = self.page.tags[ORIENTATION].value if ORIENTATION in self.page.tags else 1
        if orientation in range(1, 9):
            self.orientation = int(orientation)
        self._inner = self._paged(series, pages) if pages else self._mapped(series)
        self.windowed = self._inner.windowed

    def _bands(self, index: int, rows: int, /) -> Iterator[Array]:
        return (with_signs(self.page, band) for band in self._inner._bands(index, rows))

    def _window(self, index: int, rows: slice, columns: slice, /) -> Array:
        return with_signs(self.page, self._inner._window(index, rows, columns))

    @property
    def profile(self) -> bytes | None:
        """The ICC profile of the first page."""
        return bytes(self.page.tags[ICC].value) if ICC in self.page.tags else None

    @property
    def plain(self) -> bool:
        """Whether values are read as they are stored."""
        return not self.inverted and self.page.photometric != CIELAB

    def close(self) -> None:
        """Close the file."""
        self._inner.close()
        self.tiff.close()

    def _mapped(self, series: Any) -> Reader:
        stored = np.dtype(series.dtype).newbyteorder(self.tiff.byteorder)
        offset, shape = series.dataoffset, tuple(series.shape)
        if size_in_bytes(self.file) < offset + math.prod(shape) * stored.itemsize:
            raise ImageError(f"{self.file} ends before its pixels do: get the file again")
        handle: IO[bytes] = self.file.open("rb")
        return ArrayReader(
            self.file,
            self.layout,
            lambda: map_array(handle, stored, shape, offset=offset),
            close=handle.close,
        )

    def _paged(self, series: Any, pages: Pages) -> Reader:
        outer = self.shape[: self.pages_axes]
        if math.prod(outer) != len(series.pages):
            raise ImageError(
                f"{self.file} has {len(series.pages)} pages, but its header asks for "
                f"{math.prod(outer)}: the file is damaged, get it again"
            )
        if self.axes[self.pages_axes :] == pages.axes:
            return _PagedReader(self, pages, outer)
        # The axes of the user cut across the pages.
        whole = pages.whole(len(series.pages)).reshape(self.shape)
        return ArrayReader(self.file, self.layout, lambda: whole)


def _apart(series: Any) -> list[Any]:
    """Separate masks from a series; tifffile joins them with images of their size and kind."""
    if not 1 < len(series.pages) <= MOST_CHECKED or None in series.pages:
        return [series]
    pages = [page if hasattr(page, "tags") else page.aspage() for page in series.pages]
    beside = [_is_beside(page) for page in pages]
    if len(set(beside)) == 1:
        return [series]
    return [
        _series([p for p, other in zip(pages, beside, strict=True) if other == kind])
        for kind in (False, True)
    ]


def _series(pages: list[Any]) -> Any:
    """Make a series from pages of one kind."""
    import tifffile

    shape, axes = pages[0].shape, pages[0].axes
    if len(pages) > 1:
        shape, axes = (len(pages), *shape), f"I{axes}"
    return tifffile.TiffPageSeries(pages, shape, pages[0].dtype, axes)


def _is_beside(page: Any) -> bool:
    """Whether a page belongs to an image: a smaller copy (NewSubfileType 1) or a mask (4)."""
    return bool(page.is_reduced or page.is_mask)


def _is_equal(one: Any, other: Any) -> bool:
    """Whether two images of a file have one kind, and neither is much smaller than the other."""
    areas = sorted(math.prod(each.shape) for each in (one, other))
    same = one.dtype == other.dtype
    same &= one.keyframe.samplesperpixel == other.keyframe.samplesperpixel
    return bool(same and areas[0] * MUCH_SMALLER > areas[1])


def _kind(page: Any) -> str:
    return "smaller copy" if page.is_reduced else "mask" if page.is_mask else "other image"


class _PagedReader(Reader):
    """Images from pages: one page each, or one page per channel."""

    def __init__(self, source: TiffReader, pages: Pages, outer: tuple[int, ...]) -> None:
        super().__init__(source.file, source.layout, alpha=source.alpha)
        self._pages = pages
        self.windowed = pages.window is not None
        # numbers[n, c] is the page of image n and channel c.
        numbers = np.arange(math.prod(outer)).reshape(outer)
        axes = source.axes[: len(outer)]
        if "C" in axes:
            numbers = np.moveaxis(numbers, axes.index("C"), -1)
        self._numbers = numbers.reshape(self.count, -1)

    def _bands(self, index: int, rows: int, /) -> Iterator[Array]:
        pages = [self._pages.bands(int(number), rows) for number in self._numbers[index]]
        if len(pages) == 1:
            yield from pages[0]
            return
        for bands in zip(*pages, strict=True):
            yield np.concatenate(bands, axis=-1)

    def _window(self, index: int, rows: slice, columns: slice, /) -> Array:
        if (window := self._pages.window) is None:
            return super()._window(index, rows, columns)
        parts = [window(int(number), rows, columns) for number in self._numbers[index]]
        return np.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]
