"""Bytes and names behind a URL, by fsspec; local files are read without it.

A URL stays text, since ``Path`` would turn its two slashes into one. fsspec comes with torch and is
loaded only for URLs. The package that it needs for a protocol is an extra, or installed separately.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeGuard

from unnoise.errors import ImageError, UnnoiseError
from unnoise.images.contents import reading


def is_url(source: object) -> TypeGuard[str]:
    """Whether a source is a URL, such as ``s3://bucket/stack.zarr``, and not a path."""
    return isinstance(source, str) and "://" in source


def size_of(place: str) -> int:
    """Return the size of a file, given by a path or a URL, in bytes.

    Raises:
        ImageError: The file is missing or cannot be reached.
    """
    with reached(place):
        if not is_url(place):
            return Path(place).stat().st_size
        system, path = system_of(place)
        size = system.size(path)
        if size is None:
            raise ImageError(
                f"the server of {place} does not report its size: use another server, or copy it"
            )
        return int(size)


def read_bytes(place: str, start: int, stop: int) -> bytes:
    """Return bytes ``start..stop`` of a path or a URL, fewer if the file ends before ``stop``.

    Raises:
        ImageError: The file cannot be read, or its server sends only whole files.
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
                f"the server of {place} does not send parts of files (HTTP ranges), which reading "
                "shards needs: copy them to a local disk, or to a server that does"
            )
        return data


def list_urls(pattern: str) -> list[tuple[str, int | None]]:
    """Return the URLs that match a pattern, sorted, with their sizes if the listing has them.

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
    """Turn errors on the way to a URL or a path into ``ImageError``."""
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
        advice = "check that it exists and may be read from here"
        if isinstance(error, ImportError):
            advice = "pip install unnoise[remote] for https, s3fs for s3, and so on"
        raise ImageError(f"cannot read {place}: {reason[:300]}; {advice}") from error


def system_of(url: str) -> tuple[Any, str]:
    """Return the file system of fsspec for a URL, and the path in it.

    Raises:
        ImageError: A package for it is not installed, or fsspec does not know the protocol.
    """
    with reached(url):
        from fsspec.core import url_to_fs

        # A cache of listings would grow with the number of files.
        system, path = url_to_fs(url, use_listings_cache=False)
    return system, str(path)
