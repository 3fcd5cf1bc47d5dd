"""The inputs of a job, one at a time: nothing here grows with their number."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from unnoise.errors import ConfigError, ImageError
from unnoise.images import WILD, is_image_name, is_url, matches, reached, system_of, walk_images
from unnoise.outputs import TEMPORARY

LISTS = (".txt", ".lst")
WEB = ("http", "https")  # whose addresses may end in a query


class Input(NamedTuple):
    """One input: its path or address, and where it lies below what was named."""

    name: str
    relative: PurePosixPath


def settle(source: str) -> str:
    """Return a source by a name that holds on all machines: an absolute path or an address."""
    return source if is_url(source) else os.path.abspath(source)  # noqa: PTH100  resolve() follows links


def list_inputs(source: str, *, exclude: Path) -> Iterator[Input]:
    """List the inputs of a settled source, as ``denoise_many`` takes them, in the order found."""
    if is_url(source):
        yield from _list_address(source)
    elif is_list(source):
        yield from _of_list(Path(source))
    else:
        for found in walk_images(source, exclude=exclude):
            yield Input(str(found.path), PurePosixPath(found.relative.as_posix()))


def is_list(source: str) -> bool:
    """Whether a settled source is a file that lists inputs."""
    return source.lower().endswith(LISTS) and Path(source).is_file()


def check_apart(source: str, out: Path) -> None:
    """Raise ``ConfigError`` if outputs would lie where inputs do, and replace them."""
    if is_url(source):
        return
    fixed = Path(source)
    while WILD.search(str(fixed)) and not fixed.exists():
        fixed = fixed.parent
    folder = (fixed if fixed.is_dir() else fixed.parent).resolve()
    only_file = fixed == Path(source) and not fixed.is_dir()
    target = out.resolve()
    if folder == target or (not only_file and folder.is_relative_to(target)):
        raise ConfigError(
            f"the inputs lie in {out}, where the outputs go: choose another --out, such as "
            f"{out / 'denoised'}"
        )


def _of_list(path: Path) -> Iterator[Input]:
    try:
        with path.open(encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                if name := line.strip():
                    yield _listed(name, path.parent)
    except OSError as error:
        raise ImageError(f"cannot read the list {path}: {error.strerror}") from error


def _listed(name: str, folder: Path) -> Input:
    """Return one input of a list; a path below the list stays the same below the outputs."""
    if is_url(name):
        protocol, _, rest = name.partition("://")
        return Input(name, PurePosixPath(protocol, rest.split("?")[0].lstrip("/")))
    path = Path(os.path.normpath(folder / name))
    above = folder if path.is_relative_to(folder) else Path(path.anchor)
    return Input(str(path), PurePosixPath(path.relative_to(above).as_posix()))


def _list_address(address: str) -> Iterator[Input]:
    """List a file, the images below a folder, or the images that match a pattern."""
    system, path = system_of(address)
    fixed, pattern = _split(address, path)
    plain = path.split("?")[0]
    with reached(address):
        # Each page of the web is a file to fsspec, even one that lists files.
        listing = "http" in system.protocol and not is_image_name(plain)
        if not pattern and not listing and system.isfile(path):
            yield Input(address, PurePosixPath(PurePosixPath(plain).name))
            return
        if not system.isdir(fixed):
            raise ImageError(f"{address} is not there: name a file, a folder or a pattern")
        for found in _below(system, fixed):
            relative = PurePosixPath(found.removeprefix(fixed).lstrip("/"))
            if not pattern or matches(relative.parts, pattern):
                yield Input(system.unstrip_protocol(found), relative)


@contextmanager
def at_hand(name: str, folder: Path) -> Iterator[Path]:
    """Give an input as a file; one with an address is fetched to ``folder``, and removed later."""
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
