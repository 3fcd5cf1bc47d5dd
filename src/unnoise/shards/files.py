"""Scenes of image files, of stacks in files and of zarr arrays; large images as windows."""

from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from unnoise.errors import DataError, ImageError
from unnoise.images import (
    Cuts,
    Neighbours,
    ReadOptions,
    fill_holes,
    is_url,
    open_image,
    to_channels,
)
from unnoise.shards.scenes import PEEK, Scene
from unnoise.types import Array

# Pixels of an image from which on windows are read: where a window is read alone; and where the
# rows above it are read too, so that it only saves memory.
LARGE, HUGE = 2**22, 2**26
GOLDEN = 0.618034  # multiples of it, without their integers, spread evenly

Spot = tuple[int, range, range]  # image, rows, columns


@dataclass(frozen=True)
class FileImages:
    """The images of a file, or a part of them, as a worker needs it."""

    path: Path | str  # or the URL of a zarr array
    options: ReadOptions
    images: range  # the images that are used
    rows: range  # the rows of each that are used
    width: int
    channels: int
    direct: bool  # whether windows are read without the rows above
    around: Neighbours | None = None  # the images that are seen with each

    @property
    def area(self) -> int:
        """Pixels of an image."""
        return len(self.rows) * self.width

    @property
    def windowed(self) -> bool:
        """Whether windows are read and not whole images."""
        return self.area > (LARGE if self.direct else HUGE)

    def spot(self, page: float, down: float, right: float, side: int) -> Spot:
        """Return a window of one image, each by its place in [0, 1)."""
        rows, columns = _span(self.rows, down, side), _span(range(self.width), right, side)
        return self.images[int(page * len(self.images))], rows, columns

    def read(self, spot: Spot) -> Array:
        """Read a window, ``(H, W, C)``; with neighbours, ``(H, W, depth · C)``."""
        image, rows, columns = spot
        with (_open_url if is_url(self.path) else open_image)(self.path, self.options) as reader:

            @cache
            def part(index: int) -> Array:
                window = slice(rows.start, rows.stop), slice(columns.start, columns.stop)
                colours = reader.window(index, *window)[..., : reader.channels]
                lacks = reader.holes.find(colours) if reader.holes else None
                return to_channels(fill_holes(colours, lacks), self.channels)

            if self.around is None:
                return part(image)
            return np.concatenate(list(map(part, self.around.of(image, Cuts(part)))), axis=-1)


@dataclass(frozen=True)
class Files:
    """Scenes of files; a file is chosen by the root of its area, as in ``Patches``."""

    views: tuple[tuple[FileImages, ...], ...]  # the files of each view, in the same order
    window: int = PEEK  # side of a window of a large image

    @property
    def pixels(self) -> int:
        """Pixels of one view."""
        return sum(file.area * len(file.images) for file in self.views[0])

    def with_window(self, side: int) -> Self:
        """Return the same files with this window."""
        return replace(self, window=side)

    @cached_property
    def _bounds(self) -> NDArray[np.float64]:
        return np.cumsum(np.sqrt([file.area * len(file.images) for file in self.views[0]]))

    def draw(self, random: np.random.Generator, count: int, failures: list[str]) -> list[Scene]:
        """Return scenes of files at random."""
        chosen = np.searchsorted(self._bounds, random.random(count) * self._bounds[-1], "right")
        return [self._scene(int(file), random, failures) for file in chosen]

    def look(self, count: int, failures: list[str]) -> list[Scene]:
        """Return windows of evenly spread files."""
        spots: dict[tuple[int, Spot], None] = {}  # each once, in order
        for place in (np.arange(count) + 0.5) * len(self.views[0]) / count:
            file = self.views[0][int(place)]
            page = place % 1
            down = page * len(file.images) % 1
            spots[int(place), file.spot(page, down, down / GOLDEN % 1, PEEK)] = None
        found = []
        for number, spot in spots:
            try:
                found.append([view[number].read(spot) for view in self.views])
            except ImageError as error:
                failures.append(str(error))
        return found

    def _scene(self, file: int, random: np.random.Generator, failures: list[str]) -> Scene:
        page, down, right = random.random(3)
        for attempt in range(len(self.views[0])):
            files = [view[(file + attempt) % len(view)] for view in self.views]
            side = self.window if files[0].windowed else files[0].area
            spot = files[0].spot(page, down, right, side)
            try:
                return [each.read(spot) for each in files]
            except ImageError as error:
                failures.append(str(error))
        raise DataError(f"no file can be read any more; the last: {failures[-1]}")


# A zarr array is opened once: each time takes requests, and there is nothing to close.
_open_url = lru_cache(maxsize=16)(open_image)


def _span(length: range, place: float, side: int) -> range:
    """Return a part of a range, at most ``side`` long, by its place in [0, 1)."""
    first = int(place * (max(len(length) - side, 0) + 1))
    return length[first : first + side]
