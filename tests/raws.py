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
X_TRANS = "GBGGRGRGRBGBGBGGRGGRGGBGBGBRGRGRGGBG"  # 6 × 6 pixels, row by row
LINEAR_RAW = 34892  # of PhotometricInterpretation: no mosaic


def filters_of(pattern: str) -> Array:
    """Return the channels of a pattern such as RGGB, as rows and columns."""
    side = round(len(pattern) ** 0.5)
    return np.array(["RGB".index(colour) for colour in pattern], np.uint8).reshape(side, side)


def mosaic_of(colours: Array, pattern: str = "RGGB") -> Array:
    """Return the mosaic ``(H, W)`` of linear colours ``(H, W, 3)``, from 0 to 1, as floats."""
    filters, (height, width, _) = filters_of(pattern), colours.shape
    side = len(filters)
    channels = np.tile(filters, (-(-height // side), -(-width // side)))[:height, :width, None]
    return np.take_along_axis(colours * np.array(GAINS), channels, axis=2)[..., 0]


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
        filters = filters_of(pattern)
        given += [
            (33421, "H", 2, filters.shape, True),
            (33422, "B", filters.size, filters.tobytes(), True),
        ]
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
