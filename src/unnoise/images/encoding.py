"""How a picture is encoded: like its source, as far as the source states it."""

import shutil
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from unnoise.images.contents import reading
from unnoise.images.inventory import (
    PNG_COLOURS,
    PNG_MAGIC,
    format_of,
    jpeg_segments,
    png_chunks,
    webp_chunks,
)
from unnoise.outputs import new_name

QUALITY = 95  # of a JPEG whose source is no JPEG
WEBP_QUALITY = 90  # of a lossy WebP, which does not state its own
BLOCK = 64  # values of a quantisation table
# ITU-T T.81, table K.1, row by row, which the quality of libjpeg scales. The
# quality here needs the sum alone, the noise of JPEG needs the order.
LUMINANCE = (
    *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
)


def save_options(
    suffix: str,
    dtype: np.dtype[np.generic],
    *,
    source: Path | None = None,
    quality: int | None = None,
) -> dict[str, Any]:
    """Return the options of libvips for a format: as the source has them, or without loss."""
    kind = format_of(source) if source else None
    if suffix.lower() == ".png":
        woven = kind == "png" and source is not None and _is_woven(source)
        return {"bitdepth": 8 * dtype.itemsize, "interlace": woven}
    if suffix.lower() == ".webp":
        lossy = kind == "webp" and source is not None and _is_lossy(source)
        if lossy or quality is not None:
            return {"Q": quality or WEBP_QUALITY, "smart_subsample": True, "exact": True}
        return {"lossless": True, "exact": True}
    known = _read_jpeg(source) if kind == "jpeg" and source else {"Q": QUALITY}
    return {"subsample_mode": "off", **known, **({"Q": quality} if quality else {})}


def _is_lossy(path: Path) -> bool:
    with path.open("rb") as file:
        return any(name == b"VP8 " for name, _ in webp_chunks(file))


def _is_woven(path: Path) -> bool:
    """Whether a PNG is interlaced."""
    with path.open("rb") as file:
        return file.read(29)[28:] == b"\1"


def _read_jpeg(path: Path) -> dict[str, Any]:
    """Return the quality of a JPEG, its subsampling, and whether it is progressive."""
    options: dict[str, Any] = {"Q": QUALITY}
    with path.open("rb") as file:
        for marker, data in jpeg_segments(file):
            if marker == 0xDB:
                options["Q"] = _quality(data) or options["Q"]
            elif 0xC0 <= marker <= 0xC2 and len(data) > 7:
                factors = data[7::3][: data[5]]
                # libvips has chroma of half the resolution in both directions, or of the full one.
                options["subsample_mode"] = "on" if factors[:2] == b"\x22\x11" else "off"
                options["interlace"] = marker == 0xC2
    return options


def jpeg_coding(path: Path) -> tuple[int, bool] | None:
    """Return how a JPEG was written, by its header; None for other formats.

    Returns:
        The quality of libjpeg, 1 to 100, whose luminance table is nearest; and whether the colours
        have half the resolution.

    Raises:
        ImageError: The file cannot be read.
    """
    if format_of(path) != "jpeg":
        return None
    with reading(path):
        found = _read_jpeg(path)
    return int(found["Q"]), found.get("subsample_mode") == "on"


def _quality(tables: bytes) -> int | None:
    """Return the quality of libjpeg whose luminance table is nearest; None without a table."""
    while tables:
        wide, number = tables[0] >> 4, tables[0] & 15
        size = BLOCK * (2 if wide else 1)
        if number == 0 and len(tables) > size:
            values = np.frombuffer(tables[1 : 1 + size], ">u2" if wide else "u1")
            sums = [abs(int(values.sum()) - _scaled(quality)) for quality in range(1, 101)]
            return 1 + int(np.argmin(sums))
        tables = tables[1 + size :]
    return None


def _scaled(quality: int) -> int:
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return int(((np.array(LUMINANCE) * scale + 50) // 100).clip(1, 255).sum())


def keep_colours(source: Path, target: Path) -> None:
    """Copy the chunks that define the meaning of values from one PNG into another."""
    if format_of(source) != "png" or format_of(target) != "png":
        return
    with source.open("rb") as file:
        chunks = [
            (name, file.read(length))
            for name, length in png_chunks(file)
            if name in PNG_COLOURS and length < 1024
        ]
    if not chunks:
        return
    with target.open("rb") as file:
        present = {name for name, _ in png_chunks(file)}
    changed = new_name(target.parent, target.suffix)
    try:
        with target.open("rb") as old, changed.open("xb") as new:
            head = len(PNG_MAGIC) + 25  # IHDR is always the first chunk; it has 13 bytes
            new.write(old.read(head))
            for name, data in chunks:
                if name not in present:
                    check = zlib.crc32(name + data)
                    new.write(struct.pack(">I", len(data)) + name + data + struct.pack(">I", check))
            shutil.copyfileobj(old, new)
        changed.replace(target)
    finally:
        changed.unlink(missing_ok=True)
