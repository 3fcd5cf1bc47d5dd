"""``.npy`` and IDX: arrays in files."""

import gzip
import math
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Literal

import numpy as np

from unnoise.errors import ImageError
from unnoise.images.axes import Layout, check_axes, guess_axes
from unnoise.images.contents import File, map_array, size_in_bytes
from unnoise.images.idx import format_idx, read_idx
from unnoise.images.reader import ArrayReader, check_dtype, check_header, reading
from unnoise.images.scratch import Scratch, allocate
from unnoise.images.tables import check_no_table
from unnoise.types import Array

IDX_AXES = {2: "YX", 3: "NYX", 4: "NYXC"}  # images lie on the first axis, whatever its length


def is_idx(path: Path) -> bool:
    """Whether the name is that of an IDX file, gzipped or not."""
    return path.name.lower().removesuffix(".gz").endswith((".idx", "-ubyte"))


def open_idx(file: File, *, axes: str | None, max_pixels: int) -> ArrayReader:
    """Open an IDX file; it is held in memory."""
    array = read_idx(file, max_pixels=max_pixels)
    name = str(file)
    if array.ndim == 1:
        raise ImageError(f"{name} holds one axis of {array.size} values: labels, not images")
    letters = check_axes(axes, array.shape, name=name) if axes else IDX_AXES[array.ndim]
    layout = check_header(array.dtype, letters, array.shape, name=name, max_pixels=max_pixels)
    return ArrayReader(file, layout, lambda: array)


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


def write_idx_like(temporary: Path, layout: Layout, images: Iterable[Iterable[Array]]) -> None:
    """Write an IDX file from images in bands."""
    with Scratch(temporary.parent, layout.shape, layout.dtype) as scratch:
        scratch.fill(layout, images)
        data = format_idx(scratch.array())
    zipped = temporary.suffix.lower() == ".gz"
    temporary.write_bytes(gzip.compress(data, 9, mtime=0) if zipped else data)


def read_npy_header(
    file: IO[bytes], axes: str | None, name: str, max_pixels: int
) -> tuple[Layout, np.dtype[np.generic], bool]:
    """Read a ``.npy`` header: the layout, the stored dtype, and whether columns come first."""
    shape, fortran, dtype = _read_header(file, name)
    check_dtype(dtype, name=name)
    letters = check_axes(axes, shape, name=name) if axes else guess_axes(shape, name=name)
    return check_header(dtype, letters, shape, name=name, max_pixels=max_pixels), dtype, fortran


def read_npy_shape(file: IO[bytes], name: str) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    """Read the shape and the dtype of a ``.npy`` file of any kind, images or not."""
    shape, _, dtype = _read_header(file, name)
    return shape, dtype


def _read_header(file: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    version = np.lib.format.read_magic(file)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read is None:
        raise ImageError(f"{name} is of .npy version {version}: save it again with numpy.save")
    shape, fortran, dtype = read(file)
    return shape, fortran, dtype
