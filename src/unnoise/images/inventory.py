"""The contents of a picture file beside its pixels, read from its bytes; no pixel is decoded.

The inventories of a source and of its result are compared, so everything that a writer leaves out
is named. Formats of plain arrays have nothing beside their values.
"""

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from unnoise.images.contents import File, reading

PNG_MAGIC, JPEG_MAGIC = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
START = 16  # bytes from which a format is recognised

# Chunks that define the meaning of the values of a PNG, which denoising does not change.
PNG_COLOURS = (b"cICP", b"mDCV", b"mDCv", b"cLLI", b"cLLi", b"cHRM", b"gAMA", b"sRGB")
PNG_WORDS = {
    b"cICP": "colour space (cICP)", b"mDCV": "mastering display (mDCV)",
    b"mDCv": "mastering display (mDCv)", b"cLLi": "light levels (cLLi)",
    b"cLLI": "light levels (cLLI)", b"cHRM": "primaries (cHRM)", b"gAMA": "gamma (gAMA)",
    b"sRGB": "sRGB intent", b"iCCP": "ICC profile", b"sBIT": "significant bits (sBIT)",
    b"eXIf": "EXIF", b"tIME": "date (tIME)", b"acTL": "animation", b"gdAT": "gain map",
    b"pHYs": "resolution", b"bKGD": "background", b"hIST": "histogram", b"sPLT": "palette",
}  # fmt: skip
JPEG_WORDS = {
    b"ICC_PROFILE\0": "ICC profile", b"http://ns.adobe.com/xap/1.0/\0": "XMP",
    b"Photoshop 3.0\0": "IPTC", b"MPF\0": "further pictures (MPF), such as a gain map",
    b"http://ns.adobe.com/xmp/extension/\0": "XMP",
}  # fmt: skip
WEBP_WORDS = {b"ICCP": "ICC profile", b"EXIF": "EXIF", b"XMP ": "XMP", b"ANIM": "animation"}
TIFF_WORDS = {
    274: "orientation", 700: "XMP", 33723: "IPTC", 34675: "ICC profile", 34665: "EXIF",
    330: "smaller copies (SubIFD)", 34377: "Photoshop data", 37724: "Photoshop layers",
    270: "description", 305: "software", 306: "date", 271: "make", 272: "model", 34853: "GPS",
    315: "artist", 316: "host computer", 33432: "copyright", 285: "page name",
    269: "document name",
    301: "transfer function", 318: "white point", 319: "primaries", 333: "ink names",
    42112: "GDAL metadata", 42113: "GDAL no data", 50838: "ImageJ counts", 50839: "ImageJ data",
    51123: "Micro-Manager", 33550: "GeoTIFF", 33922: "GeoTIFF", 34264: "GeoTIFF", 34735: "GeoTIFF",
    34736: "GeoTIFF", 34737: "GeoTIFF", 37510: "comment", 65000: "private data",
}  # fmt: skip
# Tags about the storage of pixels, which a writer may change.
TIFF_STORAGE = {
    254, 255, 256, 257, 258, 259, 262, 263, 266, 273, 277, 278, 279, 280, 281, 282, 283, 284, 288,
    289, 292, 293, 296, 297, 317, 320, 322, 323, 324, 325, 332, 336, 338, 339, 340, 341, 342, 347,
    512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532,
}  # fmt: skip
EXIF, THUMBNAIL = b"Exif\0\0", "EXIF thumbnail"
LOSSLESS = "lossless compression"
GAIN_MAPS = (b"hdrgm:", b"HDRGainMap")  # in XMP
MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # of a JPEG, between coded pixels
RESOURCE = b"8BIM"  # of Photoshop
SMALL_RESOURCES = (1033, 1036)  # thumbnails


def format_of(file: File) -> str | None:
    """Return ``png``, ``jpeg``, ``webp`` or ``tiff`` by the first bytes of a file, else None."""
    if isinstance(file, Path) and file.is_dir():  # zarr
        return None
    with reading(file), file.open("rb") as handle:
        start = handle.read(START)
    if start.startswith(PNG_MAGIC):
        return "png"
    if start.startswith(JPEG_MAGIC):
        return "jpeg"
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "webp"
    return "tiff" if start[:4] in TIFF_MAGICS else None


def inventory(path: Path) -> frozenset[str]:
    """Return the contents of a file beside its pixels, in words."""
    lists = {"png": _of_png, "jpeg": _of_jpeg, "webp": _of_webp}
    kind = format_of(path)
    with reading(path):
        if kind == "tiff":
            return frozenset(_of_tiff(path))
        if kind is None:
            return frozenset()
        with path.open("rb") as file:
            return frozenset(lists[kind](file))


def png_chunks(file: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield the name and length of each chunk of a PNG; the file is positioned at its data."""
    file.seek(len(PNG_MAGIC))
    while len(head := file.read(8)) == 8:
        length, name = struct.unpack(">I4s", head)
        place = file.tell()
        yield name, length
        file.seek(place + length + 4)


def is_animated(file: File) -> bool:
    """Whether a PNG holds several pictures; libvips would read only the first."""
    with file.open("rb") as handle:
        return any(name == b"acTL" for name, _ in png_chunks(handle))


def _of_png(file: IO[bytes]) -> Iterator[str]:
    yield LOSSLESS
    for name, length in png_chunks(file):
        if name == b"IHDR":
            bits, colour = struct.unpack(">8xBB", file.read(10))
            if bits < 8:
                yield f"{bits} bits a sample"
            if colour == 3:
                yield "palette"
        elif name == b"eXIf":
            yield "EXIF"
            yield from _thumbnail(file.read(length))
        elif name in (b"tEXt", b"zTXt", b"iTXt"):
            yield f"text {file.read(79).split(bytes(1))[0].decode('latin-1')}"
        elif name in PNG_WORDS:
            yield PNG_WORDS[name]
        elif name[:1].islower() and name != b"tRNS":
            yield f"chunk {name.decode('latin-1')}"


def _of_jpeg(file: IO[bytes]) -> Iterator[str]:
    for marker, data in jpeg_segments(file):
        if marker == 0xFE:
            yield "comment"
        elif data.startswith(EXIF):
            yield "EXIF"
            yield from _thumbnail(data)
        elif 0xE1 <= marker <= 0xEF and not data.startswith((b"Adobe", b"Ducky")):
            known = (word for start, word in JPEG_WORDS.items() if data.startswith(start))
            yield next(known, f"segment APP{marker - 0xE0}")
            if any(word in data for word in GAIN_MAPS):
                yield "gain map"
            if data != without_small_resources(data):
                yield "Photoshop thumbnail"
    file.seek(0)
    if _is_followed(file.read()):
        yield "data behind the picture, such as a gain map or a film"


def _is_followed(data: bytes) -> bool:
    """Whether there is data behind the end of a JPEG."""
    at = 2
    while found := MARKER.search(data, at):
        if found[0] == b"\xff\xd9":
            return bool(data[found.end() :].strip(b"\0\r\n"))
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    return False


def jpeg_segments(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the marker and the data of each segment of a JPEG before its pixels."""
    file.seek(2)
    while len(head := file.read(4)) == 4 and head[0] == 0xFF:
        marker, length = head[1], struct.unpack(">H", head[2:])[0]
        if marker in (0xD9, 0xDA):
            return
        yield marker, file.read(length - 2)


def _of_webp(file: IO[bytes]) -> Iterator[str]:
    for name, _ in webp_chunks(file):
        if name in WEBP_WORDS:
            yield WEBP_WORDS[name]
        if name == b"VP8L":
            yield LOSSLESS
        if name == b"EXIF":
            yield from _thumbnail(file.read(2**16))


def webp_chunks(file: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield the name and length of each chunk of a WebP; the file is positioned at its data."""
    file.seek(12)
    while len(head := file.read(8)) == 8:
        name, length = struct.unpack("<4sI", head)
        place = file.tell()
        yield name, length
        file.seek(place + length + length % 2)


def _of_tiff(path: Path) -> Iterator[str]:
    import tifffile

    with tifffile.TiffFile(path, _multifile=False) as tiff:
        page: Any = tiff.pages[0]
        bits = page.bitspersample
        if isinstance(bits, int) and bits < 8:
            yield f"{bits} bits a sample"
        if page.photometric == 3 and not tiff.is_imagej:
            yield "palette"
        for tag in page.tags:
            if tag.code not in TIFF_STORAGE:
                yield TIFF_WORDS.get(tag.code, f"tag {tag.code} ({tag.name})")
        if len(tiff.pages) > 1:
            later: Any = tiff.pages[1]  # if one later page has tags, all have
            if later.is_reduced:
                yield "smaller copies (later pages)"
            elif any(tag.code not in TIFF_STORAGE for tag in later.tags):
                yield "tags of later pages"


def without_thumbnail(exif: bytes) -> bytes:
    """Return EXIF data without the pointer to its second directory, which holds a thumbnail."""
    found = _second_directory(exif)
    if found is None:
        return exif
    place, _ = found
    return exif[:place] + bytes(4) + exif[place + 4 :]


def without_small_resources(data: bytes) -> bytes:
    """Return Photoshop data without its thumbnails."""
    at = start = max(0, data.find(RESOURCE))
    kept = []
    while data.startswith(RESOURCE, at) and at + 12 <= len(data):
        number, length = struct.unpack_from(">HB", data, at + 4)
        body = at + 6 + (length + 2) // 2 * 2  # a name of even length with its count
        if body + 4 > len(data):
            break
        size = struct.unpack_from(">I", data, body)[0]
        end = body + 4 + size + size % 2
        if number not in SMALL_RESOURCES:
            kept.append(data[at:end])
        at = end
    return data[:start] + b"".join(kept) + data[at:]


def _thumbnail(exif: bytes) -> Iterator[str]:
    found = _second_directory(exif)
    if found is not None and found[1]:
        yield THUMBNAIL


def _second_directory(exif: bytes) -> tuple[int, int] | None:
    """Return the position of the pointer to the second directory, and the pointer; 0 is none."""
    start = len(EXIF) if exif.startswith(EXIF) else 0
    order = {b"II": "<", b"MM": ">"}.get(exif[start : start + 2])
    if order is None or len(exif) < start + 8:
        return None
    first = start + struct.unpack_from(order + "I", exif, start + 4)[0]
    if first + 2 > len(exif):
        return None
    end = first + 2 + 12 * struct.unpack_from(order + "H", exif, first)[0]
    if end + 4 > len(exif):
        return None
    return end, struct.unpack_from(order + "I", exif, end)[0]
