"""Names of files: the formats that they state, and their natural order."""

import re
from pathlib import Path

from unnoise.images.array_files import is_idx
from unnoise.images.formats import ENDINGS, ending_of


def is_image_name(name: str) -> bool:
    """Whether a file in a folder counts as an image, by its name.

    Files of a format count where its packages are installed.
    """
    ending = ending_of(name)
    labels = is_idx(Path(name)) and "idx1" in name  # the labels beside an IDX file of images
    return ending is not None and ENDINGS[ending].installed and not labels


def natural_order(path: Path) -> tuple[tuple[tuple[int, str], ...], str]:
    """Return a key that sorts ``a2`` before ``a10``."""
    pieces = re.split(r"(\d+)", str(path))
    # Numbers stand at odd places; the text itself decides between 1 and 01.
    numbers = (
        (int(piece) if place % 2 else 0, "" if place % 2 else piece)
        for place, piece in enumerate(pieces)
    )
    return tuple(numbers), str(path)
