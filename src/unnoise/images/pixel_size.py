"""The size of a pixel that a file states; TIFF does so by OME, ImageJ, or its resolution tags."""

import re
from typing import Any
from xml.etree import ElementTree

from unnoise.images.reader import Reader
from unnoise.images.tiff_reader import TiffReader

MICROMETRES = {  # length of the units that files state
    "nm": 1e-3, "nanometer": 1e-3, "nanometre": 1e-3,
    "µm": 1.0, "μm": 1.0, "um": 1.0, "micron": 1.0, "microns": 1.0, "micrometer": 1.0,
    "micrometre": 1.0,
    "mm": 1e3, "millimeter": 1e3, "millimetre": 1e3,
    "cm": 1e4, "centimeter": 1e4, "centimetre": 1e4,
    "inch": 25_400.0, "in": 25_400.0, "inches": 25_400.0,
    "m": 1e6, "meter": 1e6, "metre": 1e6,
}  # fmt: skip
X_RESOLUTION, Y_RESOLUTION, UNIT = 282, 283, 296  # tags
UNITS = {2: "inch", 3: "cm", 4: "mm", 5: "µm"}  # of the tag
SCREENS = (72.0, 96.0)  # pixels per inch that programs write if nothing was measured
ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")  # the letter µ in files of ImageJ

Size = tuple[float, float]  # height and width of a pixel in micrometres


def pixel_size(reader: Reader) -> Size | None:
    """Return the height and width of a pixel in micrometres; None if the file does not state them.

    Programs write 72 or 96 pixels per inch if nothing was measured, so these count as unknown.
    """
    if not isinstance(reader, TiffReader):
        return _size(reader.steps.get("Y", 0), reader.steps.get("X", 0), "µm")
    tiff: Any = reader.tiff
    for find in (_of_ome, _of_imagej):
        if (size := find(tiff, reader.page)) is not None:
            return size
    if tiff.is_ome or tiff.is_imagej:
        return None  # neither the metadata nor the tags have a unit
    tags = reader.page.tags
    unit = UNITS.get(int(tags[UNIT].value)) if UNIT in tags else None
    counts = _counts(reader.page)
    if unit is None or counts is None or (unit == "inch" and counts[1] in SCREENS):
        return None
    return _size(1 / counts[0], 1 / counts[1], unit)


def _of_ome(tiff: Any, _: Any) -> Size | None:
    if not tiff.is_ome:
        return None
    try:
        root = ElementTree.fromstring(tiff.ome_metadata)  # noqa: S314  tifffile has parsed it, too
    except ElementTree.ParseError:
        return None
    for element in root.iter():
        if element.tag.rpartition("}")[2] == "Pixels" and "PhysicalSizeX" in element.attrib:
            stated = element.attrib
            width = stated["PhysicalSizeX"]
            unit = stated.get("PhysicalSizeXUnit", "µm")
            return _size(stated.get("PhysicalSizeY", width), width, unit)
    return None


def _of_imagej(tiff: Any, page: Any) -> Size | None:
    if not tiff.is_imagej:
        return None
    unit = ESCAPE.sub(lambda found: chr(int(found[1], 16)), str(tiff.imagej_metadata.get("unit")))
    counts = _counts(page)
    return None if counts is None else _size(1 / counts[0], 1 / counts[1], unit)


def _counts(page: Any) -> Size | None:
    """Return the pixels per unit, down and across, that the tags state."""
    found = []
    for code in (Y_RESOLUTION, X_RESOLUTION):
        value = page.tags[code].value if code in page.tags else (0, 1)
        number, per = value if isinstance(value, tuple) else (value, 1)
        found.append(number / per if per else 0.0)
    return (found[0], found[1]) if min(found) > 0 else None


def _size(height: float | str, width: float | str, unit: str) -> Size | None:
    scale = MICROMETRES.get(unit.strip() if unit.strip() in MICROMETRES else unit.strip().lower())
    try:
        size = float(height), float(width)
    except ValueError:
        return None
    if scale is None or not all(0 < side < float("inf") for side in size):
        return None
    return size[0] * scale, size[1] * scale
