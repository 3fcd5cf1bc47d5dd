"""FITS of astronomy: the first image of a file, with its header; all else is kept as it is.

By version 4.0 of the standard, NaN in floats and BLANK in whole numbers are no data. Rows are read
and written in the order of the file.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from unnoise import __version__
from unnoise.errors import ImageError
from unnoise.images.axes import checked_layout, normal_axes
from unnoise.images.contents import File, map_array, quiet, reading, size_in_bytes
from unnoise.images.holes import Holes
from unnoise.images.options import ReadOptions
from unnoise.images.reader import ArrayReader, Converted
from unnoise.images.scratch import Statistics, append, copy_bytes
from unnoise.types import Array

START = b"SIMPLE  ="
BLOCK = 2880  # bytes, of which a file is made
STORED = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}  # by BITPIX
# BZERO that gives whole numbers the other sign, and the dtype then, by the stored dtype.
MOVED = {"u1": (-(2**7), "i1"), "i2": (2**15, "u2"), "i4": (2**31, "u4"), "i8": (2**63, "u8")}
SCALING = ("BSCALE", "BZERO", "BLANK")
CHECKSUMS = ("CHECKSUM", "DATASUM")
EXTREMES = ("DATAMIN", "DATAMAX")
LETTERS = {  # of axes, by the starts of their CTYPE: time, polarisation, wavelength
    "TIME": "T", "UTC": "T", "STOKES": "P", "FREQ": "L", "ENER": "L", "WAVN": "L", "WAVE": "L",
    "AWAV": "L", "VRAD": "L", "VOPT": "L", "VELO": "L", "ZOPT": "L", "BETA": "L", "FELO": "L",
}  # fmt: skip


class Place(NamedTuple):
    """Where an image lies in its file, in bytes."""

    header: int
    data: int
    end: int  # of its last block


class FitsReader(ArrayReader):
    """The first image of a FITS file, in its physical values (BSCALE, BZERO)."""

    def __init__(self, file: File, read: ReadOptions) -> None:
        with reading(file), file.open("rb") as start:
            if start.read(len(START)) != START:
                raise ImageError(f"{file} is no FITS file, since it does not begin with SIMPLE")
        with reading(file), quiet():
            self.header, shape, self.place, notes = _first_image(file)
            self.stored = np.dtype(STORED[self.header["BITPIX"]])
            self.scale = float(self.header.get("BSCALE", 1)), float(self.header.get("BZERO", 0))
            # The dtype of the physical values, whatever a result has.
            self.physical = _physical(self.stored, *self.scale)
            whole = self.stored.kind != "f" and "BLANK" in self.header
            self.blank = int(self.header["BLANK"]) if whole else None
            axes = _axes(self.header, len(shape))
            size = size_in_bytes(file)
        layout = checked_layout(
            self.physical,
            shape,
            axes=read.axes,
            stated=axes,
            name=str(file),
            max_pixels=read.max_pixels,
        )
        if size < self.place.data + math.prod(shape) * self.stored.itemsize:
            raise ImageError(f"{file} ends before its pixels do: get the file again")
        with reading(file):
            handle: IO[bytes] = file.open("rb")

        def physical() -> Converted:
            mapped = map_array(handle, self.stored, shape, offset=self.place.data)
            return Converted(mapped, self._values)

        holes = Holes(self.no_data)
        super().__init__(file, layout, physical, holes=holes, close=handle.close)
        self.notes = notes

    @property
    def no_data(self) -> float | None:
        """The physical value that stands for no data."""
        if self.physical.kind == "f":
            return math.nan
        return None if self.blank is None else self.blank + self.scale[1]

    @property
    def scaled(self) -> bool:
        """Whether it has floats that are stored as other numbers."""
        return self.physical.kind == "f" and self.scale != (1, 0)

    def _values(self, stored: Array) -> Array:
        if not self.scaled:
            return _moved(stored, self.stored, self.physical)
        scale, zero = self.scale
        values: Any = (stored.astype(np.float64) * scale + zero).astype(self.physical)
        if self.blank is not None:
            values[stored == self.blank] = math.nan
        return np.asarray(values)


def write_fits(
    temporary: Path, source: FitsReader, images: Iterable[Iterable[Array]]
) -> frozenset[str]:
    """Write a FITS file that repeats its source, but for the pixels of the image.

    Floats that take the place of whole numbers are physical values, without a scale.
    """
    checksums = {name for name in CHECKSUMS if name in source.header}
    header, values = source.header.copy(), Statistics()
    stored, unfit = source.stored, set[str]()
    if source.scaled or source.dtype != source.physical:
        stored, unfit = source.dtype.newbyteorder(">"), set(SCALING)
        header["BITPIX"] = -8 * stored.itemsize
    for name in checksums | unfit:
        header.remove(name, ignore_missing=True)
    header.add_history(f"Denoised by unnoise {__version__}: all pixels of this image are new.")
    given = ((_to_stored(band, source, stored) for band in bands) for bands in values.of(images))
    with source.file.open("rb") as old, temporary.open("w+b") as new, quiet():
        copy_bytes(old, new, source.place.header)
        new.write(header.tostring().encode("ascii"))
        append(new, source.layout, given, stored)
        new.write(bytes(-new.tell() % BLOCK))
        old.seek(source.place.end)
        copy_bytes(old, new)
        for name, value in zip(EXTREMES, (values.low, values.high), strict=True):
            if name in header:
                header[name] = value
        new.seek(source.place.header)
        new.write(header.tostring().encode("ascii"))  # of the same length
    return frozenset(f"checksum ({name})" for name in checksums)


def _first_image(file: File) -> tuple[Any, tuple[int, ...], Place, tuple[str, ...]]:
    """Return the header, shape and place of the first image, and notes on the other ones."""
    from astropy.io import fits

    options = {"memmap": False, "do_not_scale_image_data": True}
    with file.open("rb") as handle, fits.open(handle, **options) as units:
        found = [
            (number, unit)
            for number, unit in enumerate(units)
            if unit.is_image and len(unit.shape) >= 2 and min(unit.shape) > 0
        ]
        if not found:
            raise ImageError(f"{file} holds no image: its {len(units)} HDUs are empty or tables")
        number, unit = found[0]
        name = f"HDU {number}" + f" ({unit.name})" * bool(unit.name)
        if isinstance(unit, fits.CompImageHDU):
            raise ImageError(f"the image of {file} ({name}) is compressed: run funpack on it first")
        place = unit.fileinfo()
        notes: tuple[str, ...] = ()
        if len(found) > 1 or number:
            kept = len(units) - 1
            others = f"the other {kept} HDUs are" if kept > 1 else "the other HDU is"
            notes = (f"its image in {name} is read; {others} kept as before",)
        end = place["datLoc"] + place["datSpan"]
        return unit.header, unit.shape, Place(place["hdrLoc"], place["datLoc"], end), notes


def _physical(stored: np.dtype[Any], scale: float, zero: float) -> np.dtype[Any]:
    """Return the dtype of the physical values."""
    plain = stored.newbyteorder("=")
    if stored.kind == "f" or (scale, zero) == (1, 0):
        return plain
    moved, dtype = MOVED[f"{stored.kind}{stored.itemsize}"]
    if (scale, zero) == (1, moved):
        return np.dtype(dtype)
    return np.dtype(np.float32 if stored.itemsize <= 2 else np.float64)


def _axes(header: Any, count: int) -> str:
    """Return a letter for each axis; those whose meaning is not known count images (N)."""
    letters = ""
    for number in range(count, 2, -1):
        kind = str(header.get(f"CTYPE{number}", "")).upper()
        letters += next((each for start, each in LETTERS.items() if kind.startswith(start)), "N")
    return normal_axes(f"{letters}YX")


def _to_stored(band: Any, source: FitsReader, stored: np.dtype[Any]) -> Array:
    """Return values as the file stores them; no data become NaN where they become floats."""
    if stored.kind != "f":
        return _moved(band, source.dtype, stored)
    if source.no_data is not None and math.isfinite(source.no_data):
        band = np.where(band == source.dtype.type(source.no_data), np.float32(math.nan), band)
    return np.asarray(band)


def _moved(values: Array, dtype: np.dtype[Any], target: np.dtype[Any]) -> Array:
    """Move whole numbers of one sign to the other one, by half of their range."""
    if dtype.kind == target.kind:
        return values
    native: Any = values.astype(dtype.newbyteorder("="), copy=False)
    bits = native.view(f"u{dtype.itemsize}")
    return np.asarray(
        (bits ^ bits.dtype.type(1 << 8 * dtype.itemsize - 1)).view(target.newbyteorder("="))
    )
