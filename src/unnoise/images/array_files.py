"""``.npy`` and IDX, plain or gzipped: one array in a file.

IDX is the format of MNIST: two zero bytes, a type code, the number of axes, the axes as big-endian
uint32, then the values (http://yann.lecun.com/exdb/mnist, "the IDX file format").
"""

import gzip
import math
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Literal

import numpy as np
from numpy.typing import NDArray

from unnoise.errors import ImageError
from unnoise.images.axes import Layout, check_pixels, checked_layout
from unnoise.images.contents import File, explain_failure, map_array, reading, size_in_bytes
from unnoise.images.options import ReadOptions
from unnoise.images.reader import ArrayReader
from unnoise.images.scratch import Scratch, allocate
from unnoise.images.tables import check_no_table
from unnoise.outputs import replacing
from unnoise.types import Array

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_BYTES = 2**31  # decompressed; MNIST has 47 million
LONGEST_HEADER = 20  # of four axes
GZIP_MAGIC = b"\x1f\x8b"

IDX_AXES = {2: "YX", 3: "NYX", 4: "NYXC"}  # the first of 3 or 4 axes counts images


def is_idx(path: Path) -> bool:
    """Whether a path names an IDX file, gzipped or not."""
    return path.name.lower().removesuffix(".gz").endswith((".idx", "-ubyte"))


def open_idx(file: File, read: ReadOptions) -> ArrayReader:
    """Open an IDX file and keep it in memory."""
    array = read_idx(file, max_pixels=read.max_pixels)
    name = str(file)
    if array.ndim == 1:
        raise ImageError(f"{name} holds one axis of {array.size} values: labels, not images")
    stated = IDX_AXES[array.ndim]
    layout = checked_layout(
        array.dtype,
        array.shape,
        axes=read.axes,
        stated=stated,
        name=name,
        max_pixels=read.max_pixels,
    )
    return ArrayReader(file, layout, lambda: array)


def read_idx(file: File, *, max_pixels: int = 0) -> NDArray[np.generic]:
    """Read an IDX file into an array of the shape and (native) dtype that its header states.

    Args:
        file: A plain or gzipped file.
        max_pixels: Limit for one image, checked before the values are read; 0 is no limit.

    Raises:
        ImageError: The file is missing, truncated or too long, or its magic number is wrong.
    """
    try:
        with file.open("rb") as handle:
            zipped = handle.read(2) == GZIP_MAGIC
            handle.seek(0)
            with gzip.open(handle) if zipped else handle as stream:
                header = stream.read(LONGEST_HEADER)
                shape, dtype, start = _parse_header(header, name=str(file))
                # The axes are images, rows, columns, colours.
                height, width = [*shape, 1][1:3] if len(shape) > 2 else [*shape, 1][:2]
                check_pixels(width, height, name=str(file), max_pixels=max_pixels)
                # One byte more than needed shows whether the file is too long.
                expected = start + math.prod(shape) * dtype.itemsize
                data = header + stream.read(max(0, min(expected, MAX_BYTES) + 1 - len(header)))
    except (OSError, EOFError, zlib.error) as error:
        raise ImageError(f"cannot read {file}: {explain_failure(error)}") from error
    return parse_idx(data, name=str(file))


def parse_idx(data: bytes, *, name: str) -> NDArray[np.generic]:
    """Parse the decompressed bytes of an IDX file; see ``read_idx``."""
    if len(data) > MAX_BYTES:
        raise ImageError(f"{name} holds more than {MAX_BYTES} bytes: split it into smaller files")
    shape, dtype, start = _parse_header(data, name=name)
    expected = math.prod(shape) * dtype.itemsize
    if len(data) - start != expected:
        got = f"{len(data) - start}" if len(data) - start < expected else f"more than {expected}"
        raise ImageError(
            f"{name} holds {got} bytes of values, but its header {shape} "
            f"asks for {expected}: the file is damaged, get it again"
        )
    values = np.frombuffer(data, dtype, offset=start).reshape(shape)
    return values.astype(dtype.newbyteorder("="))


def _parse_header(data: bytes, *, name: str) -> tuple[tuple[int, ...], np.dtype[np.generic], int]:
    """Return the shape, the stored dtype, and where the values begin."""
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in TYPES or not 1 <= data[3] <= 4:
        codes = ", ".join(f"{code:02x}" for code in TYPES)
        raise ImageError(
            f"{name} is not an IDX file: it begins with {data[:4].hex(' ') or 'nothing'}, but must "
            f"begin with 00 00, a type code ({codes}) and 1 to 4 axes"
        )
    axes, dtype = data[3], np.dtype(TYPES[data[2]])
    start = 4 + 4 * axes
    if len(data) < start:
        raise ImageError(f"{name} ends inside its IDX header: get the file again")
    return struct.unpack(f">{axes}I", data[4:start]), dtype, start


def write_idx(path: Path, array: NDArray[np.generic], *, overwrite: bool = True) -> None:
    """Write an array as IDX, gzipped (without time stamp) if the name ends in ``.gz``.

    Raises:
        ImageError: The dtype has no IDX type code.
        OutputError: The file cannot be written.
    """
    data = _file_of(array, path)
    with replacing(path, overwrite=overwrite) as temporary:
        temporary.write_bytes(data)


def _file_of(array: NDArray[np.generic], path: Path) -> bytes:
    """Return the bytes of the IDX file, gzipped if the name asks for it."""
    kinds = {np.dtype(name).newbyteorder("="): code for code, name in TYPES.items()}
    if array.dtype not in kinds:
        raise ImageError(f"IDX cannot hold {array.dtype}: it takes {', '.join(map(str, kinds))}")
    code = kinds[array.dtype]
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    data = header + array.astype(TYPES[code]).tobytes()
    return gzip.compress(data, 9, mtime=0) if path.suffix.lower() == ".gz" else data


def write_idx_like(temporary: Path, layout: Layout, images: Iterable[Iterable[Array]]) -> None:
    """Write an IDX file from images in bands."""
    with Scratch(temporary.parent, layout.shape, layout.dtype) as scratch:
        scratch.fill(layout, images)
        temporary.write_bytes(_file_of(scratch.array(), temporary))


def open_npy(file: File, read: ReadOptions) -> ArrayReader:
    """Open a ``.npy`` file, mapped band by band."""
    with reading(file):
        handle: IO[bytes] = file.open("rb")
    try:
        with reading(file):
            shape, fortran, stored = read_npy_header(handle, str(file))
            offset, size = handle.tell(), size_in_bytes(file)
        layout = checked_layout(
            stored, shape, axes=read.axes, name=str(file), max_pixels=read.max_pixels
        )
        if size < offset + math.prod(layout.shape) * stored.itemsize:
            raise ImageError(f"{file} ends before its pixels do: get the file again")

        def mapped() -> Array:
            order: Literal["C", "F"] = "F" if fortran else "C"
            return map_array(handle, stored, layout.shape, offset=offset, order=order)

        if read.axes is None and layout.axes == "YX":
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
    file: IO[bytes], name: str
) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    """Read a ``.npy`` header: shape, whether the order is Fortran's, and stored dtype."""
    version = np.lib.format.read_magic(file)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read is None:
        raise ImageError(f"{name} has .npy version {version}: save it again with numpy.save")
    shape, fortran, dtype = read(file)
    return shape, fortran, dtype
