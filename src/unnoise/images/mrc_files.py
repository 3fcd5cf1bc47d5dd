"""MRC of electron microscopy: images and volumes, with the header, labels and extended header.

The format is MRC2014 (Cheng et al., 2015, J. Struct. Biol. 192:146); mrcfile has the layout of its
header and its byte orders. Rows are read and written in the order of the file.
"""

import math
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from unnoise.errors import ImageError
from unnoise.images.axes import checked_layout
from unnoise.images.contents import File, map_array, reading, size_in_bytes
from unnoise.images.options import ReadOptions
from unnoise.images.reader import ArrayReader
from unnoise.images.scratch import Statistics, append, copy_bytes
from unnoise.types import Array

HEADER = 1024  # bytes
MODES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
REFUSED = {
    3: "complex numbers, the transform of an image",
    4: "complex numbers, the transform of an image",
    101: "4 bits a pixel: convert it first, such as with newstack -mode 1 of IMOD",
}
AXES_AT = 64
IMOD_AT, IMOD, SIGNED = 152, 1146047817, 1  # the mark of IMOD, and its flag for signed bytes
MRC2014 = 20140  # the first version in which bytes are signed
VOLUME_STACKS = range(401, 631)  # space groups
ANGSTROM = 1e-4  # micrometres
LABELS = 10  # the most


class MrcReader(ArrayReader):
    """The images, or the sections of the volume, of an MRC file."""

    def __init__(self, file: File, read: ReadOptions) -> None:
        with reading(file):
            with file.open("rb") as start:
                data = start.read(HEADER)
            size = size_in_bytes(file)
        self.header, self.order = _parsed(data, file)
        self.offset = HEADER + int(self.header["nsymbt"])
        stored, notes = _stored(self.header, self.order, data, file)
        axes, shape = _axes(self.header, file)
        layout = checked_layout(
            stored, shape, axes=read.axes, stated=axes, name=str(file), max_pixels=read.max_pixels
        )
        self.end = self.offset + math.prod(layout.shape) * stored.itemsize
        if size < self.end:
            raise ImageError(f"{file} ends before its pixels do: get the file again")
        with reading(file):
            handle: IO[bytes] = file.open("rb")
        super().__init__(
            file,
            layout,
            lambda: map_array(handle, stored, layout.shape, offset=self.offset),
            colour="other",
            close=handle.close,
        )
        self.followed = size > self.end
        self.notes = notes
        self.steps = _steps(self.header)


def write_mrc(
    temporary: Path, source: MrcReader, images: Iterable[Iterable[Array]]
) -> frozenset[str]:
    """Write an MRC with the header, extended header and labels of its source, and new statistics.

    Raises:
        ImageError: MRC does not hold the dtype.
    """
    header = source.header.copy()
    stored = np.dtype(source.order + source.dtype.str[1:])
    if stored.itemsize > 1:
        kinds = {np.dtype(kind): mode for mode, kind in MODES.items()}
        if source.dtype not in kinds:
            listed = ", ".join(map(str, kinds))
            raise ImageError(f"MRC cannot hold {source.dtype}: it takes {listed}")
        header["mode"] = kinds[source.dtype]
    values = Statistics()
    with source.file.open("rb") as old, temporary.open("w+b") as new:
        copy_bytes(old, new, source.offset)
        append(new, source.layout, values.of(images), stored)
        header["dmin"], header["dmax"] = values.low, values.high
        header["dmean"], header["rms"] = values.mean, values.deviation
        if (labels := int(header["nlabl"])) in range(LABELS):
            header["label"][labels] = b"Denoised by unnoise"
            header["nlabl"] = labels + 1
        new.seek(0)
        new.write(header.tobytes())
    return frozenset({"data behind its pixels"} if source.followed else ())


def _parsed(data: bytes, file: File) -> tuple[Any, str]:
    """Return the header in the byte order of the file."""
    from mrcfile.dtypes import HEADER_DTYPE
    from mrcfile.utils import byte_order_from_machine_stamp

    plain = np.dtype(HEADER_DTYPE)
    if len(data) < HEADER:
        raise ImageError(f"{file} is no MRC file, since it is shorter than a header: get it again")
    try:
        order = byte_order_from_machine_stamp(np.frombuffer(data, plain)[0]["machst"])
    except ValueError:  # of an older program: the columns, rows and sections are axes 1 to 3
        axes = ((each, struct.unpack_from(f"{each}3i", data, AXES_AT)) for each in "<>")
        fits = (each for each, found in axes if sorted(found) == [1, 2, 3])
        if (order := next(fits, None)) is None:
            raise ImageError(
                f"{file} is no MRC file: it has no machine stamp, and its axes are not 1 to 3"
            ) from None
    return np.frombuffer(data, plain.newbyteorder(order))[0], order


def _stored(
    header: Any, order: str, data: bytes, file: File
) -> tuple[np.dtype[Any], tuple[str, ...]]:
    """Return the dtype of the stored values, and notes on what the file does not state."""
    mode = int(header["mode"])
    if mode not in MODES:
        what = REFUSED.get(mode, "which is not known")
        raise ImageError(f"{file} has mode {mode}, {what}; modes 0, 1, 2, 6 and 12 are read")
    if header["nsymbt"] < 0:
        raise ImageError(f"{file} has a damaged header (NSYMBT is negative): get the file again")
    if mode:
        return np.dtype(order + MODES[mode]), ()
    mark, flags = struct.unpack_from(f"{order}2i", data, IMOD_AT)
    if mark == IMOD:
        return np.dtype("i1" if flags & SIGNED else "u1"), ()
    if header["nversion"] >= MRC2014 or header["dmin"] < 0:
        return np.dtype("i1"), ()
    unsigned = header["dmax"] > np.iinfo(np.int8).max
    kind = "unsigned" if unsigned else "signed"
    note = f"its bytes are read as {kind}, which files older than MRC2014 do not state"
    return np.dtype("u1" if unsigned else "i1"), (note,)


def _axes(header: Any, file: File) -> tuple[str, tuple[int, ...]]:
    """Return axes and shape: by the space group, sections are images (N) or a volume (Z)."""
    width, height, count = (int(header[name]) for name in ("nx", "ny", "nz"))
    depth, group = int(header["mz"]), int(header["ispg"])
    if min(width, height, count) < 1:
        raise ImageError(
            f"{file} has a damaged header ({width} × {height} × {count} pixels): get it again"
        )
    if count == 1:
        return "YX", (height, width)
    if group in VOLUME_STACKS and depth > 0 and count % depth == 0:
        return "NZYX", (count // depth, depth, height, width)
    return ("NYX" if group == 0 else "ZYX"), (count, height, width)


def _steps(header: Any) -> Mapping[str, float]:
    """Return the sizes of pixels in micrometres; the cell may name its axes in another order."""
    cell = {1: ("x", "mx"), 2: ("y", "my"), 3: ("z", "mz")}
    steps = {}
    for letter, name in zip("XYZ", ("mapc", "mapr", "maps"), strict=True):
        length, count = cell.get(int(header[name]), cell["XYZ".index(letter) + 1])
        if header[count] > 0 and 0 < header["cella"][length] < np.inf:
            steps[letter] = float(header["cella"][length]) / int(header[count]) * ANGSTROM
    return steps
