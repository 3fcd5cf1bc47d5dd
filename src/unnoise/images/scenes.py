"""Files of microscopes that hold scenes, read plane by plane: one scene, or several that are alike.

The readers of CZI, LIF and ND2 describe the scenes of a file; everything else is here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from unnoise.errors import ImageError
from unnoise.images.axes import check_pixels, checked_layout, normal_axes
from unnoise.images.contents import File
from unnoise.images.options import ReadOptions
from unnoise.images.reader import ArrayReader
from unnoise.types import Array

MOST_LISTED = 12  # scenes that a message names
SCENES = "P"  # the letter of an axis of scenes, which microscopes call positions


@dataclass(frozen=True)
class Scene:
    """One scene of a file: planes ``(H, W)``, or ``(H, W, S)`` for colours, along some axes."""

    name: str
    axes: str  # of the planes, such as TZC; then come Y, X, and S for colours
    shape: tuple[int, ...]  # of all axes
    dtype: np.dtype[Any]
    plane: Callable[[tuple[int, ...]], Array] = field(compare=False)  # by the numbers on the axes
    steps: Mapping[str, float] = field(default_factory=dict)  # as of a reader
    channel_names: tuple[str, ...] = ()

    @property
    def coloured(self) -> bool:
        """Whether its planes hold red, green and blue."""
        return len(self.shape) > len(self.axes) + 2

    @property
    def letters(self) -> str:
        """All its axes."""
        return f"{self.axes}YX{'S' * self.coloured}"

    def is_like(self, other: "Scene") -> bool:
        """Whether both may be images of one stack."""
        kinds = [
            (each.axes, each.shape, each.dtype, dict(each.steps), each.channel_names)
            for each in (self, other)
        ]
        return kinds[0] == kinds[1]


class ScenesReader(ArrayReader):
    """The scene of ``--scene``, or all scenes of a file as a stack if they are alike."""

    def __init__(
        self,
        file: File,
        read: ReadOptions,
        scenes: Sequence[Scene],
        close: Callable[[], None],
        notes: tuple[str, ...] = (),
    ) -> None:
        chosen = _chosen(scenes, read.scene, file)
        first = self.scene = chosen[0]
        self.scenes = chosen
        several = len(chosen) > 1
        shape = (len(chosen), *first.shape) if several else first.shape
        height, width = first.shape[len(first.axes) :][:2]
        check_pixels(width, height, name=str(file), max_pixels=read.max_pixels)
        layout = checked_layout(
            first.dtype,
            shape,
            axes=read.axes,
            stated=normal_axes(SCENES * several + first.letters),
            name=str(file),
            max_pixels=read.max_pixels,
        )

        def plane(place: tuple[int, ...]) -> Array:
            if not several:
                return first.plane(place)
            return chosen[place[0]].plane(place[1:])

        counted = len(first.axes) + several
        super().__init__(
            file,
            layout,
            lambda: _Planes(plane, shape[:counted]),
            colour="rgb" if first.coloured else "other",
            step=layout.height,  # a plane is read as a whole
            close=close,
        )
        self.windowed = False
        self.steps, self.channel_names = first.steps, first.channel_names
        if several:
            notes = (*notes, f"its {len(chosen)} scenes are read as a stack; --scene takes one")
        elif len(scenes) > 1:
            notes = (*notes, f"of its {len(scenes)} scenes, {first.name} is read")
        self.notes = notes


class _Planes:
    """An array of planes, each of which is read when it is sliced."""

    def __init__(self, plane: Callable[[tuple[int, ...]], Array], counts: tuple[int, ...]) -> None:
        self._plane, self._counts = plane, counts

    def __getitem__(self, part: tuple[int | slice, ...]) -> Array:
        outer, inner = part[: len(self._counts)], part[len(self._counts) :]
        spans = [
            range(count)[place] if isinstance(place, slice) else [place]
            for count, place in zip(self._counts, outer, strict=True)
        ]
        planes = np.stack([self._plane(place)[inner] for place in product(*spans)])
        kept = [len(s) for s, place in zip(spans, outer, strict=True) if isinstance(place, slice)]
        return planes.reshape(*kept, *planes.shape[1:])


def _chosen(scenes: Sequence[Scene], wanted: str | None, file: File) -> Sequence[Scene]:
    """Return the scene of a name or number, or all if they are alike."""
    if not scenes:
        raise ImageError(f"{file} holds no image")
    if wanted is None:
        if all(scenes[0].is_like(each) for each in scenes[1:]):
            return scenes
        raise ImageError(f"{file} has scenes that are unlike: pass --scene, {_listed(scenes)}")
    named = [each for each in scenes if each.name == wanted]
    if len(named) == 1:
        return named
    if not named and wanted.isascii() and wanted.isdigit() and 1 <= int(wanted) <= len(scenes):
        return [scenes[int(wanted) - 1]]
    what = f"has {len(named)} scenes called" if named else "has no scene"
    raise ImageError(f"{file} {what} {wanted}: pass --scene, {_listed(scenes)}")


def _listed(scenes: Sequence[Scene]) -> str:
    words = [
        f"{number} ({each.name}: {each.letters} {' × '.join(map(str, each.shape))})"
        for number, each in enumerate(scenes[:MOST_LISTED], 1)
    ]
    more = f" and {len(scenes) - MOST_LISTED} more" if len(scenes) > MOST_LISTED else ""
    return f"by number or name: {', '.join(words)}{more}"
