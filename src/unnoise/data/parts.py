"""Images of one size that lie together: in memory, in a file, or in a tar shard."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np

from unnoise.errors import DataError, ImageError
from unnoise.images import (
    RGB,
    Colour,
    Neighbours,
    ReadOptions,
    neighbours,
    open_image,
    read_stack,
    to_channels,
)
from unnoise.shards import PEEK, FileImages, Shard, Shards, ShardView
from unnoise.types import Array


@dataclass(frozen=True)
class Part(ABC):
    """Images of one size, known by a header, and read later. In a shard the first one decides."""

    name: str  # of the file, relative to the folder that was given
    axes: str  # as stored, such as ZYX
    count: int  # images; an estimate for a shard
    height: int
    width: int
    channels: int  # without transparency
    _: KW_ONLY
    dtype: np.dtype[np.generic]
    colour: Colour = "unknown"
    stack_shape: tuple[int, ...] = ()  # the lengths of the axes that count images
    notes: tuple[str, ...] = ()  # what of the file is not read
    path: Path | str | None = None  # of the file, or the URL of a zarr array

    @abstractmethod
    def read(self) -> Array:
        """Read all images, ``(count, height, width, channels)``.

        Raises:
            ImageError: They cannot be read.
            DataError: They are only for streaming.
        """

    @abstractmethod
    def peek(self, index: int) -> Array:
        """Read one image ``(H, W, C)``, or the middle of a large one; of a shard always the first.

        Raises:
            ImageError: It cannot be read.
        """

    @property
    def stack_axes(self) -> str:
        """The letters of the axes that count images."""
        return "".join(axis for axis in self.axes if axis not in "YXC")

    def around(self, depth: Mapping[str, int]) -> Neighbours:
        """Return which of its images are seen together; see ``neighbours``."""
        return neighbours(depth, self.stack_axes, self.stack_shape, name=self.name)

    @property
    def file(self) -> FileImages | None:
        """What is streamed of a file, if this is one."""
        return None

    @property
    def packed(self) -> "ShardPart | None":
        """This part, if its images are in a tar shard."""
        return None

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """What changes when other images take the place of these: name and sizes, for files."""
        sizes = (self.count, self.height, self.width, self.channels)
        return (self.name, *sizes, str(self.dtype))

    @property
    def bytes(self) -> int:
        """Memory that the pixels need."""
        return self.count * self.height * self.width * self.channels * self.dtype.itemsize

    def describe(self) -> str:
        """Return size, channels and dtype in words."""
        return f"{self.height} × {self.width} × {self.channels} {self.dtype}"

    def with_channels(self, channels: int) -> Self:
        """Return the same images as grey (1) or colour (3).

        Raises:
            DataError: They are neither.
        """
        if channels == self.channels:
            return self
        if {channels, self.channels} != {1, 3}:
            raise DataError(
                f"{self.name} has {self.channels} channels: --channels {channels} turns grey and "
                "colour into each other, and nothing else"
            )
        return replace(self, channels=channels, colour="rgb" if channels == RGB else "grey")


@dataclass(frozen=True, kw_only=True)
class ArrayPart(Part):
    """A stack ``(N, H, W, C)`` in memory."""

    stack: Array

    @classmethod
    def of(
        cls, stack: Array, axes: str, *, name: str, stack_shape: tuple[int, ...] | None = None
    ) -> "ArrayPart":
        """Make a part of a stack ``(N, H, W, C)``."""
        lengths = (len(stack),) if stack_shape is None else stack_shape
        return cls(name, axes, *stack.shape, dtype=stack.dtype, stack=stack, stack_shape=lengths)

    def read(self) -> Array:
        """Return the stack."""
        return to_channels(self.stack, self.channels)

    def peek(self, index: int) -> Array:
        """Return one image, whole."""
        return to_channels(self.stack[index], self.channels)

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """Add the values, since two arrays may have one name."""
        return (*super().fingerprint, digest(np.ascontiguousarray(self.read()).data))


@dataclass(frozen=True, kw_only=True)
class FilePart(Part):
    """The images of a file, or of a zarr array."""

    path: Path | str
    options: ReadOptions
    windowed: bool  # whether windows are read without the rows above

    @classmethod
    def open(cls, path: Path | str, name: str, options: ReadOptions) -> "FilePart":
        """Read the header of a file."""
        with open_image(path, options) as reader:
            shape = reader.count, reader.height, reader.width, reader.channels
            return cls(
                name,
                reader.axes,
                *shape,
                dtype=reader.dtype,
                colour=reader.colour,
                notes=reader.notes,
                path=path,
                options=options,
                windowed=reader.windowed,
                stack_shape=reader.layout.stack_shape,
            )

    def read(self) -> Array:
        """Read the file."""
        return to_channels(read_stack(self.path, self.options)[0], self.channels)

    def runs(self, failed: Callable[[str], None]) -> list[tuple["FilePart", Array]]:
        """Read the images of a stack that can be read; a damaged one parts it in two."""
        runs: list[list[Array]] = [[]]
        with open_image(self.path, self.options) as reader:
            for index in range(self.count):
                try:
                    image = reader.image(index)[..., : reader.channels]
                except ImageError as error:
                    failed(f"image {index} of {self.name} is left out: {error}")
                    runs.append([])
                    continue
                bad = reader.holes.find(image) if reader.holes else None
                seen = image if bad is None else np.ma.MaskedArray(image, bad)
                runs[-1].append(to_channels(seen, self.channels))
            join = np.ma.stack if reader.holes else np.stack
        stacks = [join(run) for run in runs if run]
        return [
            (replace(self, count=len(stack), stack_shape=(len(stack),)), stack) for stack in stacks
        ]

    def peek(self, index: int) -> Array:
        """Read one image, or the middle of a large one."""
        with open_image(self.path, self.options) as reader:
            rows, columns = (
                slice(first := max(0, (side - PEEK) // 2), first + min(side, PEEK))
                for side in (reader.height, reader.width)
            )
            image = reader.window(index, rows, columns)[..., : reader.channels]
            return to_channels(image, self.channels)

    @property
    def file(self) -> FileImages:
        """All images of the file."""
        options = replace(self.options, axes=self.axes, max_pixels=0)
        used = range(self.count), range(self.height)
        return FileImages(self.path, options, *used, self.width, self.channels, self.windowed)


@dataclass(frozen=True, kw_only=True)
class ShardPart(Part):
    """One view of the samples of a tar shard. They are streamed, and never read as a whole."""

    shard: Shard
    view: ShardView  # which member of each sample
    length: int  # bytes of a sample, about
    max_pixels: int  # of one image

    def read(self) -> Array:
        """Refuse."""
        raise DataError(
            f"{self.shard.place} is a tar shard, which is for training only: unpack some of it to "
            "a folder"
        )

    def peek(self, index: int) -> Array:  # noqa: ARG002  the first is at hand
        """Read the first image, or its middle."""
        failures: list[str] = []
        shards = Shards((self.shard,), (self.view,), self.length, 0, self.max_pixels)
        scenes = shards.look(1, failures)
        if not scenes:
            raise ImageError(failures[-1] if failures else f"{self.shard.place} has no image")
        return to_channels(scenes[0][0], self.channels)

    @property
    def packed(self) -> "ShardPart":
        """This part."""
        return self

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """Add the size of the shard, since its samples are not counted."""
        return (*super().fingerprint, self.shard.size)

    def with_channels(self, channels: int) -> Self:
        """Convert every sample, whatever its channels."""
        view = replace(self.view, channels=channels, convert=True)
        return replace(super().with_channels(channels), view=view)


def digest(data: bytes | memoryview) -> str:
    """Return a short digest of bytes."""
    return hashlib.blake2b(data, digest_size=8).hexdigest()


def read_parts(parts: Sequence[Part], failed: Callable[[str], None]) -> Iterator[tuple[int, Array]]:
    """Yield the index and the pixels of each part; report and leave out what cannot be read."""
    for index, part in enumerate(parts):
        try:
            yield index, part.read()
        except ImageError as error:
            failed(str(error))


def read_runs(part: Part, failed: Callable[[str], None]) -> list[tuple[Part, Array]]:
    """Read a part; of a stack with damaged images, the runs of images between these."""
    try:
        return [(part, part.read())]
    except ImageError as error:
        runs: list[tuple[FilePart, Array]] = []
        if isinstance(part, FilePart) and part.count > 1 and len(part.stack_shape) == 1:
            with suppress(ImageError):
                runs = part.runs(failed)
        if not runs:
            failed(str(error))
        return list(runs)


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
