"""The types that the functions of this room share, and work on many files."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from unnoise.errors import ImageError, UnnoiseError
from unnoise.images import find_images
from unnoise.types import Array

if TYPE_CHECKING:
    from unnoise.training import Progress

Found = TypeVar("Found")

ARRAY_NAME = "<array>"  # stands in a config for images that were passed in memory
Source = str | Path | Array | Sequence[Array] | Sequence[str | Path]
Report = Callable[["Progress"], None]


def describe_error(error: Exception) -> str:
    """Return what went wrong with one file; an error that is not expected comes with its kind."""
    expected = isinstance(error, UnnoiseError | OSError)
    return str(error) if expected else f"{type(error).__name__}: {error}"


def explain(error: Exception, path: Path) -> str:
    """Return what went wrong with a file, in words that name it."""
    reason = describe_error(error)
    return reason if path.name in reason else f"{path}: {reason}"


def ignore(_: object) -> None:
    """Take a message or the progress, and print nothing."""


def print_message(text: str) -> None:
    """Print a message on standard error."""
    print(text, file=sys.stderr, flush=True)


def each_file(
    inputs: Iterable[str | Path],
    work: Callable[[Path], Iterable[Found]],
    failed: Callable[[str, str], Found],
    *,
    sequence: bool = False,
) -> Iterator[Found]:
    """Yield the results of ``work`` on each file; ``failed`` makes one of a name and an error.

    ``inputs`` are files, folders with their subfolders, and patterns such as ``scans/**/*.tif``;
    for sequences, folders.
    """
    seen: set[Path] = set()
    for given in inputs:
        try:
            paths = [image.path for image in find_images([given], sequence=sequence)]
        except ImageError as error:
            yield failed(str(given), str(error))
            continue
        for path in paths:
            if path.resolve() in seen:
                continue
            seen.add(path.resolve())
            try:
                yield from work(path)
            # Whatever happens with one file, such as a lack of memory, the rest is done.
            except Exception as error:
                yield failed(str(path), explain(error, path))
