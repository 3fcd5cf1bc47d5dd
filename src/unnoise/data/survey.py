"""What lies in a source, by the headers of its files; pixels are read when they are asked for."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from unnoise.errors import DataError, ImageError
from unnoise.images import (
    RGB,
    Colour,
    Holes,
    ReadOptions,
    as_stack,
    find_images,
    find_pairs,
    is_array,
    is_url,
    read_stack,
    to_channels,
)
from unnoise.shards import PEEK, Shard, ShardView
from unnoise.types import Array

Source = str | Path | Array | Sequence[Array] | Sequence[str | Path]
ARRAY = "array"


@dataclass(frozen=True)
class PackedImages:
    """Where images are that are packed in a tar shard.

    Attributes:
        shard: The shard.
        view: Which member of each sample they are.
        length: Bytes of a sample, about.
        max_pixels: Of one image.
    """

    shard: Shard
    view: ShardView
    length: int
    max_pixels: int


@dataclass(frozen=True)
class Part:
    """Images of one size that lie together: those of a file, or an array; or of a tar shard.

    Of a shard the count and the sizes are those that its first samples let expect.

    Attributes:
        name: Of the file, relative to the folder that was given.
        axes: As they are stored, such as ``ZYX``.
        count: How many images.
        height: Of each.
        width: Of each.
        channels: Of each, without transparency.
        dtype: Of the values.
        read: Gives ``(count, height, width, channels)``.
        peek: Gives one of them by its index, ``(height, width, channels)``, without reading the
            others; of a large one its middle. Of a shard it is always the first.
        path: Of the file, or the URL of a zarr array; None for an array.
        direct: Whether windows of them are read without what lies above.
        shard: Where they are packed, None if they are not.
        colour: What the channels mean.
        holes: What counts as no data.
        array: The name in a ``.npz`` archive, where one was chosen.
        notes: What of the file is not read, in words.
    """

    name: str
    axes: str
    count: int
    height: int
    width: int
    channels: int
    dtype: np.dtype[np.generic]
    read: Callable[[], Array]
    peek: Callable[[int], Array]
    path: Path | str | None = None
    direct: bool = False
    shard: PackedImages | None = None
    colour: Colour = "unknown"
    holes: Holes = field(default_factory=Holes)
    array: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """Memory that the pixels need."""
        return self.count * self.height * self.width * self.channels * self.dtype.itemsize

    def describe(self) -> str:
        """Return size, channels and dtype in words."""
        return f"{self.height} × {self.width} × {self.channels} {self.dtype}"

    def with_channels(self, channels: int) -> "Part":
        """Return the same images as grey (1) or colour (3).

        Raises:
            DataError: They are neither.
        """
        shard = self.shard and replace(
            self.shard, view=replace(self.shard.view, channels=channels, convert=True)
        )
        if channels == self.channels:
            return replace(self, shard=shard)
        if {channels, self.channels} != {1, 3}:
            raise DataError(
                f"{self.name} has {self.channels} channels: --channels {channels} turns grey and "
                "colour into each other, and nothing else"
            )
        return replace(
            self,
            channels=channels,
            colour="rgb" if channels == RGB else "grey",
            read=partial(_converted, self.read, channels),
            peek=partial(_converted_one, self.peek, channels),
            shard=shard,
        )


@dataclass(frozen=True)
class Survey:
    """What is in a source.

    Attributes:
        name: What the user called it.
        parts: The images.
        failures: The files that could not be opened, each with its reason.
        targets: In tar shards and archives of pairs: the clean images of each part.
    """

    name: str
    parts: tuple[Part, ...]
    failures: tuple[str, ...] = ()
    targets: tuple[Part, ...] = ()


def survey(
    source: Source,
    *,
    read: ReadOptions = ReadOptions(),  # noqa: B008  frozen
    exclude: Path | None = None,
) -> Survey:
    """Look at all images of a file, a folder, a pattern, the URL of a zarr array, or an array.

    Raises:
        ImageError: There is nothing, or nothing that can be opened.
    """
    if not isinstance(source, str | Path):
        return _survey_values(source, read, exclude)
    if is_url(source):
        return Survey(source, (_open(source, source, read),))
    parts, targets, failures = [], [], []
    for found in find_images([source], exclude=exclude):
        name = found.relative.as_posix()
        try:
            pairs = [] if read.array else find_pairs(found.path)
            for noisy, clean in pairs:
                ours, theirs = (replace(read, array=side) for side in (noisy, clean))
                part = _open(found.path, f"{name}, {noisy}", ours)
                parts.append(replace(part, notes=()))  # the reason says what the arrays are
                targets.append(_open(found.path, f"{name}, {clean}", theirs))
            if not pairs:
                parts.append(_open(found.path, name, read))
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
        return Survey(ARRAY, (_in_memory(source, ARRAY, read),))
    if not source:
        raise ImageError("the list of images is empty")
    if all(isinstance(each, str | Path) for each in source):
        return _joined([survey(each, read=read, exclude=exclude) for each in source])
    parts = tuple(_in_memory(each, f"array {i}", read) for i, each in enumerate(source))
    return Survey(ARRAY, parts)


def _in_memory(array: Any, name: str, read: ReadOptions) -> Part:
    if not is_array(array):
        raise ImageError(
            f"{name} is {type(array).__name__}: images are an array, a list of arrays, a path, or "
            "a list of paths"
        )
    holes = Holes.of(read.nodata, read.nan)
    stack, _ = as_stack(array, axes=read.axes, name=name, holes=holes)
    return array_part(stack, read.axes or "", name=name)


def _joined(found: Sequence[Survey]) -> Survey:
    """Join what lies in several sources; where names are equal, they get those of the sources."""
    names = Counter(part.name for each in found for part in each.parts)
    several = any(count > 1 for count in names.values())

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


def array_part(stack: Array, axes: str, *, name: str = ARRAY) -> Part:
    """Make a part of a stack ``(N, H, W, C)`` in memory."""
    count, height, width, channels = stack.shape
    return Part(
        name, axes, count, height, width, channels, stack.dtype, lambda: stack, stack.__getitem__
    )


def read_parts(parts: Sequence[Part], failed: Callable[[str], None]) -> Iterator[tuple[int, Array]]:
    """Read parts one after the other; tell of those that cannot be read, and leave them out.

    Yields:
        The index of a part and its pixels.
    """
    for index, part in enumerate(parts):
        try:
            yield index, part.read()
        except ImageError as error:
            failed(str(error))


def agree(parts: Sequence[Part], *, what: str) -> None:
    """Raise ``DataError`` unless all parts have one dtype and number of channels."""
    for attribute, advice in (
        ("channels", "pass --channels 1 to turn them all to grey, --channels 3 to colour"),
        ("dtype", "train on those of one kind, or convert them first"),
    ):
        kinds: dict[object, list[Part]] = {}
        for part in parts:
            kinds.setdefault(getattr(part, attribute), []).append(part)
        if len(kinds) > 1:
            listed = "; ".join(
                f"{len(these)} of {these[0].describe()}, such as {these[0].name}"
                for these in kinds.values()
            )
            raise DataError(f"{what} are of several kinds: {listed}: {advice}")


def _open(path: Path | str, name: str, read: ReadOptions) -> Part:
    with read.open(path) as reader:
        return Part(
            name,
            reader.axes,
            reader.count,
            reader.height,
            reader.width,
            reader.channels,
            reader.dtype,
            partial(_read, path, read),
            partial(_peek, path, read),
            path,
            reader.windowed,
            colour=reader.colour,
            holes=reader.holes,
            array=read.array,
            notes=reader.notes,
        )


def _read(path: Path | str, read: ReadOptions) -> Array:
    return read_stack(path, read)[0]


def _peek(path: Path | str, read: ReadOptions, index: int) -> Array:
    with read.open(path) as reader:
        rows, columns = (
            slice(first := max(0, (side - PEEK) // 2), first + min(side, PEEK))
            for side in (reader.height, reader.width)
        )
        return reader.window(index, rows, columns)[..., : reader.channels]


def _converted(read: Callable[[], Array], channels: int) -> Array:
    return to_channels(read(), channels)


def _converted_one(peek: Callable[[int], Array], channels: int, index: int) -> Array:
    return to_channels(peek(index), channels)
