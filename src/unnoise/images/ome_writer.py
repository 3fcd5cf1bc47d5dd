"""OME-TIFF out, for files of microscopes that are only read: axes, steps, names of channels."""

import math
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from unnoise.errors import ImageError
from unnoise.images.scenes import SCENES, ScenesReader
from unnoise.images.scratch import Scratch
from unnoise.images.tiff_writer import CLASSIC_LIMIT, PAGE_HEADER
from unnoise.types import Array

OME_AXES = "TZCYXS"
OTHER = "metadata of the microscope beside axes, pixel sizes and channels"


def write_ome(
    temporary: Path, source: ScenesReader, images: Iterable[Iterable[Array]]
) -> frozenset[str]:
    """Write an OME-TIFF: a series for each scene, with the axes and metadata of the source.

    Raises:
        ImageError: The source has an axis that OME-TIFF does not know.
    """
    import tifffile

    layout, several = source.layout, len(source.scenes) > 1
    letters = layout.axes[several:] if source.axes[0] == SCENES else layout.axes
    shape = layout.shape[len(layout.axes) - len(letters) :]
    if source.colour == "rgb":  # its channels lie together in a page
        letters = letters.replace("C", "S")
    if strange := set(letters) - set(OME_AXES):
        raise ImageError(
            f"{source.name} has an axis {'/'.join(sorted(strange))}, which OME-TIFF does not know: "
            "take one --scene, or state other --axes"
        )
    size = math.prod(layout.shape) * layout.dtype.itemsize
    pages = math.prod(shape) // (source.height * source.width)
    series = math.prod(layout.shape) // math.prod(shape)
    with Scratch(temporary.parent, layout.shape, layout.dtype) as scratch:
        scratch.fill(layout, images)
        try:
            with tifffile.TiffWriter(
                temporary, ome=True, bigtiff=size + pages * series * PAGE_HEADER > CLASSIC_LIMIT
            ) as writer:
                for number in range(series):
                    scene = source.scenes[number if series > 1 else 0]
                    writer.write(
                        _pages(scratch, number, shape, letters),
                        shape=shape,
                        dtype=layout.dtype,
                        photometric="rgb" if "S" in letters else "minisblack",
                        metadata={"axes": letters, "Name": scene.name, **_metadata(source)},
                        software="unnoise",
                    )
        except struct.error as error:
            raise OSError(str(error)) from error
    return frozenset({OTHER})


def _pages(scratch: Scratch, number: int, shape: tuple[int, ...], letters: str) -> Iterator[Array]:
    """Yield the pages of a series in the order of the file."""
    page = shape[-3:] if letters.endswith("S") else shape[-2:]
    count = math.prod(shape) // math.prod(page)
    for at in range(count):
        yield np.array(scratch.array().reshape(-1, *page)[number * count + at])


def _metadata(source: ScenesReader) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for letter, step in source.steps.items():
        if letter == "T":
            found |= {"TimeIncrement": step, "TimeIncrementUnit": "s"}
        elif letter in "XYZ":
            found |= {f"PhysicalSize{letter}": step, f"PhysicalSize{letter}Unit": "µm"}
    if source.channel_names and source.colour != "rgb":
        found["Channel"] = {"Name": list(source.channel_names)}
    return found
