"""The images of a source, by the headers of its files; their pixels are read later."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from unnoise.data.parts import ArrayPart, FilePart, Part
from unnoise.errors import DataError, ImageError
from unnoise.images import Holes, ReadOptions, as_stack, find_images, find_pairs, is_array, is_url
from unnoise.types import Array

Source = str | Path | Array | Sequence[Array] | Sequence[str | Path]
UNNAMED = "array"  # what messages call an array


@dataclass(frozen=True)
class Survey:
    """The images of a source."""

    name: str  # the user's name for it
    parts: tuple[Part, ...]
    failures: tuple[str, ...] = ()  # the files that could not be opened, with reasons
    targets: tuple[Part, ...] = ()  # in shards and archives of pairs: the clean images of each part


def survey(
    source: Source,
    *,
    read: ReadOptions = ReadOptions(),  # noqa: B008  frozen
    exclude: Path | None = None,
) -> Survey:
    """Look at all images of a file, a folder, a pattern, the URL of a zarr array, or an array."""
    if not isinstance(source, str | Path):
        return _survey_values(source, read, exclude)
    if is_url(source):
        return Survey(source, (FilePart.open(source, source, read),))
    parts: list[Part] = []
    targets: list[Part] = []
    failures: list[str] = []
    for found in find_images([source], exclude=exclude, sequence=read.sequence):
        name = found.relative.as_posix()
        try:
            pairs = [] if read.array else find_pairs(found.path)
            for noisy, clean in pairs:
                ours, theirs = (
                    FilePart.open(found.path, f"{name}, {side}", replace(read, array=side))
                    for side in (noisy, clean)
                )
                parts.append(replace(ours, notes=()))  # the plan's reason names the arrays
                targets.append(theirs)
            if not pairs:
                parts.append(FilePart.open(found.path, name, read))
        except ImageError as error:
            failures.append(str(error))
    if not parts:
        listed = "\n".join(f"  {failure}" for failure in failures[:10])
        raise ImageError(f"none of the {len(failures)} files of {source} can be read:\n{listed}")
    if targets and len(targets) < len(parts):
        raise DataError(
            f"{source} has archives with pairs and images without: name those of one kind, or "
            "choose an array with --array"
        )
    return Survey(str(source), tuple(parts), tuple(failures), tuple(targets))


def _survey_values(source: Any, read: ReadOptions, exclude: Path | None) -> Survey:
    """Look at an array, at a list of arrays of any sizes, or at a list of paths."""
    if not isinstance(source, list | tuple):
        return Survey(UNNAMED, (_in_memory(source, UNNAMED, read),))
    if not source:
        raise ImageError("the list of images is empty")
    if all(isinstance(each, str | Path) for each in source):
        return _joined([survey(each, read=read, exclude=exclude) for each in source])
    parts = tuple(_in_memory(each, f"array {i}", read) for i, each in enumerate(source))
    return Survey(UNNAMED, parts)


def _in_memory(array: Any, name: str, read: ReadOptions) -> Part:
    if not is_array(array):
        raise ImageError(
            f"{name} is {type(array).__name__}: images are an array, a list of arrays, a path, or "
            "a list of paths"
        )
    holes = Holes.of(read.nodata, read.nan)
    stack, layout = as_stack(array, axes=read.axes, name=name, holes=holes)
    return ArrayPart.of(stack, layout.axes, name=name, stack_shape=layout.stack_shape)


def _joined(found: Sequence[Survey]) -> Survey:
    """Join several sources; where names of files are equal, add the names of the sources."""
    names = [part.name for each in found for part in each.parts]
    several = len(set(names)) < len(names)

    def renamed(each: Survey, parts: tuple[Part, ...]) -> Iterator[Part]:
        for part in parts:
            yield replace(part, name=f"{each.name}/{part.name}") if several else part

    if len({bool(each.targets) for each in found}) > 1:
        raise DataError(f"{found[0].name} and others of the list are pairs only in part")
    return Survey(
        f"{found[0].name} and {len(found) - 1} more" if len(found) > 1 else found[0].name,
        tuple(part for each in found for part in renamed(each, each.parts)),
        tuple(failure for each in found for failure in each.failures),
        tuple(part for each in found for part in renamed(each, each.targets)),
    )
