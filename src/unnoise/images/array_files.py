"""``.npy``, ``.npz`` and IDX: arrays in files."""

import gzip
import math
import zipfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

import numpy as np

from unnoise.errors import ImageError
from unnoise.images.axes import Array, Layout, check_axes, guess_axes
from unnoise.images.idx import format_idx, read_idx
from unnoise.images.reader import ArrayReader, Reader, check_dtype, check_header, owned, reading
from unnoise.images.scratch import Scratch, allocate

IDX_AXES = {2: "YX", 3: "NYX", 4: "NYXC"}  # images lie on the first axis, whatever its length


def is_idx(path: Path) -> bool:
    """Whether the name is that of an IDX file, gzipped or not."""
    return path.name.lower().removesuffix(".gz").endswith((".idx", "-ubyte"))


def open_idx(path: Path, *, axes: str | None, max_pixels: int) -> ArrayReader:
    """Open an IDX file; it is held in memory."""
    array = read_idx(path, max_pixels=max_pixels)
    name = str(path)
    if array.ndim == 1:
        raise ImageError(f"{path} holds one axis of {array.size} values: labels, not images")
    letters = check_axes(axes, array.shape, name=name) if axes else IDX_AXES[array.ndim]
    layout = check_header(array.dtype, letters, array.shape, name=name, max_pixels=max_pixels)
    return ArrayReader(path, layout, lambda: array)


def open_npy(path: Path, *, axes: str | None, max_pixels: int) -> ArrayReader:
    """Open a ``.npy`` file, mapped band by band."""
    with reading(path):
        handle = path.open("rb")
    try:
        with reading(path):
            layout, stored, fortran = _npy_header(handle, axes, str(path), max_pixels)
            offset = handle.tell()
            size = path.stat().st_size
        if size < offset + math.prod(layout.shape) * stored.itemsize:
            raise ImageError(f"{path} ends before its pixels do: get the file again")
    except BaseException:
        handle.close()
        raise
    order: Any = "F" if fortran else "C"
    return ArrayReader(
        path,
        layout,
        lambda: np.memmap(handle, stored, "r", offset=offset, shape=layout.shape, order=order),
        close=handle.close,
    )


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


class NpzReader(Reader):
    """The arrays of a ``.npz`` archive, all their images in turn.

    Attributes:
        members: The layout of each array by its name in the archive.
    """

    def __init__(self, path: Path, *, axes: str | None, max_pixels: int) -> None:
        with reading(path):
            self._archive = zipfile.ZipFile(path)
        try:
            with reading(path):
                self.members = {
                    info.filename: self._layout(path, info, axes, max_pixels)
                    for info in self._archive.infolist()
                    if info.filename.endswith(".npy")
                }
            super().__init__(path, _together(path, self.members))
        except BaseException:
            self._archive.close()
            raise
        self.deflated = any(info.compress_type for info in self._archive.infolist())
        self._held: tuple[str, Array] | None = None  # the array that was read last

    def _layout(self, path: Path, info: Any, axes: str | None, max_pixels: int) -> Layout:
        name = f"{info.filename.removesuffix('.npy')} in {path}"
        with self._archive.open(info) as file:
            layout, stored, _ = _npy_header(file, axes, name, max_pixels)
        # An array is unpacked as a whole, and a small file can hold a very large one.
        if max_pixels and math.prod(layout.shape) > max_pixels:
            raise ImageError(
                f"{name} has shape {layout.shape}, more than {max_pixels} values, and is read as "
                f"a whole: save it as .npy, or pass --max-pixels {math.prod(layout.shape)} "
                "(0: no limit)"
            )
        if info.file_size < math.prod(layout.shape) * stored.itemsize:
            raise ImageError(f"{name} ends before its pixels do: get the file again")
        return layout

    def _bands(self, index: int, rows: int, /) -> Iterator[Array]:
        name, layout, index = self._member(index)
        if self._held is None or self._held[0] != name:
            self._held = None  # before the next is read: one array in memory
            with self._archive.open(name) as file:
                self._held = name, np.lib.format.read_array(file, allow_pickle=False)
        array = self._held[1]
        for top in range(0, self.height, rows):
            yield owned(layout.take(array, index, slice(top, top + rows)), self.dtype)

    def _member(self, index: int) -> tuple[str, Layout, int]:
        """Return the array that holds an image, and which of its images that is."""
        for name, layout in self.members.items():
            if index < layout.count:
                return name, layout, index
            index -= layout.count
        raise IndexError(index)

    def close(self) -> None:
        """Let go of the archive."""
        self._held = None
        self._archive.close()


def write_npz(temporary: Path, source: NpzReader, images: Iterable[Iterable[Array]]) -> None:
    """Write an archive with the names, shapes and compression of its source."""
    remaining = iter(images)
    kind = zipfile.ZIP_DEFLATED if source.deflated else zipfile.ZIP_STORED
    with zipfile.ZipFile(temporary, "w", kind) as archive:
        for name, layout in source.members.items():
            with Scratch(temporary.parent, layout.shape, layout.dtype) as scratch:
                scratch.fill(layout, islice(remaining, layout.count))
                with archive.open(name, "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, scratch.array(), allow_pickle=False)


def _npy_header(
    file: IO[bytes], axes: str | None, name: str, max_pixels: int
) -> tuple[Layout, np.dtype[np.generic], bool]:
    """Read a ``.npy`` header: the layout, the stored dtype, and whether columns come first."""
    version = np.lib.format.read_magic(file)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read is None:
        raise ImageError(f"{name} is of .npy version {version}: save it again with numpy.save")
    shape, fortran, dtype = read(file)
    check_dtype(dtype, name=name)
    letters = check_axes(axes, shape, name=name) if axes else guess_axes(shape, name=name)
    return check_header(dtype, letters, shape, name=name, max_pixels=max_pixels), dtype, fortran


def _together(path: Path, members: dict[str, Layout]) -> Layout:
    """Return the layout of all arrays of an archive as one stack."""
    if not members:
        raise ImageError(f"{path} holds no array")
    first, *others = members.values()
    if not others:
        return first
    for name, layout in members.items():
        if _kind(layout) != _kind(first):
            raise ImageError(
                f"{path} holds arrays of several kinds: {next(iter(members))} has "
                f"{first.axes} {first.shape} {first.dtype}, {name} has {layout.axes} "
                f"{layout.shape} {layout.dtype}; images of one archive must have one size, dtype "
                "and number of channels, so save them as separate .npy files"
            )
    count = sum(layout.count for layout in members.values())
    image = (first.height, first.width, first.channels)[: 2 + first.channel_axis]
    return Layout(first.dtype, "NYXC"[: 3 + first.channel_axis], (count, *image))


def _kind(layout: Layout) -> tuple[Any, ...]:
    axes = "".join(axis for axis in layout.axes if axis in "YXC")
    return axes, layout.dtype, layout.height, layout.width, layout.channels
