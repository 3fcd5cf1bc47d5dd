"""A place for one array until it can be written: memory, or a file if it is large."""

import math
import os
import tempfile
from collections.abc import Iterable
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
