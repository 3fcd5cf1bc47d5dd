"""From the files, folders and patterns that a user names to image files."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from unnoise.errors import ImageError
from unnoise.images.array_files import is_idx
from unnoise.images.formats import ENDINGS, SUFFIXES, ending_of
from unnoise.images.known_formats import KNOWN, known_ending
from unnoise.images.names import is_image_name, natural_order
from unnoise.images.zarr_files import is_zarr

MOST_KINDS = 8  # most endings that a sentence names
WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Found:
    """One source of images."""

    path: Path  # its path
    relative: Path  # below the folder that was named, as outputs repeat it


def find_images(
    sources: Iterable[str | Path], *, exclude: Path | None = None, sequence: bool = False
) -> list[Found]:
    """Find the image files of some sources, each once, in the order of the sources.

    Args:
        sources: Files; folders, which are searched with their subfolders, except hidden files,
            label files and files with other suffixes; or patterns such as ``scans/**/*.tif``. An
            existing path is no pattern, even with special characters. A zarr folder is one source.
        exclude: A folder inside a source that is left out, such as the folder for results.
        sequence: Whether each folder that holds images counts as one source.

    Raises:
        ImageError: A source does not exist, or has no image in it; or sequences are no folders.
    """
    hidden = None if exclude is None else _real(exclude)
    found: dict[Path, Found] = {}
    for source in sources:
        images = list(_of_source(source, hidden, ordered=True))
        if not images:
            others = "".join(f"; {sentence}" for sentence in left_out([source], exclude=exclude))
            raise ImageError(
                f"{source} has no image in it: formats are {', '.join(SUFFIXES)}{others}"
            )
        if sequence:
            images = _folders_of(source, images)
        for image in images:
            found.setdefault(_real(image.path), image)
    return list(found.values())


def _folders_of(source: str | Path, images: list[Found]) -> list[Found]:
    """Return the folders of images as sequences; raise ``ImageError`` if files were named."""
    if not os.path.isdir(source) or is_zarr(Path(source)):  # noqa: PTH112  raises for some names
        raise ImageError(
            f"{source} names files, and --sequence takes folders of numbered frames, such as "
            "frame_0001.png: name their folder, or leave --sequence out"
        )
    folders = (Found(image.path.parent, image.relative.parent) for image in images)
    return list(dict.fromkeys(folders))


def walk_images(source: str | Path, *, exclude: Path | None = None) -> Iterator[Found]:
    """Yield the image files of one source, in the order of the disk, in memory of constant size.

    See ``find_images``. A file with several names, by links, is found by each of them.

    Raises:
        ImageError: The source does not exist.
    """
    left_out = None if exclude is None else _real(exclude)
    return _of_source(source, left_out, ordered=False)


def left_out(sources: Iterable[str | Path], *, exclude: Path | None = None) -> list[str]:
    """Count the files in folders that are not read, by their endings; a sentence for each folder.

    It names what helps: an extra to install, or a conversion.

    Args:
        sources: As in ``find_images``; only folders count.
        exclude: A folder that does not count.
    """
    hidden = None if exclude is None else _real(exclude)
    sentences = []
    for source in sources:
        if not os.path.isdir(source) or is_zarr(Path(source)):  # noqa: PTH112  raises for some names
            continue
        counts = Counter(_ending(name) for name in _others(Path(source), hidden))
        if counts:
            most = counts.most_common(MOST_KINDS)
            listed = ", ".join(f"{count} {ending}" for ending, count in most)
            more = f" and {len(counts) - MOST_KINDS} more kinds" if len(counts) > MOST_KINDS else ""
            sentences.append(f"left out of {source}: {listed}{more}")
    return sentences


def _others(folder: Path, hidden: Path | None) -> Iterator[str]:
    """Yield the names of files below a folder that are no images."""
    for place, folders, names in os.walk(folder):
        here = Path(place)
        shown = [name for name in folders if not name.startswith(".") and not is_zarr(here / name)]
        folders[:] = [name for name in shown if _real(here / name) != hidden]
        yield from (name for name in names if not name.startswith(".") and not is_image_name(name))


def _ending(name: str) -> str:
    """Return the ending of a file that is not read, and what helps to read such files."""
    if is_idx(Path(name)):
        return "label files"
    if (ending := ending_of(name)) is not None:
        return f"{ending} ({ENDINGS[ending].installation})"
    if (ending := known_ending(name)) is not None:
        return f"{ending} ({KNOWN[ending][1].format(f'a{ending}', 'a')})"
    return Path(name).suffix.lower() or "files without an ending"


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve raises where links make a loop


def _of_source(source: str | Path, left_out: Path | None, *, ordered: bool) -> Iterator[Found]:
    path = Path(source)
    if os.path.isdir(path) and not is_zarr(path):  # noqa: PTH112  Path.is_dir raises for some names
        yield from _below(path, left_out, ordered=ordered)
    elif os.path.exists(path):  # noqa: PTH110  Path.exists raises for some names
        yield Found(path, Path(path.name))
    elif WILD.search(str(source)):
        parts = path.parts
        fixed = next(i for i, part in enumerate(parts) if WILD.search(part))
        folder, pattern = Path(*parts[:fixed]), parts[fixed:]
        if folder.is_dir():
            for found in _below(folder, left_out, ordered=ordered, pattern=pattern):
                if matches(found.relative.parts, pattern):
                    yield found
    else:
        raise ImageError(f"{source} is not there: name a file, a folder or a pattern")


def _below(
    folder: Path, left_out: Path | None, *, ordered: bool, pattern: tuple[str, ...] = ()
) -> Iterable[Found]:
    """Return the images below a folder; if ordered, ``a2`` comes before ``a10``."""
    # A folder that holds the source itself would leave nothing of it, so it cannot be meant.
    if left_out is not None and _real(folder).is_relative_to(left_out):
        left_out = None

    def enters(below: Path) -> bool:
        return _may_lead(below.relative_to(folder).parts, pattern)

    paths = _walk(folder, left_out, set(), enters, ordered=ordered)
    found = (Found(path, path.relative_to(folder)) for path in paths)
    return sorted(found, key=lambda found: natural_order(found.relative)) if ordered else found


def _walk(
    folder: Path,
    left_out: Path | None,
    seen: set[Path],
    enters: Callable[[Path], bool],
    *,
    ordered: bool,
) -> Iterator[Path]:
    real = _real(folder)
    if real in seen or real == left_out:  # links can make a loop, or name a folder twice
        return
    seen.add(real)
    try:
        listing = os.scandir(folder)
        entries = sorted(listing, key=lambda entry: entry.name) if ordered else listing
    except OSError as error:
        if len(seen) > 1:  # such as lost+found: subfolders that cannot be read are left out
            return
        raise ImageError(f"cannot list {folder}: {error.strerror}") from error
    with listing:
        for entry in entries:
            path = folder / entry.name
            if entry.name.startswith("."):  # an unfinished file, or one of the system
                continue
            if is_zarr(path):
                if _real(path) != left_out:
                    yield path
            elif path.is_dir():
                if enters(path):
                    yield from _walk(path, left_out, seen, enters, ordered=ordered)
            elif is_image_name(entry.name) and path.is_file():
                yield path


def matches(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Whether a path, or a folder above it, matches; ``**`` stands for any number of folders."""
    if not pattern:
        return True
    if pattern[0] == "**":
        return any(matches(parts[i:], pattern[1:]) for i in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and matches(parts[1:], pattern[1:])


def _may_lead(folder: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Whether something below a folder may match a pattern."""
    if not folder or not pattern or pattern[0] == "**":
        return True
    return fnmatchcase(folder[0], pattern[0]) and _may_lead(folder[1:], pattern[1:])


def names_a_file(path: Path) -> bool:
    """Whether a path for results names a file of a format, and not a folder."""
    folder = os.path.isdir(path) and not is_zarr(path)  # noqa: PTH112  raises for some names
    return not folder and path.name.lower().endswith(SUFFIXES)
