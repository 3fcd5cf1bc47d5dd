"""DICOM in: the pixels of medical images, in the unit that their rescale slope gives them.

A header names a person. So messages repeat no value of it, and no error of pydicom, which could.
"""

import logging
import math
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

import numpy as np

from unnoise.errors import ImageError, UnnoiseError
from unnoise.images.axes import checked_layout
from unnoise.images.contents import File, map_array, quiet, reading, size_in_bytes
from unnoise.images.dicom_values import Coding
from unnoise.images.holes import Holes
from unnoise.images.options import ReadOptions
from unnoise.images.reader import ArrayReader
from unnoise.types import RGB, Array

PREAMBLE, MARK = 128, b"DICM"
START = 512  # bytes in which an envelope states its kind
ENVELOPE = bytes.fromhex("06092a864886f70d010703")  # encrypted data (CMS), by part 15 of DICOM
PIXELS = (0x7FE0, 0x0010)
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
PLAIN = {"1.2.840.10008.1.2": False, "1.2.840.10008.1.2.1": True}  # and whether types are written
MILLIMETRE = 1e3  # in micrometres
AXES = {"FrameTime": "T", "FrameTimeVector": "T", "GridFrameOffsetVector": "Z"}  # of frames
GREY = ("MONOCHROME1", "MONOCHROME2")

logging.getLogger("pydicom").propagate = False  # it quotes values


class DicomReader(ArrayReader):
    """The frames of a DICOM file: grey in physical values, or red, green and blue."""

    whole = True

    def __init__(self, file: File, read: ReadOptions) -> None:
        with reading(file):
            with file.open("rb") as start:
                _check_start(start.read(START), file)
            size = size_in_bytes(file)
        with reading(file), discreet(file):
            with file.open("rb") as handle:
                syntax = _syntax(handle, file)
                self.dataset, offset, length = _header(handle, str(syntax), file)
            self.coding, self.samples = _described(self.dataset, file)
            count, page, axes = _shape(self.dataset, self.samples)
            self.steps = _steps(self.dataset)
        shape = (count, *page) if count > 1 else page
        layout = checked_layout(
            self.coding.physical,
            shape,
            axes=read.axes,
            stated=axes,
            name=str(file),
            max_pixels=read.max_pixels,
        )
        if len(self.coding.scales) not in (0, 1, layout.count):
            raise ImageError(f"{file} has frames with scales of their own: leave --axes out")
        planes = self.samples > 1 and self.dataset.get("PlanarConfiguration")
        plain = self.dataset.PhotometricInterpretation in (*GREY, "RGB") and not planes
        # Values are mapped; or pydicom decodes a whole frame at once.
        mapped = str(syntax) in PLAIN and plain
        stored = self.coding.dtype.newbyteorder("<")
        if mapped and min(size - offset, length) < math.prod(shape) * stored.itemsize:
            raise ImageError(f"{file} ends before its pixels do: get the file again")
        if not mapped:
            _check_decoder(syntax, file)
        with reading(file):
            handle = file.open("rb")

        def frame(number: int) -> Array:
            if not mapped:
                return _decoded(handle, number, page, syntax, file)
            frames = map_array(handle, stored, (count, *page), offset=offset)
            return np.asarray(frames[number])

        super().__init__(
            file,
            layout,
            lambda: _Frames(count, frame, self.coding),
            colour="grey" if self.samples == 1 else "rgb",
            holes=Holes(self.coding.no_data),
            step=1 if mapped else layout.height,
            close=handle.close,
        )
        self.windowed = mapped
        self.notes = _notes(self.dataset, str(syntax), self.coding)


class _Frames:
    """An array of all frames, in physical values, that is read when it is sliced."""

    def __init__(self, count: int, frame: Callable[[int], Array], coding: Coding) -> None:
        self._count, self._frame, self._coding = count, frame, coding

    def __getitem__(self, part: tuple[int | slice, ...]) -> Array:
        if self._count == 1:
            return self._coding.to_physical(self._frame(0)[part], 0)
        which, *place = part
        if not isinstance(which, slice):
            return self._coding.to_physical(self._frame(which)[tuple(place)], which)
        return np.stack([self[number, *place] for number in range(self._count)[which]])


@contextmanager
def discreet(file: File | str) -> Iterator[None]:
    """Turn errors of pydicom into ``ImageError`` without their text, and drop its warnings."""
    try:
        with quiet():
            yield
    except UnnoiseError:
        raise
    except Exception as error:  # damaged files make pydicom raise any kind
        if isinstance(error, OSError) and error.errno is not None:  # of the system
            raise
        raise ImageError(
            f"{file} is a DICOM file with a damaged or incomplete header or with damaged pixels "
            f"({type(error).__name__}; the details could name a person): get the file again"
        ) from None


def _check_start(start: bytes, file: File) -> None:
    if ENVELOPE in start:
        raise ImageError(f"{file} is encrypted: decrypt it first, with the key of its receiver")
    if start[PREAMBLE : PREAMBLE + len(MARK)] != MARK:
        raise ImageError(
            f"{file} is no DICOM file, since it lacks the mark DICM after {PREAMBLE} bytes: if it "
            "is an old one, dcmconv of DCMTK adds it"
        )


def _syntax(handle: Any, file: File) -> Any:
    """Return the transfer syntax, from the start of a file."""
    from pydicom.filereader import read_dataset

    handle.seek(PREAMBLE + len(MARK))
    # pydicom would inflate a whole deflated file, however large, so it does not read on.
    start = read_dataset(handle, False, True, stop_when=lambda tag, _, __: tag >> 16 != 2)
    if (syntax := start.get("TransferSyntaxUID")) is None:
        raise ImageError(f"{file} states no transfer syntax: convert it with dcmconv of DCMTK")
    for kind, word in ((DEFLATED, "deflated as a whole"), (BIG_ENDIAN, "big-endian")):
        if syntax == kind:
            raise ImageError(f"{file} is {word}: convert it first, with dcmconv +te of DCMTK")
    return syntax


def _header(handle: IO[bytes], syntax: str, file: File) -> tuple[Any, int, int]:
    """Return all elements before the pixels, and the place and length of these in bytes."""
    from pydicom import dcmread

    handle.seek(0)
    dataset = dcmread(handle, stop_before_pixels=True)
    tag = handle.read(12 if PLAIN.get(syntax, True) else 8)
    if len(tag) < 8 or struct.unpack_from("<2H", tag) != PIXELS:
        secret = " that can be read; parts of it are encrypted" * (0x04000500 in dataset)
        raise ImageError(f"{file} holds no pixels of whole numbers{secret}")
    (length,) = struct.unpack_from("<I", tag, len(tag) - 4)
    return dataset, handle.tell(), length


def _described(dataset: Any, file: File) -> tuple[Coding, int]:
    """Return the coding of the values, and the samples of a pixel."""
    samples, kind = int(dataset.SamplesPerPixel), str(dataset.PhotometricInterpretation)
    allocated, bits = int(dataset.BitsAllocated), int(dataset.BitsStored)
    coloured = samples == RGB and kind.startswith(("RGB", "YBR_"))
    if not coloured and not (samples == 1 and kind in GREY):
        raise ImageError(
            f"{file} has pixels that are neither grey nor colours, such as numbers of a palette: "
            "export it as grey or as RGB"
        )
    if allocated not in (8, 16, 32) or not 0 < bits <= allocated or dataset.HighBit != bits - 1:
        raise ImageError(
            f"{file} stores {bits} bits in {allocated}: 8, 16 or 32 bits are read, the lower ones "
            "of which are used"
        )
    dtype = np.dtype(f"{'i' if dataset.PixelRepresentation else 'u'}{allocated // 8}")
    if samples > 1:
        return Coding(bits, dtype, (), None), samples
    padding = dataset.get("PixelPaddingValue")
    if padding is not None:  # it may state the other sign
        padding = int(np.array(int(padding) % 2**allocated, f"u{allocated // 8}").astype(dtype))
    scales = _scales(dataset)
    if not all(slope and np.isfinite([slope, start]).all() for slope, start in scales):
        raise ImageError(f"{file} has a rescale slope of 0 or without an end: the file is damaged")
    return Coding(bits, dtype, scales, padding), samples


def _shape(dataset: Any, samples: int) -> tuple[int, tuple[int, ...], str]:
    """Return the number of frames, the shape of one, and the axes; a single frame has none."""
    count = int(dataset.get("NumberOfFrames") or 1)
    page = (int(dataset.Rows), int(dataset.Columns), *([samples] if samples > 1 else []))
    outer = next((AXES[name] for name in AXES if name in dataset), "N")
    return count, page, outer * (count > 1) + "YXC"[: len(page)]


def _scales(dataset: Any) -> tuple[tuple[float, float], ...]:
    """Return the slope and intercept of the file, or of each frame if they differ; if stated."""
    if "RescaleSlope" in dataset:
        return ((float(dataset.RescaleSlope), float(dataset.get("RescaleIntercept", 0))),)
    if "DoseGridScaling" in dataset:
        return ((float(dataset.DoseGridScaling), 0.0),)
    found = []
    for group in _groups(dataset):
        for each in group.get("PixelValueTransformationSequence", ()):
            found.append((float(each.RescaleSlope), float(each.RescaleIntercept)))
    if len(set(found)) > 1 and len(found) != int(dataset.get("NumberOfFrames") or 1):
        raise ValueError("frames without a slope")
    return tuple(found) if len(set(found)) > 1 else tuple(found[:1])


def _groups(dataset: Any) -> Iterator[Any]:
    """Yield what an enhanced file states of all frames, then of each."""
    yield from dataset.get("SharedFunctionalGroupsSequence", ())
    yield from dataset.get("PerFrameFunctionalGroupsSequence", ())


def _steps(dataset: Any) -> Mapping[str, float]:
    """Return the spacing of pixels in micrometres, and of frames in seconds."""
    measures = next(
        (each for group in _groups(dataset) for each in group.get("PixelMeasuresSequence", ())),
        dataset,
    )
    spacing = measures.get("PixelSpacing") or measures.get("ImagerPixelSpacing") or ()
    steps = dict(zip("YX", (MILLIMETRE * float(each) for each in spacing), strict=False))
    if time := dataset.get("FrameTime"):
        steps["T"] = float(time) / 1000
    return steps


def _check_decoder(syntax: Any, file: File) -> None:
    """Raise ``ImageError`` unless pydicom can decode the pixels."""
    from pydicom.pixels.decoders.base import get_decoder

    with discreet(file):
        try:
            decoder, name = get_decoder(syntax), str(syntax.name)
        except NotImplementedError:  # pydicom has no decoder for this transfer syntax
            raise ImageError(
                f"{file} is compressed in a way that is not known: convert it first, with "
                "gdcmconv --raw"
            ) from None
    if not decoder.is_available:
        raise ImageError(f"{file} is compressed as {name}, {_needed(name)}")


def _needed(name: str) -> str:
    package = "pylibjpeg-openjpeg" if "2000" in name else "pylibjpeg-libjpeg"
    return (
        f"which needs other packages: pip install pylibjpeg {package}, or decompress it first, "
        "with gdcmconv --raw"
    )


def _decoded(handle: Any, number: int, page: tuple[int, ...], syntax: Any, file: File) -> Array:
    """Return a frame that pydicom decodes; colours become red, green and blue."""
    from pydicom.pixels.utils import pixel_array

    with discreet(file):
        try:
            handle.seek(0)
            values: Array = pixel_array(handle, index=number)
        except RuntimeError:  # no decoder that is there can do it
            name = str(syntax.name)
            raise ImageError(
                f"{file} is damaged, or compressed by a kind of {name}, {_needed(name)}"
            ) from None
        if values.shape != page:
            raise ValueError("pixels unlike the header")
        return values


def _notes(dataset: Any, syntax: str, coding: Coding) -> tuple[str, ...]:
    """Return how values are read, where that is not evident."""
    notes = []
    if syntax not in PLAIN:
        notes.append("it is compressed, and its result is not")
    if dataset.PhotometricInterpretation == GREY[0]:
        notes.append("its low values are shown white (MONOCHROME1); they are read as stored")
    if "ModalityLUTSequence" in dataset:
        notes.append("its values are read as stored, without its modality table (LUT)")
    if len(coding.scales) > 1:
        notes.append("each of its frames has a rescale slope of its own")
    if coding.padding is not None and "PixelPaddingRangeLimit" in dataset:
        notes.append("of its range of padding values, only the first is taken as no data")
    return tuple(notes)
