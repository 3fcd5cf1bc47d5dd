"""Bytes and names behind a URL, by fsspec; of a local file without it.

A URL stays text: ``Path`` would make one slash of its two. fsspec comes with torch and is loaded
only when a URL is met; what it needs for each protocol is an extra, or a package of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeGuard

from unnoise.errors import ImageError, UnnoiseError
from unnoise.images.failures import reading


def is_url(source: object) -> TypeGuard[str]:
    """Whether a source is a URL, such as ``s3://bucket/stack.zarr``, and not a path."""
    return isinstance(source, str) and "://" in source


def size_of(place: str) -> int:
    """Return how many bytes a file has.

    Args:
        place: A path or a URL.

    Raises:
        ImageError: It is not there, or cannot be reached.
    """
    with reached(place):
        if not is_url(place):
            return Path(place).stat().st_size
        system, path = system_of(place)
        size = system.size(path)
        if size is None:
            raise ImageError(f"{place} does not tell its size: take a server that does, or copy it")
        return int(size)


def read_range(place: str, start: int, stop: int) -> bytes:
    """Return bytes ``start..stop`` of a file, fewer where it ends before.

    Args:
        place: A path or a URL.
        start: The first byte.
        stop: The byte after the last one.

    Raises:
        ImageError: It cannot be read, or is on a server that gives whole files only.
    """
    with reached(place):
        if not is_url(place):
            with Path(place).open("rb") as file:
                file.seek(start)
                return file.read(stop - start)
        system, path = system_of(place)
        data = bytes(system.cat_file(path, start=start, end=stop))
        if len(data) > stop - start:
            raise ImageError(
                f"the server of {place} does not give parts of files (HTTP ranges), which reading "
                "shards needs: copy them to a local disk, or to a server that does"
            )
        return data


def list_urls(pattern: str) -> list[tuple[str, int | None]]:
    """Return the URLs that match a pattern, sorted, with the sizes that the listing tells.

    Raises:
        ImageError: The place cannot be reached.
    """
    with reached(pattern):
        system, path = system_of(pattern)
        found = system.glob(path, detail=True)
        return [
            (system.unstrip_protocol(name), found[name].get("size"))
            for name in sorted(found)
            if found[name].get("type") != "directory"
        ]


@contextmanager
def reached(place: str | Path) -> Iterator[None]:
    """Turn what is raised on the way to a URL into ``ImageError``; of a path as ``reading``."""
    if not is_url(place):
        with reading(place):
            yield
        return
    try:
        yield
    except UnnoiseError:
        raise
    except Exception as error:  # each protocol has a package with errors of its own
        reason = " ".join(str(error).split()) or type(error).__name__
        advice = "is it there, and may it be read from here?"
        if isinstance(error, ImportError):
            advice = "pip install unnoise[remote] brings what https needs, s3fs is for s3, ..."
        raise ImageError(f"cannot read {place}: {reason[:300]}; {advice}") from error


def system_of(url: str) -> tuple[Any, str]:
    """Return the file system of a URL, as fsspec has it, and the path in it.

    Raises:
        ImageError: A package for it is not installed, or fsspec knows no such URL.
    """
    with reached(url):
        from fsspec.core import url_to_fs

        # What was listed would be kept, and grow with the number of files.
        system, path = url_to_fs(url, use_listings_cache=False)
    return system, str(path)
