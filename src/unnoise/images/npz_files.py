"""``.npz``: archives of named arrays, some of which are images.

Names have meanings: ``noisy`` and ``clean``, or ``x`` and ``y``, are pairs, and ``axes`` names the
axes. Labels, strings and single numbers are no images. Arrays that are not denoised stay unchanged.
"""

import math
import re
import zipfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from unnoise.errors import ImageError
from unnoise.images.array_files import read_npy_header
from unnoise.images.axes import Layout, checked_layout
from unnoise.images.contents import File, for_library, reading
from unnoise.images.options import ReadOptions
from unnoise.images.reader import Reader, owned
from unnoise.images.scratch import Scratch
from unnoise.types import Array

NPY = ".npy"
NOISY_NAMES = ("noisy", "x", "input", "inputs", "raw", "source", "lq")
CLEAN_NAMES = ("clean", "y", "target", "targets", "gt", "truth", "hq")
# Names without a fixed meaning: their arrays may hold classes of pixels.
ANYTHING = ("x", "y", "input", "inputs", "target", "targets")
LABELS = (
    *("y", "label", "labels", "class", "classes", "target", "targets", "mask", "masks"),
    *("segmentation", "segmentations", "annotation", "annotations"),
)
PARTS = re.compile(r"_?(train|test|val|valid|validation)$")  # of a data set, after a name
AXES = "axes"  # an array that names the axes of the others, as in archives of CARE
MOST_AXES = 200  # most bytes that it may have

Header = tuple[tuple[int, ...], np.dtype[np.generic]]
Shapes = dict[str, Header]


class NpzReader(Reader):
    """The images of a ``.npz`` archive, array after array."""

    def __init__(self, file: File, read: ReadOptions) -> None:
        with reading(file):
            self._archive = zipfile.ZipFile(for_library(file))
        try:
            with reading(file):
                shapes = _read_shapes(self._archive, file)
                axes = read.axes or self._stated_axes()
                self.pairs = _find_pairs(shapes)
                chosen = _choose(file, shapes, self.pairs, read.array, axes)
                self.members = {  # layouts by names in the archive
                    name + NPY: self._layout(file, name, shapes[name], axes, read.max_pixels)
                    for name in chosen
                }
            super().__init__(file, _together(file, self.members))
        except BaseException:
            self._archive.close()
            raise
        others = [name for name in shapes if name not in chosen]
        if others:
            self.notes = (
                f"its images are {', '.join(chosen)}; {', '.join(others)} stay unchanged",
            )
        self.deflated = any(info.compress_type for info in self._archive.infolist())
        self._held: tuple[str, Array] | None = None  # the array that was read last

    def copy_others(self, archive: zipfile.ZipFile) -> None:
        """Copy all other arrays to another archive, unchanged."""
        for info in self._archive.infolist():
            if info.filename not in self.members:
                archive.writestr(info.filename, self._archive.read(info))

    def _stated_axes(self) -> str | None:
        name = AXES + NPY
        sizes = {info.filename: info.file_size for info in self._archive.infolist()}
        if sizes.get(name, MOST_AXES + 1) > MOST_AXES:
            return None
        with self._archive.open(name) as file:
            stated = str(np.lib.format.read_array(file, allow_pickle=False))
        # In CARE, S counts samples; elsewhere it is channels.
        return stated.upper().replace("S", "N") if stated.isalpha() else None

    def _layout(
        self, file: File, name: str, header: Header, axes: str | None, max_pixels: int
    ) -> Layout:
        title, (shape, stored) = f"{name} in {file}", header
        layout = checked_layout(stored, shape, axes=axes, name=title, max_pixels=max_pixels)
        # An array is unpacked as a whole, and a small file can hold a very large one.
        count = math.prod(shape)
        if max_pixels and count > max_pixels:
            raise ImageError(
                f"{title} has shape {layout.shape}, more than {max_pixels} values, and is read as "
                f"a whole: save it as .npy, or pass --max-pixels {count} (0: no limit)"
            )
        if self._archive.getinfo(name + NPY).file_size < count * stored.itemsize:
            raise ImageError(f"{title} ends before its pixels do: get the file again")
        return layout

    def _bands(self, index: int, rows: int, /) -> Iterator[Array]:
        name, layout, index = self._member(index)
        if self._held is None or self._held[0] != name:
            self._held = None  # before the next is read: one array in memory
            with self._archive.open(name) as file:
                self._held = name, np.lib.format.read_array(file, allow_pickle=False)
        array = self._held[1]
        for top in range(0, self.height, rows):
            part = layout.take(array, index, slice(top, top + rows))
            yield owned(part, layout.dtype)

    def _member(self, index: int) -> tuple[str, Layout, int]:
        """Return the array that holds an image, and the number of the image in it."""
        for name, layout in self.members.items():
            if index < layout.count:
                return name, layout, index
            index -= layout.count
        raise IndexError(index)

    def close(self) -> None:
        """Close the archive."""
        self._held = None
        self._archive.close()


def find_pairs(path: Path) -> list[tuple[str, str]]:
    """Return the names of noisy and clean arrays in an archive; other files have none.

    Raises:
        ImageError: The archive cannot be read.
    """
    if path.suffix.lower() != ".npz":
        return []
    with reading(path), zipfile.ZipFile(path) as archive:
        return _find_pairs(_read_shapes(archive, path))


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
        source.copy_others(archive)


def _read_shapes(archive: zipfile.ZipFile, file: File) -> Shapes:
    """Return the shape and the dtype of every array."""
    found = {}
    for info in archive.infolist():
        if info.filename.endswith(NPY):
            name = info.filename.removesuffix(NPY)
            with archive.open(info) as handle:
                shape, _, dtype = read_npy_header(handle, f"{name} in {file}")
                found[name] = shape, dtype
    return found


def _find_pairs(shapes: Shapes) -> list[tuple[str, str]]:
    """Return the names of noisy and clean images of equal shapes."""
    pairs = []
    for noisy in shapes:
        part = PARTS.search(noisy.lower())
        base, ending = (noisy[: part.start()], part[0]) if part else (noisy, "")
        if base.lower() not in NOISY_NAMES:
            continue
        for clean in shapes:
            name = clean.lower().removesuffix(ending)
            alike = shapes[clean][0] == shapes[noisy][0] and _is_image(*shapes[noisy])
            ours, theirs = shapes[noisy][1], shapes[clean][1]
            # Integers beside another dtype may be classes of pixels.
            alike &= base.lower() not in ANYTHING or theirs == ours or theirs.kind == "f"
            if name in CLEAN_NAMES and clean.lower().endswith(ending) and alike:
                pairs.append((noisy, clean))
                break
    return pairs


def _choose(
    file: File,
    shapes: Shapes,
    pairs: list[tuple[str, str]],
    array: str | None,
    axes: str | None,
) -> list[str]:
    """Return the names of the arrays of images: the named one, the noisy ones of pairs, or all."""
    images = [name for name, (shape, dtype) in shapes.items() if _is_image(shape, dtype)]
    listed = ", ".join(f"{name} {shape} {dtype}" for name, (shape, dtype) in shapes.items())
    if array is not None:
        if array not in shapes:
            raise ImageError(f"{file} has no array {array}: it has {listed}")
        return [array]
    if pairs:
        return [noisy for noisy, _ in pairs]
    if not images:
        what = f"it has {listed}" if shapes else "it is empty"
        raise ImageError(f"{file} holds no array of images: {what}")
    fitting = [name for name in images if axes is None or len(shapes[name][0]) == len(axes)]
    images = fitting or images
    return [name for name in images if PARTS.sub("", name.lower()) not in LABELS] or images


def _is_image(shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> bool:
    """Whether an array may hold images: labels have one axis, strings are no numbers."""
    return len(shape) > 1 and np.dtype(dtype).kind in "biuf"


def _together(file: File, members: dict[str, Layout]) -> Layout:
    """Return the layout of all images of an archive as one stack."""
    first, *others = members.values()
    if not others:
        return first
    for name, layout in members.items():
        if _kind(layout) != _kind(first):
            one, other = next(iter(members)).removesuffix(NPY), name.removesuffix(NPY)
            raise ImageError(
                f"{file} holds arrays of several kinds: {one} has {first.axes} {first.shape} "
                f"{first.dtype}, {other} has {layout.axes} {layout.shape} {layout.dtype}; choose "
                f"one of them, such as --array {one}"
            )
    count = sum(layout.count for layout in members.values())
    image = (first.height, first.width, first.channels)[: 2 + first.channel_axis]
    return Layout(first.dtype, "NYXC"[: 3 + first.channel_axis], (count, *image))


def _kind(layout: Layout) -> tuple[Any, ...]:
    return layout.image_axes, layout.dtype, layout.height, layout.width, layout.channels
