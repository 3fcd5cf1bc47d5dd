"""OME-Zarr out (version 0.4), for files of microscopes: all axes, steps, channels, and levels."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from unnoise.errors import ImageError
from unnoise.images.axes import Layout
from unnoise.images.ome_writer import OTHER
from unnoise.images.reader import reband
from unnoise.images.scenes import ScenesReader
from unnoise.images.zarr_files import replacing_zarr
from unnoise.images.zarr_levels import fill_level
from unnoise.types import Array

ORDER = "TCZYX"  # by the specification
TYPES = {"T": "time", "C": "channel"}
UNITS = {"T": "second", "X": "micrometer", "Y": "micrometer", "Z": "micrometer"}
SIDE = 1024  # pixels: of a chunk, and of images that need no smaller copy


def write_ome_zarr(
    path: Path, source: ScenesReader, images: Iterable[Iterable[Array]], *, overwrite: bool
) -> tuple[str, ...]:
    """Write a group with an array of full resolution, and copies by 2 down to ``SIDE`` pixels.

    Raises:
        ImageError: The zarr package is missing, or the source has an axis that is not known.
        OutputError: The folder exists and ``overwrite`` is false, or it cannot be written.
    """
    try:
        import zarr
    except ImportError as error:
        raise ImageError(
            f"{path} needs another package: pip install 'unnoise[zarr]'; or write .ome.tif"
        ) from error
    layout = source.layout
    if strange := set(layout.axes) - set(ORDER):
        raise ImageError(
            f"{source.name} has an axis {'/'.join(sorted(strange))}, which OME-Zarr does not know: "
            "take one --scene, or state other --axes"
        )
    lengths = dict(zip(layout.axes, layout.shape, strict=True))
    axes = "".join(letter for letter in ORDER if letter in lengths)
    made = Layout(layout.dtype, axes, tuple(lengths[letter] for letter in axes))
    with replacing_zarr(path, overwrite=overwrite) as folder:
        group = zarr.open_group(str(folder), mode="w", zarr_format=2)
        levels = [_level(group, made, 0)]
        for index, bands in enumerate(images):
            top = 0
            for band in reband(bands, SIDE):  # whole chunks, written once each
                made.put(levels[0], _place(index, layout, made), top, band)
                top += len(band)
        while max(levels[-1].shape[-2:]) > SIDE:
            levels.append(_level(group, made, len(levels)))
            fill_level(levels[-1], levels[-2], source.holes)
        group.attrs.update(_described(source, axes, levels))
    return (OTHER,)


def _level(group: Any, layout: Layout, number: int) -> Any:
    height, width = (-(-side // 2**number) for side in layout.shape[-2:])
    outer = layout.shape[:-2]
    return group.create_array(
        str(number),
        shape=(*outer, height, width),
        dtype=layout.dtype,
        chunks=(*(1 for _ in outer), min(height, SIDE), min(width, SIDE)),
        chunk_key_encoding={"name": "v2", "separator": "/"},
    )


def _place(index: int, layout: Layout, made: Layout) -> int:
    """Return the number of an image in a layout whose axes have another order."""
    if not layout.stack_shape:
        return 0
    at = dict(zip(layout.stack_axes, np.unravel_index(index, layout.stack_shape), strict=True))
    return int(np.ravel_multi_index([at[axis] for axis in made.stack_axes], made.stack_shape))


def _described(source: ScenesReader, axes: str, levels: list[Any]) -> dict[str, Any]:
    """Return the attributes of the group."""
    full = levels[0].shape
    datasets = [
        {
            "path": str(number),
            "coordinateTransformations": [
                {
                    "type": "scale",
                    "scale": [
                        source.steps.get(letter, 1.0) * n / m
                        for letter, n, m in zip(axes, full, level.shape, strict=True)
                    ],
                }
            ],
        }
        for number, level in enumerate(levels)
    ]
    stated = [
        {"name": letter.lower(), "type": TYPES.get(letter, "space")}
        | ({"unit": UNITS[letter]} if letter in source.steps else {})
        for letter in axes
    ]
    first = {"version": "0.4", "name": source.scene.name, "axes": stated, "datasets": datasets}
    found: dict[str, Any] = {"multiscales": [first | {"type": "mean"}]}
    if source.channel_names and "C" in axes:
        found["omero"] = {"channels": [{"label": name} for name in source.channel_names]}
    return found
