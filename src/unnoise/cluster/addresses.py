"""Inputs that are not on a disk: whatever fsspec reaches (s3://, gs://, https://, ...)."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from unnoise.errors import ImageError
from unnoise.images import WILD, is_image_name, is_url, matches, reached, system_of
from unnoise.outputs import TEMPORARY

WEB = ("http", "https")  # whose addresses may end in a query


class Input(NamedTuple):
    """One input: its path or address, and where it lies below what was named."""

    name: str
    relative: PurePosixPath


def list_address(address: str) -> Iterator[Input]:
    """List a file, the images below a folder, or the images that match a pattern.

    Raises:
        ImageError: Nothing is there, or it cannot be reached.
    """
    system, path = system_of(address)
    fixed, pattern = _split(address, path)
    with reached(address):
        if not pattern and _is_file(system, path):
            yield Input(address, PurePosixPath(PurePosixPath(path.split("?")[0]).name))
            return
        if not system.isdir(fixed):
            raise ImageError(f"{address} is not there: name a file, a folder or a pattern")
        for found in _below(system, fixed):
            relative = PurePosixPath(found.removeprefix(fixed).lstrip("/"))
            if not pattern or matches(relative.parts, pattern):
                yield Input(system.unstrip_protocol(found), relative)


@contextmanager
def at_hand(name: str, folder: Path) -> Iterator[Path]:
    """Give an input as a file on this machine; one from an address is fetched, and gone later.

    Args:
        name: A path or an address.
        folder: It is fetched into a folder of its own in this one.

    Raises:
        ImageError: It cannot be fetched.
    """
    if not is_url(name):
        yield Path(name)
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=folder) as temporary:
        system, path = system_of(name)
        local = Path(temporary) / PurePosixPath(path.split("?")[0]).name
        with reached(name):
            if path.lower().endswith(".zarr"):
                system.get(path, str(local), recursive=True)
            else:
                system.get_file(path, str(local))
        yield local


def _split(address: str, path: str) -> tuple[str, tuple[str, ...]]:
    """Return the folder of a pattern and the pattern below it, which is empty for other paths."""
    if address.startswith(WEB):
        path = path.split("?")[0]
    parts = path.split("/")
    first = next((place for place, part in enumerate(parts) if WILD.search(part)), len(parts))
    return "/".join(parts[:first]), tuple(parts[first:])


def _is_file(system: Any, path: str) -> bool:
    # Every page of the web is a file to fsspec, those that list files too.
    if "http" in system.protocol and not is_image_name(path.split("?")[0]):
        return False
    return bool(system.isfile(path))


def _below(system: Any, folder: str) -> Iterator[str]:
    for entry in system.ls(folder, detail=True):
        path = str(entry["name"]).rstrip("/")
        name = path.rpartition("/")[2]
        # A page of the web may link to itself, or to what lies elsewhere.
        if name.startswith(".") or not path.startswith(f"{folder.rstrip('/')}/"):
            continue
        if entry["type"] == "directory" and not name.lower().endswith(".zarr"):
            yield from _below(system, path)
        elif is_image_name(name):
            yield path
