"""The inputs of a job, one at a time: nothing here grows with their number."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from unnoise.cluster.addresses import Input, list_address
from unnoise.errors import ConfigError, ImageError
from unnoise.images import WILD, is_url, walk_images

LISTS = (".txt", ".lst")


def settle(source: str) -> str:
    """Return a source by a name that holds on all machines: an absolute path or an address."""
    return source if is_url(source) else os.path.abspath(source)  # noqa: PTH100  resolve() follows links


def list_inputs(source: str, *, exclude: Path) -> Iterator[Input]:
    """List the inputs of a settled source in the order in which they are met.

    Args:
        source: A file; a folder, with its subfolders; a pattern; a list (``.txt`` or ``.lst``) with
            a path or an address on each line, below the folder of the list or not; or an address
            for fsspec of a file, a folder or a pattern.
        exclude: A folder that is left out.

    Raises:
        ImageError: The source is not there.
        ConfigError: An address needs a package that is not installed.
    """
    if is_url(source):
        yield from list_address(source)
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
    folder = fixed if fixed.is_dir() else fixed.parent
    if fixed != Path(source) or fixed.is_dir():
        inside = folder.resolve().is_relative_to(out.resolve())
    else:
        inside = folder.resolve() == out.resolve()
    if inside:
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
    path = os.path.normpath(folder / name)
    if Path(path).is_relative_to(folder):
        return Input(path, PurePosixPath(Path(path).relative_to(folder).as_posix()))
    outside = Path(path)
    return Input(path, PurePosixPath(outside.relative_to(outside.anchor).as_posix()))
