"""The sources that scenes are streamed from, whether files or tar shards."""

from typing import Protocol, Self

import numpy as np

from unnoise.types import Array

Scene = list[Array]  # one image of each view, (H, W, C)

PEEK = 1024  # pixels of a side of an image that are looked at


class Scenes(Protocol):
    """A source of scenes, for this process or a worker of it."""

    @property
    def pixels(self) -> int:
        """Pixels of one view, for the length of an epoch."""

    def with_window(self, side: int) -> Self:
        """Return the same scenes, with windows of this side instead of whole large images."""

    def draw(self, random: np.random.Generator, count: int, failures: list[str]) -> list[Scene]:
        """Return scenes at random; report what cannot be read, and draw another.

        Raises:
            DataError: Nothing can be read any more.
        """

    def look(self, count: int, failures: list[str]) -> list[Scene]:
        """Return about ``count`` typical scenes, or parts of them: always the same, or none."""
