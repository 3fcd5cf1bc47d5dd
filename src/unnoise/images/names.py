"""Names of files: the formats that they state, and their natural order."""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from unnoise.errors import ImageError
from unnoise.images.array_files import is_idx
from unnoise.images.contents import File
from unnoise.images.film_reader import FILM_SUFFIXES
from unnoise.images.picture_files import PICTURE_SUFFIXES

TIFF_SUFFIXES = (".tif", ".tiff")
IDX_SUFFIXES = (".idx", "-ubyte", ".idx.gz", "-ubyte.gz")
SUFFIXES = (
    *(*PICTURE_SUFFIXES, *TIFF_SUFFIXES, ".npy", ".npz", *IDX_SUFFIXES, ".zarr"),
    *FILM_SUFFIXES,
)


def kind_of(file: File) -> str:
    """Return the suffix in ``SUFFIXES`` that the name of a file ends in."""
    name = file.name.lower()
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if name.endswith(suffix):
            return suffix
    raise ImageError(f"{file} has no format that can be read: {', '.join(SUFFIXES)}")


def is_image_name(name: str) -> bool:
    """Whether a file in a folder counts as an image, by its name.

    Films count where they can be read.
    """
    labels = is_idx(Path(name)) and "idx1" in name  # the labels beside an IDX file of images
    if name.lower().endswith(FILM_SUFFIXES):
        return has_pyav()
    return name.lower().endswith(SUFFIXES) and not labels


@cache
def has_pyav() -> bool:
    """Whether films can be read here."""
    return find_spec("av") is not None


def natural_order(path: Path) -> tuple[tuple[tuple[int, str], ...], str]:
    """Return a key that sorts ``a2`` before ``a10``."""
    pieces = re.split(r"(\d+)", str(path))
    # Numbers stand at odd places; the text itself decides between 1 and 01.
    numbers = (
        (int(piece) if place % 2 else 0, "" if place % 2 else piece)
        for place, piece in enumerate(pieces)
    )
    return tuple(numbers), str(path)
