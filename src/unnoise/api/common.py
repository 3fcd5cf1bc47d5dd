"""The types that the functions of this room share."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from unnoise.errors import UnnoiseError
from unnoise.types import Array

if TYPE_CHECKING:
    from unnoise.training import Progress

ARRAY = "<array>"  # what a config calls images that were passed in memory
Source = str | Path | Array | Sequence[Array] | Sequence[str | Path]
Report = Callable[["Progress"], None]


def word(error: Exception) -> str:
    """Return what went wrong with one file, in words; what is not expected with its kind."""
    expected = isinstance(error, UnnoiseError | OSError)
    return str(error) if expected else f"{type(error).__name__}: {error}"


def silent(_: object) -> None:
    """Tell nobody."""


def tell(text: str) -> None:
    """Tell the person, on standard error."""
    print(text, file=sys.stderr, flush=True)
