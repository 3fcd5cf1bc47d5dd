"""``.npy`` and IDX: arrays in files."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Literal

import numpy as np

from unnoise.errors import ImageError
from unnoise.images.array_reader import ArrayReader
from unnoise.images.axes import Layout
from unnoise.images.checks import checked_layout
from unnoise.images.contents import File, map_array, size_in_bytes
from unnoise.images.failures import reading
from unnoise.images.scratch import allocate
from unnoise.images.tables import check_no_table
from unnoise.types import Array


def open_npy(file: File, *, axes: str | None, max_pixels: int) -> ArrayReader:
    """Open a ``.npy`` file, mapped band by band."""
    with reading(file):
        handle: IO[bytes] = file.open("rb")
    try:
        with reading(file):
            layout, stored, fortran = read_npy_header(handle, axes, str(file), max_pixels)
            offset = handle.tell()
            size = size_in_bytes(file)
        if size < offset + math.prod(layout.shape) * stored.itemsize:
            raise ImageError(f"{file} ends before its pixels do: get the file again")

        def mapped() -> Array:
            order: Literal["C", "F"] = "F" if fortran else "C"
            return map_array(handle, stored, layout.shape, offset=offset, order=order)

        if axes is None and layout.axes == "YX":
            check_no_table(mapped(), name=str(file))
    except BaseException:
        handle.close()
        raise
    return ArrayReader(file, layout, mapped, close=handle.close)


def write_npy(temporary: Path, layout: Layout, images: Iterable[Iterable[Array]]) -> None:
    """Write a ``.npy`` file band by band."""
    header = {"descr": layout.dtype.str, "fortran_order": False, "shape": layout.shape}
    with temporary.open("w+b") as file:
        np.lib.format.write_array_header_1_0(file, header)
        start = file.tell()
        allocate(file, start, math.prod(layout.shape) * layout.dtype.itemsize)
    for index, bands in enumerate(images):
        top = 0
        for band in bands:
            array = np.memmap(temporary, layout.dtype, "r+", offset=start, shape=layout.shape)
            layout.put(array, index, top, band)
            top += len(band)
            del array  # unmapped, its pages do not count as memory


def read_npy_header(
    file: IO[bytes], axes: str | None, name: str, max_pixels: int
) -> tuple[Layout, np.dtype[np.generic], bool]:
    """Read a ``.npy`` header: layout, stored dtype, and whether the order is Fortran's."""
    shape, fortran, dtype = _read_header(file, name)
    layout = checked_layout(dtype, shape, axes=axes, name=name, max_pixels=max_pixels)
    return layout, dtype, fortran


def read_npy_shape(file: IO[bytes], name: str) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    """Read the shape and dtype of any ``.npy`` file, images or not."""
    shape, _, dtype = _read_header(file, name)
    return shape, dtype


def _read_header(file: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    version = np.lib.format.read_magic(file)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read is None:
        raise ImageError(f"{name} has .npy version {version}: save it again with numpy.save")
    shape, fortran, dtype = read(file)
    return shape, fortran, dtype
