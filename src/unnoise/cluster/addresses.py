"""Inputs that are not on a disk: whatever fsspec reaches (s3://, gs://, https://, memory://, ...).

fsspec is an extra and loaded only when such an address is met.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from unnoise.errors import ConfigError, ImageError
from unnoise.images import WILD, is_image_name, matches
from unnoise.outputs import TEMPORARY

WEB = ("http", "https")  # whose addresses may end in a query


class Input(NamedTuple):
    """One input: its path or address, and where it lies below what was named."""

    name: str
    relative: PurePosixPath


def is_address(name: str) -> bool:
    """Whether a name is one for fsspec, and no path."""
    return "://" in name


def list_address(address: str) -> Iterator[Input]:
    """List a file, the images below a folder, or those that match a pattern.

    Raises:
        ImageError: Nothing is there, or it cannot be reached.
        ConfigError: fsspec, or what it needs for this kind of address, is not installed.
    """
    system, path = _open(address)
    fixed, pattern = _split(address, path)
    with _reaching(address):
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
        folder: Where it is fetched to, into a folder of its own.

    Raises:
        ImageError: It cannot be fetched.
    """
    if not is_address(name):
        yield Path(name)
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=folder) as temporary:
        system, path = _open(name)
        local = Path(temporary) / PurePosixPath(path.split("?")[0]).name
        with _reaching(name):
            if path.lower().endswith(".zarr"):
                system.get(path, str(local), recursive=True)
            else:
                system.get_file(path, str(local))
        yield local


def _open(address: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs

        # What was listed would be kept, and grow with the number of files.
        system, path = url_to_fs(address, use_listings_cache=False)
    except ImportError as error:
        raise ConfigError(
            f"{address} needs another package: {error}; pip install 'unnoise[cluster]' brings "
            "fsspec, and some kinds of addresses need one of their own"
        ) from error
    except ValueError as error:
        raise ConfigError(f"{address} is no address that fsspec knows: {error}") from error
    return system, str(path)


@contextmanager
def _reaching(address: str) -> Iterator[None]:
    try:
        yield
    except ImageError:
        raise
    except Exception as error:  # of any kind, by the library that reaches the address
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ImageError(f"cannot read {address}: {reason}") from error


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
        if name.startswith(".") or path == folder.rstrip("/"):
            continue
        if entry["type"] == "directory" and not name.lower().endswith(".zarr"):
            yield from _below(system, path)
        elif is_image_name(name):
            yield path
