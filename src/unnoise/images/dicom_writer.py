"""DICOM out: the header of the source with new pixels, marked as derived from it.

What a derived image states: PS3.3 of the standard, C.7.6.1 (ImageType, derivation, source).
"""

import copy
import math
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from unnoise import __version__
from unnoise.errors import ImageError
from unnoise.images.dicom_files import PIXELS, DicomReader, discreet
from unnoise.images.scratch import append
from unnoise.types import Array

LONGEST_TEXT, LONGEST_NAME = 1024, 64  # characters of the types ST and LO
MOST_BYTES = 2**32 - 2  # of pixels
SERIES = "1.2.826.0.1.3680043.8.498."  # the root of pydicom, for numbers that are made from texts
STALE = {  # elements that describe the noisy pixels
    "IconImageSequence": "icon", "SmallestImagePixelValue": "smallest value",
    "LargestImagePixelValue": "largest value", "DigitalSignaturesSequence": "digital signatures",
    "MACParametersSequence": "digital signatures",
}  # fmt: skip


def write_dicom(
    temporary: Path, source: DicomReader, images: Iterable[Iterable[Array]]
) -> frozenset[str]:
    """Write a DICOM file without compression, with the header of its source.

    Raises:
        ImageError: There are more than 4 GiB of pixels, or the header of the source lacks what
            every DICOM file must have.
    """
    stored = source.coding.dtype.newbyteorder("<")
    size = math.prod(source.shape) * stored.itemsize
    if size > MOST_BYTES:
        raise ImageError(f"{source.name} has more than 4 GiB of pixels, which DICOM does not hold")
    # The frames that are channels or images for --axes have one scale; see ``DicomReader``.
    given = (
        (source.coding.to_stored(band, index) for band in bands)
        for index, bands in enumerate(images)
    )
    with temporary.open("w+b") as file:
        with discreet(source.name):
            dataset, lost = _derived(source)
            dataset.save_as(file, implicit_vr=False, little_endian=True, enforce_file_format=True)
        kind = b"OW" if stored.itemsize > 1 else b"OB"
        file.write(struct.pack("<2H2sHI", *PIXELS, kind, 0, size + size % 2))
        append(file, source.layout, given, stored)
        file.write(bytes(size % 2))
    return lost


def _derived(source: DicomReader) -> tuple[Any, frozenset[str]]:
    """Return the header of a result, and what it lacks, in words."""
    from pydicom.dataset import Dataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    dataset = copy.deepcopy(source.dataset)
    lost = {word for name, word in STALE.items() if name in dataset}
    for name in STALE:
        if name in dataset:
            del dataset[name]
    if "SOPClassUID" in dataset and "SOPInstanceUID" in dataset:
        origin = Dataset()
        origin.ReferencedSOPClassUID = dataset.SOPClassUID
        origin.ReferencedSOPInstanceUID = dataset.SOPInstanceUID
        dataset.SourceImageSequence = [origin]
    dataset.SOPInstanceUID = generate_uid(prefix=None)
    if "SeriesInstanceUID" in dataset:  # results of one series are one series, apart from it
        old = str(dataset.SeriesInstanceUID)
        dataset.SeriesInstanceUID = generate_uid(SERIES, [old, "unnoise"])
    kind = [str(each) for each in dataset.get("ImageType") or ["ORIGINAL", "PRIMARY"]]
    dataset.ImageType = ["DERIVED", *kind[1:]]
    _add(dataset, "DerivationDescription", f"Denoised by unnoise {__version__}", LONGEST_TEXT)
    _add(dataset, "SeriesDescription", "denoised", LONGEST_NAME)
    if source.samples > 1:
        dataset.PhotometricInterpretation, dataset.PlanarConfiguration = "RGB", 0
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset, frozenset(lost)


def _add(dataset: Any, name: str, text: str, most: int) -> None:
    """Add a text behind the one that is there, which is cut if there is no room."""
    old = str(dataset.get(name) or "")
    setattr(dataset, name, f"{old[: most - len(text) - 2]}; {text}" if old else text)
