"""A place for one array until it can be written: memory, or a file if it is large."""

import math
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Self

import numpy as np

from unnoise.images.axes import Layout
from unnoise.outputs import REFUSED, TEMPORARY
from unnoise.types import Array

IN_MEMORY = 2**26  # bytes; a larger array goes to a raw file beside the target
BLOCK = 2**24  # bytes of zeros written at once


class Scratch:
    """An array of zeros that exists until the end of the ``with`` block."""

    def __init__(self, folder: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self._path: Path | None = None
        self._folder, self._shape, self._dtype = folder, shape, dtype
        self._memory: Array | None = None

    def __enter__(self) -> Self:
        size = math.prod(self._shape) * self._dtype.itemsize
        if size < IN_MEMORY:
            self._memory = np.zeros(self._shape, self._dtype)
            return self
        handle, name = tempfile.mkstemp(prefix=TEMPORARY, suffix=".raw", dir=self._folder)
        self._path = Path(name)
        try:
            with os.fdopen(handle, "r+b") as file:
                allocate(file, 0, size)
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._memory = None
        self._remove()

    def array(self) -> Array:
        """Return the array. Hold it briefly: touched pages of a memory map count as memory."""
        if self._memory is not None:
            return self._memory
        if self._path is None:
            raise RuntimeError("the scratch array is used outside its with block")
        return np.memmap(self._path, self._dtype, "r+", shape=self._shape)

    def fill(self, layout: Layout, images: Iterable[Iterable[Array]]) -> None:
        """Put in images, given in bands from the top, at their places in ``layout``."""
        for index, bands in enumerate(images):
            top = 0
            for band in bands:
                layout.put(self.array(), index, top, band)
                top += len(band)

    def _remove(self) -> None:
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)


def allocate(file: IO[bytes], start: int, size: int) -> None:
    """Reserve ``size`` bytes on the disk, from ``start``."""
    # Without this, a memory map on a full disk would kill the process instead of raising an error.
    if hasattr(os, "posix_fallocate"):
        file.flush()
        try:
            os.posix_fallocate(file.fileno(), start, size)
        except OSError as error:
            if error.errno not in REFUSED:
                raise
        else:
            return
    file.seek(start)
    for done in range(0, size, BLOCK):
        file.write(bytes(min(BLOCK, size - done)))


def copy_bytes(old: IO[bytes], new: IO[bytes], size: float = math.inf) -> None:
    """Copy the next ``size`` bytes of a file, or all that are left."""
    while size > 0 and (data := old.read(int(min(BLOCK, size)))):
        new.write(data)
        size -= len(data)


def append(
    file: IO[bytes], layout: Layout, images: Iterable[Iterable[Array]], stored: np.dtype[Any]
) -> None:
    """Write images, given in bands, at the end of a file, in the dtype that it stores."""
    start, size = file.tell(), math.prod(layout.shape) * stored.itemsize
    allocate(file, start, size)
    for index, bands in enumerate(images):
        top = 0
        for band in bands:
            array = np.memmap(file, stored, "r+", offset=start, shape=layout.shape)
            layout.put(array, index, top, band)
            top += len(band)
            del array  # unmapped, its pages do not count as memory
    file.seek(start + size)


class Statistics:
    """The extremes, mean and standard deviation of values; all are 0 without a finite one."""

    def __init__(self) -> None:
        self._count, self._sum, self._squares, self._origin = 0, 0.0, 0.0, 0.0
        self._low, self._high = math.inf, -math.inf

    def of(self, images: Iterable[Iterable[Array]]) -> Iterator[Iterator[Array]]:
        """Pass on images in bands, and count their finite values."""
        return (map(self._count_in, bands) for bands in images)

    def _count_in(self, band: Array) -> Array:
        values = band[np.isfinite(band)].astype(np.float64)
        if values.size:
            if not self._count:
                self._origin = float(values[0])  # squares of large values would lose digits
            self._low = min(self._low, float(values.min()))
            self._high = max(self._high, float(values.max()))
            self._count += values.size
            self._sum += float((values - self._origin).sum())
            self._squares += float(((values - self._origin) ** 2).sum())
        return band

    @property
    def low(self) -> float:
        """The lowest value."""
        return self._low if self._count else 0.0

    @property
    def high(self) -> float:
        """The highest value."""
        return self._high if self._count else 0.0

    @property
    def mean(self) -> float:
        """The mean."""
        return self._origin + self._sum / self._count if self._count else 0.0

    @property
    def deviation(self) -> float:
        """The standard deviation."""
        if not self._count:
            return 0.0
        return math.sqrt(max(0.0, self._squares / self._count - (self._sum / self._count) ** 2))
