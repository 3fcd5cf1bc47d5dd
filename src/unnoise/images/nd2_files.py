"""ND2 of Nikon: its positions are scenes of frames, which nd2 reads one by one."""

import math
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from unnoise.errors import ImageError
from unnoise.images.axes import check_pixels
from unnoise.images.contents import File, quiet, reading, size_in_bytes
from unnoise.images.options import ReadOptions
from unnoise.images.scenes import SCENES, Scene, ScenesReader
from unnoise.types import Array

HEAD = 8  # bytes before the pixels of a compressed frame


def open_nd2(file: File, read: ReadOptions) -> ScenesReader:
    """Open an ND2 file; its pixels are not read."""
    import nd2

    with reading(file):
        handle: Any = file.open("rb")
    try:
        with reading(file), quiet():
            opened = nd2.ND2File(handle)
            if opened.is_legacy:
                raise ImageError(f"{file} is an ND2 of before 2008 (JPEG 2000): export it as TIFF")
            sizes, height, width = dict(opened.sizes), *_page(opened)
            check_pixels(width, height, name=str(file), max_pixels=read.max_pixels)
            if "S" in sizes or opened.attributes.compressionType == "lossy":
                raise ImageError(f"{file} has colours or lossy compression: export it as TIFF")
            outer = {letter: n for letter, n in sizes.items() if letter not in "CYX"}
            _check_frames(opened, math.prod(outer.values()), size_in_bytes(file), file)
            scenes = _scenes(opened, outer, sizes.get("C", 1), _frames(opened, file))
        return ScenesReader(file, read, scenes, opened.close)
    except BaseException:
        handle.close()
        raise


def _page(opened: Any) -> tuple[int, int]:
    return int(opened.attributes.heightPx), int(opened.attributes.widthPx or 0)


def _bytes(opened: Any) -> int:
    """Return the bytes of a frame in memory."""
    attributes = opened.attributes
    return int(attributes.heightPx * (attributes.widthBytes or 0))


def _check_frames(opened: Any, count: int, size: int, file: File) -> None:
    """Refuse files that lack frames: nd2 would give zeros for them."""
    places = opened._rdr._frame_offsets
    length = 0 if opened.attributes.compressionType else _bytes(opened)
    there = {n for n, place in places.items() if 0 < place <= size - length}
    missing = next((n for n in range(count) if n not in there), None)
    if missing is not None:
        raise ImageError(
            f"{file} has {len(there)} of its {count} frames, and lacks frame {missing + 1}: it is "
            "damaged, or its recording was stopped"
        )


def _frames(opened: Any, file: File) -> Callable[[int], Array]:
    """Return a function that reads a frame ``(C, H, W)``; the last one stays in memory."""
    shape = (-1, *_page(opened))

    @lru_cache(maxsize=1)
    def frame(number: int) -> Array:
        with reading(file), quiet():
            if opened.attributes.compressionType:
                chunk = opened._rdr._load_chunk(f"ImageDataSeq|{number}!".encode())
                size = _bytes(opened)
                # nd2 would inflate any number of bytes.
                if len(zlib.decompressobj().decompress(chunk[HEAD:], size + 1)) != size:
                    raise ImageError(f"{file} has a damaged frame, {number + 1}: get it again")
            return np.array(opened.read_frame(number)).reshape(shape)

    return frame


def _scenes(
    opened: Any, outer: Mapping[str, int], channels: int, frame: Callable[[int], Array]
) -> list[Scene]:
    """Describe each position, or the only one."""
    counts = tuple(outer.values())
    axes = "".join(letter for letter in outer if letter != SCENES) + "C" * (channels > 1)
    inner = tuple(n for letter, n in outer.items() if letter != SCENES)
    shape = (*inner, *([channels] if channels > 1 else []), *_page(opened))
    steps, names = _described(opened)
    known = names if len(names) == channels else ()

    def planes(position: int) -> Callable[[tuple[int, ...]], Array]:
        def plane(place: tuple[int, ...]) -> Array:
            numbers = iter(place)
            at = [position if letter == SCENES else next(numbers) for letter in outer]
            number = int(np.ravel_multi_index(at, counts)) if at else 0
            return np.asarray(frame(number)[next(numbers, 0)])

        return plane

    found = next((loop for loop in opened.experiment if loop.type == "XYPosLoop"), None)
    points = [point.name for point in found.parameters.points] if found else []
    stated = [*points, *[None] * (outer.get(SCENES, 1) - len(points))]
    return [
        Scene(stated[n] or f"Position {n + 1}", axes, shape, opened.dtype, planes(n), steps, known)
        for n in range(outer.get(SCENES, 1))
    ]


def _described(opened: Any) -> tuple[Mapping[str, float], tuple[str, ...]]:
    """Return the steps of the axes, in micrometres and seconds, and the names of channels."""
    steps, channels = dict[str, float](), opened.metadata.channels or []
    if channels:
        volume = channels[0].volume
        for letter, step, known in zip(
            "XYZ", volume.axesCalibration, volume.axesCalibrated, strict=True
        ):
            if known and 0 < step < math.inf:
                steps[letter] = float(step)
    for loop in opened.experiment:
        if loop.type == "TimeLoop" and 0 < loop.parameters.periodMs < math.inf:
            steps["T"] = loop.parameters.periodMs / 1000
    return steps, tuple(str(each.channel.name) for each in channels)
