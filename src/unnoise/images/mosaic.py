"""The mosaic of a colour camera: a grey image whose 2 × 2 pixels show red, green, green and blue.

It is seen as an image of half the size with four channels, whose results are put together again. So
each colour is denoised by itself: pixels of one colour are neighbours, and their noise is
independent. An odd last row or column is completed with the one two pixels before it.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from unnoise.errors import ImageError
from unnoise.images.axes import Layout
from unnoise.images.options import ReadOptions
from unnoise.images.reader import Reader
from unnoise.types import Array

# Rows and columns of red, both greens and blue in 2 × 2 pixels: the order of the channels.
PLACES = {
    "RGGB": ((0, 0), (0, 1), (1, 0), (1, 1)),
    "BGGR": ((1, 1), (0, 1), (1, 0), (0, 0)),
    "GRBG": ((0, 1), (0, 0), (1, 1), (1, 0)),
    "GBRG": ((1, 0), (0, 0), (1, 1), (0, 1)),
}


class MosaicReader(Reader):
    """A file of mosaics, as images ``(⌈H/2⌉, ⌈W/2⌉, 4)`` of red, green, green and blue.

    Attributes:
        inner: The file, as it is stored.
        places: The place of each channel in 2 × 2 pixels.
    """

    def __init__(self, inner: Reader, pattern: str) -> None:
        if inner.layout.channels != 1:
            raise ImageError(
                f"{inner.name} has {inner.layout.channels} channels, and a mosaic has one: leave "
                "--mosaic out"
            )
        if min(inner.height, inner.width) < 2:
            raise ImageError(f"{inner.name} is too small for a mosaic of 2 × 2 pixels")
        layout = inner.layout
        shape = (*layout.stack_shape, -(-inner.height // 2), -(-inner.width // 2), 4)
        super().__init__(
            inner.file,
            Layout(layout.dtype, f"{layout.stack_axes}YXC", shape),
            colour="other",
            holes=inner.holes,
            name=inner.name,
        )
        self.inner, self.places = inner, PLACES[pattern]
        self.windowed, self.picture, self.whole = inner.windowed, inner.picture, inner.whole
        self.orientation = inner.orientation
        self.notes = (*inner.notes, f"its four colours are seen apart, as a mosaic {pattern}")

    def _bands(self, index: int, rows: int, /) -> Iterator[Array]:
        above: Array | None = None
        for band in self.inner._bands(index, 2 * rows):
            if above is not None and len(band) == 1:
                band = np.concatenate([band, above])
            band = _even(_even(band, 0), 1)
            above = band[-1:, : self.inner.width]
            yield self._apart(band)

    def _window(self, index: int, rows: slice, columns: slice, /) -> Array:
        wanted, wider = [], []
        for asked, ours, theirs in (
            (rows, self.height, self.inner.height),
            (columns, self.width, self.inner.width),
        ):
            start, stop, _ = asked.indices(ours)
            first, last = 2 * start, min(2 * stop, theirs)
            alone = last - first == 1  # an odd last line needs the one two before its other half
            wider.append(slice(first - 2 * alone, last))
            wanted.append(slice(int(alone), None))
        part = self.inner._window(index, *wider)
        return np.ascontiguousarray(self._apart(_even(_even(part, 0), 1))[tuple(wanted)])

    def _apart(self, even: Array) -> Array:
        """Return an even number of rows and columns ``(rows, W, 1)`` as four channels."""
        plane = even[..., 0]
        return np.stack([plane[row::2, column::2] for row, column in self.places], axis=-1)

    def together(self, bands: Iterable[Array]) -> Iterator[Array]:
        """Yield rows ``(rows, W, 1)`` of the mosaic from bands of its colours."""
        left = self.inner.height
        for band in bands:
            mosaic = np.empty((2 * len(band), 2 * band.shape[1], 1), band.dtype)
            for channel, (row, column) in enumerate(self.places):
                mosaic[row::2, column::2, 0] = band[..., channel]
            yield np.ascontiguousarray(mosaic[:left, : self.inner.width])
            left -= len(mosaic)

    def close(self) -> None:
        """Close the file."""
        self.inner.close()


def _even(part: Array, axis: int) -> Array:
    """Complete an odd axis with the line two before its end, which has the same colours."""
    length = part.shape[axis]
    if length % 2 == 0:
        return part
    return np.concatenate([part, np.take(part, [length - 2], axis=axis)], axis=axis)


def as_mosaic(reader: Reader, read: ReadOptions) -> Reader:
    """Return an open file as a mosaic, if the user or the file says that it is one.

    Raises:
        ImageError: The user says so, and it has colours; or the file states another mosaic.
    """
    if read.mosaic == "none":
        return reader
    pattern = read.mosaic or reader.mosaic
    if pattern is None:
        return reader
    if pattern not in PLACES:
        raise ImageError(
            f"{reader.name} states a mosaic {pattern}, which is none of "
            f"{', '.join(PLACES)}: develop it first, or pass --mosaic none to take it as grey"
        )
    return MosaicReader(reader, pattern)
