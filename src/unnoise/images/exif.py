"""EXIF: read from raw files, and written into a TIFF.

Most raw files are TIFF-like. RAF holds a JPEG with the EXIF, and CR3 a TIFF for each directory. The
values are copied as they are stored, so the TIFF must have their byte order.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, Literal

from unnoise.images.contents import File
from unnoise.images.inventory import EXIF, jpeg_segments

IMAGE_TAGS = (270, 271, 272, 305, 306, 315, 33432)  # description, make, ..., copyright
EXIF_TAG, GPS_TAG, SMALLER, JPEG_TAG, XMP = 34665, 34853, 330, 513, 700
MAKER_NOTES = 37500
# Maker notes and directories inside refer to places of their file; the others are about its pixels.
LEFT_OUT = (MAKER_NOTES, 40961, 40962, 40963, 40965)
OPCODES = (51008, 51009, 51022)  # of DNG, steps of development such as lens corrections
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
MOST_TAGS, LARGEST, START = 512, 2**16, 2**18  # of a directory; bytes of a value; bytes of a CR3
RAF = b"FUJIFILMCCD-RAW"
RAF_JPEG = 84  # place of the offset and the length of the JPEG
CR3_BOXES = {b"CMT1": "image", b"CMT2": "exif", b"CMT4": "gps"}


@dataclass(frozen=True)
class Tag:
    """A tag of a directory."""

    kind: int  # code of its dtype in TIFF
    count: int
    data: bytes  # as stored

    def number(self, order: str) -> int:
        """Return the first value of a tag of 32-bit numbers, such as a place in the file."""
        return int(struct.unpack(order + "I", self.data[:4])[0]) if self.kind in (4, 13) else 0


Tags = dict[int, Tag]
Order = Literal["<", ">"]


@dataclass
class Exif:
    """The directories of a file that describe its image."""

    order: Order = "<"  # byte order of the values, for ``struct``
    image: Tags = field(default_factory=dict)
    exif: Tags = field(default_factory=dict)
    gps: Tags = field(default_factory=dict)
    lost: frozenset[str] = frozenset()  # what is not kept, in words


def read_exif(file: File) -> Exif:
    """Return the EXIF of a raw file; it is empty where none is found, or it is damaged."""
    with file.open("rb") as handle:
        start = handle.read(START)
        try:
            if start.startswith(RAF):
                return _of_raf(handle, start)
            if start[4:12] == b"ftypcrx ":
                return _of_cr3(start)
            return _of_tiff(handle)
        except (struct.error, ValueError, OverflowError, OSError):
            return Exif()


def _of_raf(handle: IO[bytes], start: bytes) -> Exif:
    place, length = struct.unpack_from(">II", start, RAF_JPEG)
    handle.seek(place)
    for _, data in jpeg_segments(BytesIO(handle.read(min(length, START)))):
        if data.startswith(EXIF):
            found = _of_tiff(BytesIO(data[len(EXIF) :]))
            found.lost |= {"embedded previews"}
            return found
    return Exif()


def _of_cr3(start: bytes) -> Exif:
    found = Exif(lost=frozenset({"embedded previews", "maker notes"}))
    for name, part in CR3_BOXES.items():
        at = start.find(name)
        if at < 4:
            continue
        size = int.from_bytes(start[at - 4 : at], "big")
        block = BytesIO(start[at + 4 : at - 4 + size])
        order, first = _byte_order(block)
        if part == "image":
            found.order = order
        if order == found.order:
            setattr(found, part, _directory(block, order, first)[0])
    return found


def _of_tiff(handle: IO[bytes]) -> Exif:
    order, first = _byte_order(handle)
    image, following = _directory(handle, order, first)
    found = Exif(order, image)
    if EXIF_TAG in image:
        found.exif = _directory(handle, order, image[EXIF_TAG].number(order))[0]
    if GPS_TAG in image:
        found.gps = _directory(handle, order, image[GPS_TAG].number(order))[0]
    parts = [image, *_parts(handle, order, image)]
    words = {
        "maker notes": MAKER_NOTES in found.exif or 50740 in image,
        "XMP": XMP in image,
        "lens corrections (opcodes)": any(code in part for part in parts for code in OPCODES),
        "embedded previews": bool(following) or SMALLER in image or JPEG_TAG in image,
    }
    found.lost = frozenset(word for word, there in words.items() if there)
    return found


def _parts(handle: IO[bytes], order: str, image: Tags) -> Iterator[Tags]:
    """Yield the directories inside the first one, which hold the pixels of most DNG."""
    places = image.get(SMALLER, Tag(4, 0, b"")).data
    for (place,) in struct.iter_unpack(order + "I", places[: len(places) // 4 * 4]):
        yield _directory(handle, order, place)[0]


def _byte_order(handle: IO[bytes]) -> tuple[Order, int]:
    """Return the byte order of a TIFF and the place of its first directory."""
    handle.seek(0)
    head = handle.read(8)
    if head[:2] not in (b"II", b"MM"):
        raise ValueError("no TIFF")
    order: Order = "<" if head[:2] == b"II" else ">"
    return order, struct.unpack(order + "I", head[4:])[0]


def _directory(handle: IO[bytes], order: str, place: int) -> tuple[Tags, int]:
    """Return the tags of a directory, without large ones, and the place of the next one."""
    handle.seek(place)
    count = struct.unpack(order + "H", handle.read(2))[0]
    if count > MOST_TAGS:
        raise ValueError("no directory")
    entries = handle.read(12 * count)
    following = handle.read(4)
    tags: Tags = {}
    for code, kind, length, value in struct.iter_unpack(order + "HHI4s", entries):
        size = SIZES.get(kind, 0) * length
        if not 0 < size <= LARGEST:
            if size:
                tags[code] = Tag(kind, 0, b"")  # it is there, but not kept
            continue
        if size > 4:
            handle.seek(struct.unpack(order + "I", value)[0])
            value = handle.read(size)
        if len(value) >= size:
            tags[code] = Tag(kind, length, value[:size])
    return tags, struct.unpack(order + "I", following)[0] if len(following) == 4 else 0


def append_exif(path: Path, found: Exif) -> None:
    """Add the directories of EXIF and GPS to a TIFF of their byte order, whose offsets are 32-bit.

    tifffile does not write them. They come to the end of the file, and its first directory, which
    names their places, is written once more behind them.
    """
    with path.open("r+b") as handle:
        order, first = _byte_order(handle)
        handle.seek(first)
        count = struct.unpack(order + "H", handle.read(2))[0]
        entries = [handle.read(12) for _ in range(count)]
        following = handle.read(4)
        for code, tags in ((EXIF_TAG, found.exif), (GPS_TAG, found.gps)):
            kept = {each: tag for each, tag in tags.items() if each not in LEFT_OUT and tag.count}
            if kept:
                place = _even_end(handle)
                handle.write(_packed(kept, found.order, place))
                entries.append(struct.pack(order + "HHII", code, 4, 1, place))
        entries.sort(key=lambda entry: struct.unpack_from(order + "H", entry))
        place = _even_end(handle)
        handle.write(struct.pack(order + "H", len(entries)) + b"".join(entries) + following)
        handle.seek(4)
        handle.write(struct.pack(order + "I", place))


def _even_end(handle: IO[bytes]) -> int:
    """Go to the end of a file, at an even place, and return it."""
    end = handle.seek(0, 2)
    handle.write(bytes(end % 2))
    return end + end % 2


def _packed(tags: Tags, order: str, place: int) -> bytes:
    """Return the bytes of a directory at a place."""
    at = place + 2 + 12 * len(tags) + 4
    entries, values = b"", b""
    for code, tag in sorted(tags.items()):
        if len(tag.data) > 4:
            value = struct.pack(order + "I", at + len(values))
            values += tag.data + bytes(len(tag.data) % 2)
        else:
            value = tag.data.ljust(4, b"\0")
        entries += struct.pack(order + "HHI", code, tag.kind, tag.count) + value
    return struct.pack(order + "H", len(tags)) + entries + bytes(4) + values
