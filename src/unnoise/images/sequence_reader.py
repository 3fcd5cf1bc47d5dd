"""Numbered files of a folder as one stack along T, such as the frames of a film."""

import os
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

from unnoise.errors import ImageError
from unnoise.images.axes import Layout
from unnoise.images.contents import reading
from unnoise.images.names import is_image_name, natural_order
from unnoise.images.reader import Reader
from unnoise.types import Array

MOST_GAPS = 3  # most gaps that a note names


def frames_of(folder: Path) -> tuple[Path, ...]:
    """Return the numbered images in a folder, in the order of their numbers.

    Raises:
        ImageError: There is none, or their names differ in more than numbers.
    """
    if not os.path.isdir(folder):  # noqa: PTH112  Path.is_dir raises for some names
        raise ImageError(
            f"{folder} is no folder: --sequence takes folders of numbered frames, such as "
            "frame_0001.png; leave it out for files"
        )
    with reading(folder), os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.is_file()]
    shown = (name for name in names if not name.startswith(".") and is_image_name(name))
    frames = sorted((folder / name for name in shown), key=natural_order)
    if not frames:
        raise ImageError(f"{folder} has no frames in it: name the folder that holds the files")
    kind = _without_numbers(frames[0])
    for frame in frames:
        if _without_numbers(frame) != kind or kind == frame.name:
            wrong = "has no number" if kind == frame.name else f"is not named like {frames[0].name}"
            raise ImageError(
                f"{frame} {wrong}: the frames of a sequence differ in their numbers alone, such as "
                "frame_0001.png and frame_0002.png; give other files another folder"
            )
    return tuple(frames)


class SequenceReader(Reader):
    """Images of one size, dtype and kind in the files of a folder.

    Attributes:
        frames: The files, in order.
        open_frame: Opens one of them.
    """

    def __init__(self, folder: Path, open_frame: Callable[[Path], Reader]) -> None:
        self.frames = frames_of(folder)
        self.open_frame = open_frame
        with open_frame(self.frames[0]) as first:
            for path in self.frames:
                with open_frame(path) as frame:
                    _check_alike(frame, first)
            layout = first.layout
            super().__init__(
                folder,
                Layout(layout.dtype, f"T{layout.axes}", (len(self.frames), *layout.shape)),
                alpha=first.alpha,
                colour=first.colour,
                holes=first.holes,
            )
            self.windowed, self.picture, self.space = first.windowed, first.picture, first.space
            self.whole, self.steps = first.whole, first.steps
            self.orientation, self._profile = first.orientation, first.profile
            self.notes = (*first.notes, *_gaps(self.frames))

    @property
    def profile(self) -> bytes | None:
        """The ICC profile of the first frame."""
        return self._profile

    def _bands(self, index: int, rows: int, /) -> Iterator[Array]:
        with self.open_frame(self.frames[index]) as frame:
            yield from frame.bands(0, rows)

    def _window(self, index: int, rows: slice, columns: slice, /) -> Array:
        with self.open_frame(self.frames[index]) as frame:
            return frame.window(0, rows, columns)


def _check_alike(frame: Reader, first: Reader) -> None:
    if frame.count != 1 or "T" in frame.axes:
        raise ImageError(
            f"{frame.name} is a stack of {frame.count}, and a frame of a sequence is one image: "
            "leave --sequence out"
        )
    ours, theirs = (
        f"{each.height} × {each.width} × {each.layout.channels} {each.dtype}"
        for each in (frame, first)
    )
    if ours != theirs or (frame.alpha, frame.colour) != (first.alpha, first.colour):
        kinds = "" if ours != theirs else " with other channels"
        raise ImageError(
            f"{frame.name} is {ours}{kinds}, and {first.name} is {theirs}: all frames of a "
            "sequence have one size, dtype and kind; give others a folder of their own"
        )


def _without_numbers(path: Path) -> str:
    return re.sub(r"\d+", "#", path.name)


def _gaps(frames: tuple[Path, ...]) -> tuple[str, ...]:
    """Name gaps in the last numbers of names, if these count the frames."""
    numbers = [int(re.findall(r"\d+", frame.stem or frame.name)[-1]) for frame in frames]
    steps = [after - before for before, after in pairwise(numbers)]
    if not steps or min(steps) <= 0 or min(steps) == max(steps):
        return ()
    ends = [pair for pair, step in zip(pairwise(numbers), steps, strict=True) if step > min(steps)]
    listed = ", ".join(f"{before} and {after}" for before, after in ends[:MOST_GAPS])
    more = f", and {len(ends) - MOST_GAPS} more" if len(ends) > MOST_GAPS else ""
    return (f"its numbers have gaps: between {listed}{more}; frames beside a gap are neighbours",)
