"""The types that the functions of this room share."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from unnoise.errors import UnnoiseError
from unnoise.types import Array

if TYPE_CHECKING:
    from unnoise.training import Progress

ARRAY_NAME = "<array>"  # stands in a config for images that were passed in memory
Source = str | Path | Array | Sequence[Array] | Sequence[str | Path]
Report = Callable[["Progress"], None]


def describe_error(error: Exception) -> str:
    """Return what went wrong with one file; an error that is not expected comes with its kind."""
    expected = isinstance(error, UnnoiseError | OSError)
    return str(error) if expected else f"{type(error).__name__}: {error}"


def ignore(_: object) -> None:
    """Take a message or the progress, and print nothing."""


def print_message(text: str) -> None:
    """Print a message on standard error."""
    print(text, file=sys.stderr, flush=True)
