"""LIF of Leica: its images are scenes of frames, which liffile reads one by one."""

import math
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from unnoise.errors import ImageError
from unnoise.images.axes import check_pixels
from unnoise.images.contents import File, reading, size_in_bytes
from unnoise.images.options import ReadOptions
from unnoise.images.scenes import Scene, ScenesReader
from unnoise.types import Array

START = b"\x70\0\0\0"  # liffile would open the other files that other kinds of files name
METRES = 1e6  # in micrometres


def open_lif(file: File, read: ReadOptions) -> ScenesReader:
    """Open a LIF file; only its header is read."""
    import liffile

    with reading(file):
        handle: IO[bytes] = file.open("rb")
    try:
        with reading(file):
            if handle.read(len(START)) != START:
                raise ImageError(f"{file} is no LIF file, by its first bytes")
            handle.seek(0)
            lif = liffile.LifFile(handle)
            scenes = [_scene(image, file, read.max_pixels) for image in lif.images]
        return ScenesReader(file, read, scenes, handle.close)
    except BaseException:
        handle.close()
        raise


def _scene(image: Any, file: File, max_pixels: int) -> Scene:
    frames = image.frames
    axes, page = "".join(frames.dims), "".join(frames.frame_dims)
    if page not in ("YX", "YXS") or not axes.endswith(page) or len(axes) != len(frames.dims):
        raise ImageError(
            f"{file} has an image {image.name} with axes {axes}, which are not read: export it as "
            "OME-TIFF"
        )
    shape = tuple(frames.shape)
    height, width = shape[len(axes) - len(page) :][:2]
    check_pixels(width, height, name=str(file), max_pixels=max_pixels)
    block, needed = image.memory_block, math.prod(shape) * frames.dtype.itemsize
    if min(block.size, size_in_bytes(file) - block.offset) < needed:
        raise ImageError(f"{file} ends inside its image {image.name}: get the file again")

    def plane(place: tuple[int, ...]) -> Array:
        with reading(file):
            return np.asarray(frames[place] if place else frames[0])

    return Scene(
        image.name, axes[: -len(page)], shape, frames.dtype, plane, *_described(image, axes, shape)
    )


def _described(
    image: Any, axes: str, shape: tuple[int, ...]
) -> tuple[Mapping[str, float], tuple[str, ...]]:
    """Return the steps of the axes, in micrometres and seconds, and the names of channels."""
    steps, coordinates = dict[str, float](), image.coords
    names: tuple[str, ...] = ()
    for letter in "XYZT":
        places = coordinates.get(letter, ())
        if len(places) > 1 and places.dtype.kind == "f" and 0 < places[1] - places[0] < math.inf:
            step = float(places[1] - places[0]) * (1 if letter == "T" else METRES)
            steps[letter] = round(step, 9)
    if "C" in axes and len(coordinates.get("C", ())) == shape[axes.index("C")]:
        names = tuple(map(str, coordinates["C"]))
    return steps, names
