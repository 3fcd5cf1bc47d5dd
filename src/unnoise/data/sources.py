"""From what a user names to images: a dataset, files, a folder, a pattern, shards, or an array."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from unnoise.data.names import find_pairs, match_pairs
from unnoise.data.packed import survey_shards
from unnoise.data.parts import ArrayPart, Part, read_parts
from unnoise.data.survey import Source, Survey, survey
from unnoise.datasets import NAMES, TASKS, load_labelled, make_task
from unnoise.errors import DataError, ImageError, UnknownNameError
from unnoise.images import ReadOptions, is_url
from unnoise.shards import find_shards
from unnoise.types import Array, Say

NAMED_NOISE = "gaussian:0.3,clip"  # the noise of named datasets and tasks


@dataclass(frozen=True)
class Images:
    """Images in memory."""

    name: str  # the user's name for them
    stacks: tuple[Array, ...]  # each (N, H, W, C) of the source's dtype; sizes may differ
    noise: str | None = None  # the spec that belongs to a named dataset
    parts: tuple[Part, ...] = ()  # where each stack was read

    @property
    def stack(self) -> Array:
        """All images as one stack; ``ImageError`` if they have several sizes."""
        if len({stack.shape[1:] for stack in self.stacks}) > 1:
            raise ImageError(f"the images of {self.name} have several sizes, so they are no stack")
        return self.stacks[0] if len(self.stacks) == 1 else np.concatenate(self.stacks)


def look_at(
    source: Source,
    *,
    split: Literal["train", "test"],
    read: ReadOptions = ReadOptions(),  # noqa: B008  frozen
    data_dir: Path | None = None,
    exclude: Path | None = None,
    say: Say = lambda _: None,
) -> tuple[Survey, str | None]:
    """Find the images that a user named; of files, read only the headers.

    Args:
        source: The name of a dataset; a file, folder or pattern; tar shards or a zarr array, also
            by a URL; or an array.
        split: Which part of a named dataset.
        read: How files are read.
        data_dir: Where to look for named datasets first.
        exclude: A folder that is left out.
        say: Called before anything is downloaded.

    Returns:
        The images, and the noise that belongs to a named dataset.

    Raises:
        DataError: Nothing is there.
    """
    if isinstance(source, str) and source in NAMES:
        if source in TASKS:
            task = make_task(source, data_dir=data_dir, say=say)
            learned = np.concatenate([task.train[0], task.valid[0]])
            stack = learned if split == "train" else task.test[0]
        else:
            stack, _ = load_labelled(source, split, data_dir=data_dir, say=say)
        part = ArrayPart.of(stack[..., None], "NYX", name=source)
        return Survey(source, (part,)), NAMED_NOISE
    if isinstance(source, str | Path):
        there = os.path.exists(source)  # noqa: PTH110  Path.exists raises for names of 300 letters
        if not (there or is_url(source) or any(letter in str(source) for letter in "*?[{")):
            missing = f"there is no file or folder {source}"
            if Path(source).name != str(source):  # no name of a dataset
                raise DataError(missing)
            raise DataError(f"{missing}, and {UnknownNameError('dataset', str(source), NAMES)}")
        if shards := find_shards(source):
            if read.axes:
                raise DataError("--axes is for stacks, and a member of a tar shard is one image")
            return survey_shards(str(source), shards, max_pixels=read.max_pixels), None
    return survey(source, read=read, exclude=exclude), None


def load_images(
    source: Source,
    *,
    split: Literal["train", "test"],
    read: ReadOptions = ReadOptions(),  # noqa: B008  frozen
    data_dir: Path | None = None,
    say: Say = lambda _: None,
) -> Images:
    """Read the images that a user named; see ``look_at``. Report files that cannot be read.

    Raises:
        DataError: Nothing is there, or nothing can be read.
    """
    found, noise = look_at(source, split=split, read=read, data_dir=data_dir, say=say)
    failures = list(found.failures)
    stacks = dict(read_parts(found.parts, failures.append))
    _report(failures, say)
    if not stacks:
        raise DataError(f"none of the images of {found.name} can be read")
    parts = tuple(found.parts[i] for i in stacks)
    return Images(found.name, tuple(stacks.values()), noise, parts)


def load_pairs(
    source: Source, targets: Source | None, *, read: ReadOptions, say: Say
) -> tuple[Images, Images] | None:
    """Read noisy images and their clean ones, matched by name.

    Args:
        source: The noisy images.
        targets: The clean ones. None looks for pairs in the source: by the names of files, folders
            and arrays, or in samples of tar shards.
        read: How files are read.
        say: Called with messages.

    Returns:
        The noisy and the clean images; None where the source holds no pairs.

    Raises:
        DataError: They do not match, or cannot be read.
    """
    if targets is None and isinstance(source, str) and source in NAMES:
        return None
    noisy = look_at(source, split="test", read=read, say=say)[0]
    names, failures = [part.name for part in noisy.parts], list(noisy.failures)
    if targets is not None:
        clean = look_at(targets, split="test", read=read, say=say)[0]
        failures += clean.failures
        pairs = match_pairs(names, [part.name for part in clean.parts])
    else:
        clean = replace(noisy, parts=noisy.targets or noisy.parts)
        pairs = [(i, i) for i in range(len(noisy.targets))] or find_pairs(names) or []
    if not pairs:
        return None
    sides = [noisy.parts[a] for a, _ in pairs], [clean.parts[b] for _, b in pairs]
    ours, theirs = (dict(read_parts(side, failures.append)) for side in sides)
    _report(failures, say)
    both = [i for i in ours if i in theirs]
    for i in both:
        if ours[i].shape[:3] != theirs[i].shape[:3]:
            a, b = (side[i] for side in sides)
            raise DataError(f"{a.name} is {a.describe()}, and its target {b.describe()}")
    if not both:
        raise DataError(f"none of the pairs of {noisy.name} and {clean.name} can be read")
    first, second = (
        Images(name, tuple(stacks[i] for i in both), parts=tuple(side[i] for i in both))
        for name, stacks, side in zip((noisy.name, clean.name), (ours, theirs), sides, strict=True)
    )
    return first, second


def _report(failures: list[str], say: Say) -> None:
    for failure in failures:
        say(f"unnoise: {failure}")
    if failures:
        say(f"unnoise: {len(failures)} files were skipped")
