"""Images in a memory map, a zarr array, or anything else that slices like an array."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from unnoise.images.axes import Layout
from unnoise.images.contents import File
from unnoise.images.holes import Holes
from unnoise.images.reader import Colour, Reader
from unnoise.types import Array


class ArrayReader(Reader):
    """Images in anything that slices like an array.

    ``open_array`` returns the array. It is called for every band, so that a memory map counts as
    memory no longer than the band lives. ``step`` is the number of rows that are cheapest to read
    together, such as those of a chunk.
    """

    windowed = True

    def __init__(
        self,
        file: File,
        layout: Layout,
        open_array: Callable[[], Any],
        *,
        colour: Colour = "unknown",
        holes: Holes = Holes(),  # noqa: B008  frozen
        step: int = 1,
        close: Callable[[], None] = lambda: None,
        name: str | None = None,
    ) -> None:
        super().__init__(file, layout, colour=colour, holes=holes, name=name)
        self._open_array = open_array
        self._step = step
        self._close = close

    def _bands(self, index: int, rows: int, /) -> Iterator[Array]:
        step = -(-rows // self._step) * self._step  # whole chunks, read once each
        parts = (
            owned(self.layout.take(self._open_array(), index, slice(top, top + step)), self.dtype)
            for top in range(0, self.height, step)
        )
        return reband(parts, rows)

    def _window(self, index: int, rows: slice, columns: slice, /) -> Array:
        return owned(self.layout.take(self._open_array(), index, rows, columns), self.dtype)

    def close(self) -> None:
        """Close the file of the array."""
        self._close()


def owned(part: Array, dtype: np.dtype[np.generic]) -> Array:
    """Copy a part of a mapped array into contiguous memory of native byte order."""
    return np.array(part, dtype, order="C", copy=True)


def reband(bands: Iterable[Array], rows: int) -> Iterator[Array]:
    """Cut bands of any heights into bands of ``rows`` rows; the last one may be shorter."""
    held: list[Array] = []
    count = 0
    for band in bands:
        while count + len(band) >= rows:
            first, band = band[: rows - count], band[rows - count :]
            yield np.concatenate([*held, first]) if held else np.ascontiguousarray(first)
            held, count = [], 0
        if len(band):
            held.append(band)
            count += len(band)
    if held:
        yield np.concatenate(held) if len(held) > 1 else np.ascontiguousarray(held[0])
