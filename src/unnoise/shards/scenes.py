"""What images are streamed from, whatever keeps them: files, or tar shards."""

from typing import Protocol, Self

import numpy as np

from unnoise.types import Array

Scene = list[Array]  # one image of each view, (H, W, C)

PEEK = 1024  # pixels of a side of an image that are looked at


class Scenes(Protocol):
    """Where scenes are read from, by this process or by a worker of it."""

    @property
    def pixels(self) -> int:
        """Pixels of one view, for the length of an epoch."""
        ...

    def with_window(self, side: int) -> Self:
        """Return the same scenes, of which windows of this side are read where images are large."""
        ...

    def draw(self, random: np.random.Generator, count: int, failures: list[str]) -> list[Scene]:
        """Return scenes at random; what cannot be read is reported, and replaced by another.

        Raises:
            DataError: Nothing can be read any more.
        """
        ...

    def look(self, count: int, failures: list[str]) -> list[Scene]:
        """Return about ``count`` scenes, or parts of them, that show what all are like.

        They are always the same, and none at all if none can be read.
        """
        ...
