"""From what a user names to tar shards: a file, a folder of them, a pattern, braces; or a URL."""

import os
import re
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from unnoise.errors import DataError, ImageError
from unnoise.images import WILD, find_images, is_url, list_urls

TAR = ".tar"
PACKED = (".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst")
BRACES = re.compile(r"\{([^{}]*)\}")
COUNTED = re.compile(r"([0-9]{1,18})\.\.([0-9]{1,18})")
WILD_IN_URL = re.compile(r"[*\[]")  # a question mark begins a query
MOST = 1_000_000  # shards of one name: more are a slip of the keyboard
SHOWN = 5  # names in a message


@dataclass(frozen=True)
class Shard:
    """A tar file, or a part of one."""

    place: str  # a path or a URL
    size: int | None  # of the file, in bytes; None where this needs a request
    start: int = 0  # of the part; a multiple of 512
    stop: int | None = None  # None for the end of the file


def find_shards(source: str | Path) -> tuple[Shard, ...]:
    """Find tar shards; none if the source is of another kind.

    Args:
        source: A ``.tar`` file, a folder that holds such files and no images, a pattern in which
            ``*``, ``?`` and ``[...]`` are wild, or a name with braces, ``train-{000..099}.tar``.
            Each may be a URL.

    Raises:
        DataError: They are missing, or compressed as a whole.
    """
    text = str(source)
    if text.endswith(PACKED):
        raise DataError(
            f"{text} is compressed as a whole, so it cannot be entered in the middle: unpack it "
            "to a plain .tar (the images in it are compressed already)"
        )
    if is_url(text):
        return _at_url(text)
    if not text.endswith(TAR):
        if not os.path.isdir(text):  # noqa: PTH112  Path.is_dir raises for some names
            return ()
        tars = sorted(Path(text).glob(f"*{TAR}"))
        return () if not tars or _has_images(text) else tuple(map(_local, map(str, tars)))
    if os.path.exists(text):  # noqa: PTH110  Path.exists raises for some names
        return (_local(text),)
    names = [name for each in expand(text) for name in _matching(each)]
    missing = [name for name in names if not os.path.isfile(name)]  # noqa: PTH113  as above
    if missing or not names:
        what = f"{len(missing)} of the {len(names)} shards of {text} are" if names else f"{text} is"
        listed = "".join(f"\n  {name}" for name in missing[:SHOWN])
        raise DataError(
            f"{what} not there:{listed}\n"
            "name a .tar file, a folder of them, or in quotes train-*.tar or train-{000..099}.tar"
        )
    return tuple(map(_local, names))


def expand(text: str) -> list[str]:
    """Return the names that braces stand for: ``a-{0..2}`` counts, ``{a,b}`` lists."""
    names = [""]
    for place, piece in enumerate(BRACES.split(text)):
        options = [piece] if place % 2 == 0 else piece.split(",")
        if place % 2 and (counted := COUNTED.fullmatch(piece)):
            first, last = counted.groups()
            numbers = range(int(first), min(int(last), int(first) + MOST) + 1)
            options = [str(number).zfill(len(first)) for number in numbers]
        if len(names) * len(options) > MOST:
            raise DataError(f"{text} means more than {MOST:,} shards: write fewer in its braces")
        names = [name + option for name in names for option in options]
    return names


def _matching(name: str) -> list[str]:
    return sorted(glob(name, recursive=True)) if WILD.search(name) else [name]  # noqa: PTH207  text


def _local(name: str) -> Shard:
    return Shard(name, Path(name).stat().st_size)


def _has_images(folder: str) -> bool:
    try:
        return bool(find_images([folder]))
    except ImageError:
        return False


def _at_url(url: str) -> tuple[Shard, ...]:
    """Return the shards of a URL; look up only a pattern or a folder."""
    bare = url.partition("?")[0].rstrip("/")
    if bare.endswith(".zarr"):
        return ()
    found: list[Shard] = []
    for name in expand(url if bare.endswith(TAR) else f"{bare}/*{TAR}"):
        wild = WILD_IN_URL.search(name)
        found += [Shard(*each) for each in list_urls(name)] if wild else [Shard(name, None)]
    if not found:
        raise DataError(
            f"there are no shards at {url}: from a URL, .tar shards and .zarr arrays are read, so "
            "pack image files into shards first"
        )
    return tuple(found)
