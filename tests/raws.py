"""Small DNG files and mosaics, written by tifffile, for the tests of several rooms."""

from pathlib import Path
from typing import Any

import numpy as np
import tifffile

Array = Any

BLACK, WHITE = 512, 16000
GAINS = (0.5, 1.0, 0.65)  # of the camera, for red, green and blue of white light
# From XYZ to the colours of sRGB, which are those of this camera (IEC 61966-2-1).
XYZ_TO_CAMERA = [
    *(3.2404542, -1.5371385, -0.4985314),
    *(-0.9692660, 1.8760108, 0.0415560),
    *(0.0556434, -0.2040259, 1.0572252),
]
PLACES = {"RGGB": (0, 1, 1, 2), "BGGR": (2, 1, 1, 0), "GRBG": (1, 0, 2, 1), "GBRG": (1, 2, 0, 1)}
LINEAR_RAW = 34892  # of PhotometricInterpretation: no mosaic


def mosaic_of(colours: Array, pattern: str = "RGGB") -> Array:
    """Return the mosaic ``(H, W)`` of linear colours ``(H, W, 3)``, from 0 to 1, as floats."""
    mosaic = np.empty(colours.shape[:2])
    for place, channel in enumerate(PLACES[pattern]):
        rows, columns = slice(place // 2, None, 2), slice(place % 2, None, 2)
        mosaic[rows, columns] = colours[rows, columns, channel] * GAINS[channel]
    return mosaic


def flat(*colour: float, height: int = 48, width: int = 64) -> Array:
    """Return one linear colour everywhere."""
    return np.full((height, width, 3), colour or (0.2, 0.2, 0.2))


def stored(values: Array) -> Array:
    """Return values from 0 to 1 between the levels of black and white."""
    return np.rint(values * (WHITE - BLACK) + BLACK).astype(np.uint16)


def write_dng(
    path: Path,
    values: Array,
    *,
    pattern: str = "RGGB",
    orientation: int = 1,
    balance: bool = True,
    matrix: bool = True,
    black: int = BLACK,
    white: int = WHITE,
    tags: list[tuple[Any, ...]] | None = None,
) -> Path:
    """Write stored values ``(H, W)`` as a DNG: a mosaic, or grey if ``pattern`` is empty."""
    given = [
        (50706, "B", 4, bytes([1, 4, 0, 0]), True),
        (50708, "s", 0, "Maker Model", True),
        (271, "s", 0, "Maker", True),
        (272, "s", 0, "Model", True),
        (274, "H", 1, orientation, True),
        (50714, "H", 1, black, True),
        (50717, "H", 1, white, True),
        *(tags or []),
    ]
    if pattern:
        filters = bytes(PLACES[pattern])
        given += [(33421, "H", 2, (2, 2), True), (33422, "B", 4, filters, True)]
    if matrix:
        given += [(50721, "2i", 9, _ratios(XYZ_TO_CAMERA), True), (50778, "H", 1, 21, True)]
    if balance:
        given += [(50728, "2I", 3, _ratios(GAINS), True)]
    photometric = "cfa" if pattern else "minisblack"
    tifffile.imwrite(
        path, values, photometric=photometric, extratags=given, metadata=None, software=""
    )
    if not pattern:
        with tifffile.TiffFile(path, mode="r+") as tiff:
            tiff.pages.first.tags[262].overwrite(LINEAR_RAW)
    return path


def _ratios(values: Any) -> tuple[int, ...]:
    return tuple(part for value in values for part in (round(10000 * value), 10000))
