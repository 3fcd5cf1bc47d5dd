"""Zarr arrays: a folder of chunks is one source, read and written in rows of chunks.

The zarr package is an extra, loaded only for such a folder.
"""

import json
import math
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from unnoise.errors import ImageError, OutputError
from unnoise.images.axes import check_pixels, checked_layout, normal_axes
from unnoise.images.holes import Holes
from unnoise.images.options import ReadOptions
from unnoise.images.pixel_size import MICROMETRES
from unnoise.images.reader import ArrayReader, reband
from unnoise.images.remote import reached
from unnoise.images.zarr_levels import fill_level, levels_of
from unnoise.outputs import check_free, new_name
from unnoise.types import Array

MARKS = ("zarr.json", ".zarray", ".zgroup")
CHANNEL_NAMES = ("c", "ch", "channel", "channels", "s", "sample", "samples", "rgb", "band", "bands")
ROW_NAMES = ("yx", "xy", "x_axis", "y_axis", "x-axis", "y-axis")
SECONDS = {"second": 1.0, "millisecond": 1e-3, "minute": 60.0, "hour": 3600.0}
FULL = "0"  # the level of full resolution in an OME-Zarr group


def is_zarr(path: Path) -> bool:
    """Whether a path is a folder that holds a zarr array or group."""
    if not os.path.isdir(path):  # noqa: PTH112  Path.is_dir raises for some names
        return False
    marks = (os.path.isfile(path / mark) for mark in MARKS)  # noqa: PTH113  raises in closed folders
    return path.suffix.lower() == ".zarr" or any(marks)


class ZarrReader(ArrayReader):
    """A zarr array, or the full resolution of an OME-Zarr image, in a folder or at a URL."""

    def __init__(self, path: Path | str, read: ReadOptions) -> None:
        zarr, name = _zarr(path), str(path)
        with reached(path):
            node = zarr.open(name, mode="r")
            # Metadata of its group; None without one.
            self.group = None if isinstance(node, zarr.Array) else dict(node.attrs)
            self.array = node if self.group is None else _full_level(node, name)
            # The levels that are written, from full resolution; none without a group.
            stated = [] if self.group is None else _level_names(self.group)
            self.levels = levels_of(node, stated) if stated[:1] == [FULL] else (FULL,)
            # Members of the group that are not written, in words.
            self.others = () if self.group is None else _others(node, stated, self.levels)
            self.steps = _steps(self.group or {})
            layout = checked_layout(
                self.array.dtype,
                self.array.shape,
                axes=read.axes,
                stated=_stated_axes(self.array, self.group or {}),
                name=name,
                max_pixels=read.max_pixels,
            )
            chunk = [int(self.array.chunks[layout.axes.index(letter)]) for letter in "XY"]
            # A chunk is unpacked as a whole, even if the image has only few of its pixels.
            check_pixels(*chunk, name=f"a chunk of {name}", max_pixels=read.max_pixels)
        super().__init__(
            Path(path),
            layout,
            lambda: self.array,
            colour="unknown" if self.group is None else "other",
            holes=Holes(_stated_nodata(self.array)),
            step=chunk[1],
            name=name,
        )


def write_zarr(
    path: Path, source: ZarrReader, images: Iterable[Iterable[Array]], *, overwrite: bool
) -> None:
    """Write an array with the chunks, codecs, attributes and shape of its source."""
    zarr = _zarr(path)
    with replacing_zarr(path, overwrite=overwrite) as folder:
        target = _like(zarr, folder, source)
        rows = int(target.chunks[source.axes.index("Y")])
        for index, bands in enumerate(images):
            top = 0
            for band in reband(bands, rows):  # whole chunks, written once each
                source.layout.put(target, index, top, band)
                top += len(band)
        for level in source.levels[1:]:
            smaller = zarr.open_array(str(folder / level), mode="r+")
            fill_level(smaller, target, source.holes)
            target = smaller


@contextmanager
def replacing_zarr(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a temporary folder to write to; at the end of the block it becomes ``path``.

    Raises:
        OutputError: ``path`` may not be replaced, or cannot be written.
    """
    check_free(path, overwrite=overwrite)
    if path.exists() and not _is_only_zarr(path):
        raise OutputError(
            f"{path} exists and holds more than a zarr array, so it is not replaced: "
            "choose another --out"
        )
    folder = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = new_name(path.parent, ".zarr")
        folder.mkdir()
        yield folder
        _publish(folder, path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"cannot write {path}: {reason}; free some space there, or try another --out"
        ) from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _zarr(path: Path | str) -> Any:
    try:
        import zarr
    except ImportError as error:
        raise ImageError(
            f"{path} is a zarr array, which needs another package: pip install unnoise[zarr]"
        ) from error
    return zarr


def _full_level(group: Any, name: str) -> Any:
    names = sorted(str(each) for each, _ in group.arrays())
    if _multiscales(dict(group.attrs)) and FULL in names:
        return group[FULL]
    raise ImageError(
        f"{name} is a group of zarr arrays: name one of them, "
        + (", ".join(f"{name}/{each}" for each in names[:5]) or "but it has none")
    )


def _others(group: Any, stated: list[str], written: tuple[str, ...]) -> tuple[str, ...]:
    left = len(stated) > len(written)
    words = {"smaller copies (levels)": left, "label images": "labels" in group}
    return tuple(word for word, there in words.items() if there)


def _level_names(group: dict[str, Any]) -> list[str]:
    """Return the paths of all levels that the metadata of a group name."""
    levels = _multiscales(group).get("datasets", ())
    return [str(level["path"]) for level in levels if isinstance(level, dict) and "path" in level]


def _multiscales(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return the OME-NGFF metadata of an image; empty if there are none."""
    found = attributes.get("ome", attributes)
    levels = found.get("multiscales") if isinstance(found, dict) else None
    first = levels[0] if isinstance(levels, list) and levels else None
    return dict(first) if isinstance(first, dict) and first.get("datasets") else {}


def _stated_axes(array: Any, group: dict[str, Any]) -> str | None:
    """Return the axes that the array or its OME group names; None without both Y and X."""
    names = getattr(array.metadata, "dimension_names", None)
    names = names or array.attrs.get("_ARRAY_DIMENSIONS")
    if axes := _multiscales(group).get("axes"):
        names = [axis["name"] if isinstance(axis, dict) else axis for axis in axes]
    if not names or len(names) != array.ndim or not all(names):
        return None
    letters = "".join(map(_letter, names))
    if letters.count("Y") != 1 or letters.count("X") != 1 or not letters.isalpha():
        return None
    return normal_axes(letters) if letters.isascii() else None


def _steps(group: dict[str, Any]) -> Mapping[str, float]:
    """Return the steps that OME metadata state, in micrometres and seconds."""
    first = _multiscales(group)
    levels, axes = first.get("datasets"), first.get("axes")
    if not isinstance(axes, list) or not isinstance(levels, list) or not levels:
        return {}
    steps = dict[str, float]()
    for each in (
        *levels[0].get("coordinateTransformations", ()),
        *first.get("coordinateTransformations", ()),
    ):
        for axis, scale in zip(axes, each.get("scale", ()), strict=False):
            if isinstance(axis, dict):
                unit = str(axis.get("unit"))
                size = SECONDS.get(unit) or MICROMETRES.get(unit)
                letter = _letter(axis.get("name"))
                if size is not None and 0 < scale < math.inf:
                    steps[letter] = steps.get(letter, size) * scale
    return steps


def _stated_nodata(array: Any) -> float | None:
    """Return the value that stands for no data, as NetCDF and xarray name it."""
    for name in ("_FillValue", "missing_value"):
        value = array.attrs.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    return None


def _letter(name: object) -> str:
    """Return the letter of a named axis; only names of channels become C."""
    word = str(name).lower()
    if word in CHANNEL_NAMES:
        return "C"
    letter = word[0].upper()
    return "N" if letter in "CSXY" and len(word) > 1 and word not in ROW_NAMES else letter


def _is_only_zarr(path: Path) -> bool:
    """Whether a folder holds only files of zarr, so that replacing it loses nothing else."""
    return is_zarr(path) and all(
        entry.name in (*MARKS, ".zattrs", ".zmetadata", "c") or entry.name[0].isdigit()
        for entry in path.iterdir()
    )


def _like(zarr: Any, folder: Path, source: ZarrReader) -> Any:
    """Make an array of zeros with the metadata of the source, and its levels; return the array."""
    if source.group is None:
        return _array_like(zarr, folder, source.path, source)
    first = _multiscales(source.group)  # names the levels that are written
    first["datasets"] = [each for each in first["datasets"] if each.get("path") in source.levels]
    if "type" in first and len(source.levels) > 1:
        first["type"] = "mean"
    kept = dict(source.group)
    if "ome" in kept:
        kept["ome"] = {**kept["ome"], "multiscales": [first]}
    else:
        kept["multiscales"] = [first]
    kind = source.array.metadata.zarr_format
    zarr.open_group(str(folder), mode="w", zarr_format=kind).attrs.update(kept)
    made = [_array_like(zarr, folder / each, source.path / each, source) for each in source.levels]
    return made[0]


def _array_like(zarr: Any, place: Path, origin: Path, source: ZarrReader) -> Any:
    place.mkdir(exist_ok=True)
    for name in ("zarr.json", ".zarray", ".zattrs"):
        if (origin / name).is_file():
            text = (origin / name).read_text(encoding="utf-8")
            if source.dtype != source.array.dtype and name != ".zattrs":
                text = json.dumps(_of_dtype(json.loads(text), source.dtype))
            (place / name).write_text(text, encoding="utf-8")
    return zarr.open_array(str(place), mode="r+")


def _of_dtype(metadata: dict[str, Any], dtype: np.dtype[np.generic]) -> dict[str, Any]:
    """Return the metadata of an array with another dtype and the same compression."""
    if metadata.get("zarr_format") == 2:
        return metadata | {"dtype": dtype.str, "fill_value": 0, "filters": None}
    return metadata | {"data_type": str(dtype), "fill_value": 0.0}


def _publish(folder: Path, path: Path) -> None:
    """Move the finished folder into place; an old one is moved aside first and removed last."""
    old = None
    try:
        if path.exists():
            old = new_name(path.parent, "") / path.name
            old.parent.mkdir()
            path.rename(old)
        folder.rename(path)
    except BaseException:  # Ctrl-C between both must not lose the old one
        if old is not None and old.exists() and not path.exists():
            old.rename(path)
        raise
    finally:
        if old is not None:
            shutil.rmtree(old.parent, ignore_errors=True)
