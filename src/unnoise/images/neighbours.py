"""The neighbours of an image in a stack: which images are seen with it, without their pixels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from unnoise.errors import ImageError, ModelError
from unnoise.facts import is_cut
from unnoise.types import Array

Cut = Callable[[int, int], bool]  # whether two images that follow each other show other scenes


def no_cut(_: int, __: int) -> bool:
    """See one scene."""
    return False


class Cuts:
    """Where scenes end in a stack, found by its images and remembered.

    Args:
        image: Returns an image ``(H, W, C)``, or the middle of it.
    """

    def __init__(self, image: Callable[[int], Array]) -> None:
        self._image = image
        self._known: dict[tuple[int, int], bool] = {}

    def __call__(self, before: int, after: int) -> bool:
        """Whether two images show other scenes, or one of them cannot be read."""
        pair = before, after
        if pair not in self._known:
            try:
                self._known[pair] = is_cut(self._image(before), self._image(after))
            except ImageError:  # who needs the image itself reports it
                self._known[pair] = True
        return self._known[pair]


@dataclass(frozen=True)
class Neighbours:
    """The images that are seen together with each image of a stack.

    Images are counted in the order of the stack, the last axis first to change. Around an image
    lie ``sizes`` images along each axis. Where the stack ends, or another scene begins, the image
    on the other side stands for the missing one. So no image is its own neighbour, unless it is
    alone.
    """

    lengths: tuple[int, ...]  # of the axes that count images
    sizes: tuple[int, ...]  # odd numbers, one for each axis

    @property
    def count(self) -> int:
        """Number of images of the stack."""
        return prod(self.lengths)

    @property
    def depth(self) -> int:
        """Number of images that are seen together."""
        return prod(self.sizes)

    def of(self, index: int, is_cut: Cut = no_cut) -> tuple[int, ...]:
        """Return the images around one, ``depth`` indices; the middle one is the image itself."""
        place = [int(each) for each in np.unravel_index(index, self.lengths)]
        lines = [self._line(place, axis, is_cut) for axis in range(len(place))]
        grid = np.meshgrid(*lines, indexing="ij")
        return tuple(np.ravel_multi_index(grid, self.lengths).ravel().tolist())

    def is_alone(self, index: int, is_cut: Cut = no_cut) -> bool:
        """Whether no other image is seen with an image."""
        return set(self.of(index, is_cut)) == {index}

    def _line(self, place: list[int], axis: int, is_cut: Cut) -> list[int]:
        """Return the places along one axis."""
        at, half, step = place[axis], self.sizes[axis] // 2, self._steps[axis]
        index = int(np.ravel_multi_index(place, self.lengths))

        def reach(most: int, side: int) -> int:
            for count in range(most):
                near = index + side * count * step
                if is_cut(*sorted((near, near + side * step))):
                    return count
            return most

        before = reach(min(half, at), -1)
        after = reach(min(half, self.lengths[axis] - 1 - at), 1)
        found = []
        for offset in range(-half, half + 1):
            own, other = (before, after) if offset < 0 else (after, before)
            side, far = (-1 if offset < 0 else 1), abs(offset)
            if far > own and (far <= other or other > own):
                side, own = -side, other  # the other side stands for what is missing
            found.append(at + side * min(far, own))
        return found

    @cached_property
    def _steps(self) -> tuple[int, ...]:
        """How far the next image along each axis is, in images."""
        return tuple(prod(self.lengths[axis + 1 :]) for axis in range(len(self.lengths)))


def neighbours(
    depth: Mapping[str, int], axes: str, lengths: tuple[int, ...], *, name: str
) -> Neighbours:
    """Return the neighbours in a stack for a model that sees ``depth`` images along each axis.

    Args:
        depth: The number of images along each axis, by its letter, such as ``{"T": 5}``.
        axes: The letters of the axes that count images, such as ``TZ``.
        lengths: The lengths of these axes.
        name: Of the stack, for messages.

    Raises:
        ModelError: It is not known which axis is meant.
    """
    long = [axis for axis, length in zip(axes, lengths, strict=True) if length > 1]
    if not long:  # one image
        return Neighbours((1,) * len(depth), tuple(depth.values()))
    chosen = dict(depth)
    if not set(depth) <= set(axes):
        # Files name one axis in several ways; a single one can only be meant.
        if len(long) != len(depth):
            wanted = " and ".join(f"{count} along {axis}" for axis, count in depth.items())
            raise ModelError(
                f"the model sees several images together, {wanted}, and {name} has the axes "
                f"{axes}YX: say which is which with --axes, one letter per axis"
            )
        chosen = dict(zip(long, depth.values(), strict=True))
    return Neighbours(lengths, tuple(chosen.get(axis, 1) for axis in axes))
