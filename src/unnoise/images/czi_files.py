"""CZI of Zeiss: scenes of planes, which are put together from tiles.

czifile lists the tiles and reads each; it decodes compressed ones only beside imagecodecs.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

import numpy as np

from unnoise.errors import ImageError
from unnoise.images.axes import check_pixels
from unnoise.images.contents import File, for_library, quiet, reading, size_in_bytes
from unnoise.images.options import ReadOptions
from unnoise.images.scenes import Scene, ScenesReader
from unnoise.types import Array

METRES = 1e6  # in micrometres
COMPRESSIONS = {1: "JPEG", 2: "LZW", 4: "JPEG XR"}
ZSTANDARD = (5, 6)  # without and with a header
MOST_EMPTY = 100  # ratio of a plane to its tiles
SPLIT_HEADER = 3  # bytes of a header that says whether low and high bytes are apart


def open_czi(file: File, read: ReadOptions) -> ScenesReader:
    """Open a CZI file; only the list of its tiles is read."""
    import czifile

    with reading(file), quiet():
        czi = czifile.CziFile(for_library(file), multifile=False)
    try:
        with reading(file), quiet():
            root = _metadata(czi)
            entries = czi.subblock_directory
            full = [each for each in entries if each.shape == each.stored_shape]
            groups: dict[int, list[Any]] = defaultdict(list)
            for entry in full:
                groups[_starts(entry).get("S", 0)].append(entry)
            made = [_Tiles(groups[number], file, read.max_pixels) for number in sorted(groups)]
            names = _scene_names(root, sorted(groups))
            scenes = [
                tiles.scene(name, _steps(root), _channels(root))
                for name, tiles in zip(names, made, strict=True)
            ]
        gaps = ("places without a tile are 0",) * any(tiles.has_gaps for tiles in made)
        smaller = ("its smaller copies are not read",) * (len(full) < len(entries))
        return ScenesReader(file, read, scenes, czi.close, (*gaps, *smaller))
    except BaseException:
        czi.close()
        raise


class _Tiles:
    """The tiles of a scene in full size."""

    def __init__(self, entries: list[Any], file: File, max_pixels: int) -> None:
        self._file, first = file, entries[0]
        kind = np.dtype(first.dtype)
        self._axes = [letter for letter in first.axes if letter not in "SYX0"]
        if any(each.dtype != first.dtype or each.axes != first.axes for each in entries):
            raise ImageError(
                f"{file} has tiles or channels of several types in one scene: export each channel "
                "as a file of its own"
            )
        self._samples = kind.shape[0] if kind.shape else 1
        self._dtype = kind.base
        if self._dtype.kind not in "uif" or self._samples not in (1, 3):
            raise ImageError(f"{file} has pixels of {kind}, which are not read: export it as TIFF")
        self._placed: dict[tuple[int, ...], list[Any]] = defaultdict(list)
        for each in entries:
            starts = _starts(each)
            self._placed[tuple(starts[letter] for letter in self._axes)].append(each)
        self._numbers = [
            sorted({place[at] for place in self._placed}) for at in range(len(self._axes))
        ]
        if math.prod(map(len, self._numbers)) != len(self._placed):
            raise ImageError(f"{file} lacks planes: it is damaged, or its recording was stopped")
        spans = [_span(each) for each in entries]
        self._top, self._left = (min(span[at].start for span in spans) for at in (0, 1))
        height, width = (max(span[at].stop for span in spans) for at in (0, 1))
        self._size = height - self._top, width - self._left
        self._check_size(entries, max_pixels)

    def _check_size(self, entries: list[Any], max_pixels: int) -> None:
        """Refuse planes that are too large, or far larger than their tiles."""
        height, width = self._size
        check_pixels(width, height, name=str(self._file), max_pixels=max_pixels)
        area = sum(_area(each) for each in entries) // len(self._placed)
        if height * width > MOST_EMPTY * area:
            raise ImageError(
                f"{self._file} has tiles that lie far apart, in a plane of {width} × {height} "
                "pixels: export its parts as scenes or files of their own"
            )
        plain = sum(_area(each) for each in entries if not each.compression)
        if size_in_bytes(self._file) < plain * self._samples * self._dtype.itemsize:
            raise ImageError(f"{self._file} ends before its pixels do: get the file again")

    @property
    def has_gaps(self) -> bool:
        """Whether the tiles of a plane cannot cover it."""
        least = min(sum(map(_area, entries)) for entries in self._placed.values())
        return bool(least < self._size[0] * self._size[1])

    def scene(self, name: str, steps: Mapping[str, float], channels: tuple[str, ...]) -> Scene:
        """Return the scene; axes of length 1 are left out."""
        kept = [at for at, numbers in enumerate(self._numbers) if len(numbers) > 1]
        letters = "".join(self._axes[at] for at in kept)
        counts = tuple(len(self._numbers[at]) for at in kept)
        count = counts[letters.index("C")] if "C" in letters else 1
        shape = (*counts, *self._size, *([self._samples] if self._samples > 1 else []))

        def plane(place: tuple[int, ...]) -> Array:
            key = [numbers[0] for numbers in self._numbers]
            for at, number in zip(kept, place, strict=True):
                key[at] = self._numbers[at][number]
            return self._joined(self._placed[tuple(key)])

        known = channels if len(channels) == count else ()
        return Scene(name, letters, shape, self._dtype, plane, steps, known)

    def _joined(self, entries: list[Any]) -> Array:
        """Return a plane of tiles; where they overlap, the later one counts, as in ZEN."""
        shape = (*self._size, *([self._samples] if self._samples > 1 else []))
        plane = np.zeros(shape, self._dtype.newbyteorder("="))
        for entry in sorted(entries, key=lambda each: each.mosaic_index or 0):
            rows, columns = _span(entry)
            place = (
                slice(rows.start - self._top, rows.stop - self._top),
                slice(columns.start - self._left, columns.stop - self._left),
            )
            plane[place] = self._tile(entry).reshape(plane[place].shape)
        return plane

    def _tile(self, entry: Any) -> Array:
        from czifile.czifile import DECOMPRESS

        size = math.prod(entry.shape) * self._dtype.itemsize
        with reading(self._file), quiet():
            block, code = entry.data_segment(), entry.compression
            if code in ZSTANDARD:
                values: Array = np.frombuffer(
                    _inflated(block.data(raw=True), size, code), self._dtype
                )
                values = values.reshape(entry.shape)
                return values[..., ::-1] if self._samples > 1 else values
            if code not in DECOMPRESS:
                kind = f"as {COMPRESSIONS[code]}" if code in COMPRESSIONS else f"(number {code})"
                raise ImageError(
                    f"{self._file} has tiles that are compressed {kind}, which needs another "
                    "package: pip install imagecodecs, or save it without compression in ZEN"
                )
            if not code and block.data_size < size:
                raise ImageError(f"{self._file} ends inside a tile: get the file again")
            return np.asarray(block.data(resize=False))


def _inflated(data: bytes, size: int, code: int) -> bytes:
    """Return the bytes of a tile; the second kind begins with a header, and may split words."""
    from numcodecs.zstd import Zstd

    start = data[0] if code == ZSTANDARD[1] else 0
    split = start >= SPLIT_HEADER and data[1] == 1 and bool(data[2] & 1)
    values = np.empty(size, np.uint8)
    Zstd().decode(data[start:], values)
    return values.reshape(2, -1).T.tobytes() if split else values.tobytes()


def _starts(entry: Any) -> dict[str, int]:
    return {each.dimension: int(each.start) for each in entry.dimension_entries}


def _span(entry: Any) -> tuple[slice, slice]:
    """Return the rows and columns of a tile."""
    found = {each.dimension: each for each in entry.dimension_entries}
    rows, columns = (slice(found[a].start, found[a].start + found[a].size) for a in "YX")
    return rows, columns


def _area(entry: Any) -> int:
    """Return the pixels of a tile."""
    rows, columns = _span(entry)
    return int((rows.stop - rows.start) * (columns.stop - columns.start))


def _metadata(czi: Any) -> ElementTree.Element:
    """Return the metadata; an empty element if there are none."""
    text = czi.metadata() if czi.header.metadata_position else None
    if not text or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return ElementTree.Element("nothing")
    return ElementTree.fromstring(text)  # noqa: S314  without entities


def _scene_names(root: ElementTree.Element, numbers: list[int]) -> list[str]:
    stated = {each.get("Index"): each.get("Name") for each in root.iter("Scene")}
    return [stated.get(str(number)) or f"Scene {number + 1}" for number in numbers]


def _channels(root: ElementTree.Element) -> tuple[str, ...]:
    found = root.findall("./Metadata/Information/Image/Dimensions/Channels/Channel")
    names = [each.get("Name") or each.get("Id") or "" for each in found]
    return tuple(names)


def _steps(root: ElementTree.Element) -> Mapping[str, float]:
    """Return the sizes of pixels in micrometres; the file has metres."""
    steps = {}
    for each in root.iterfind("./Metadata/Scaling/Items/Distance"):
        value = float(each.findtext("Value") or 0)
        if 0 < value < math.inf:
            steps[str(each.get("Id"))] = round(value * METRES, 9)
    return steps
