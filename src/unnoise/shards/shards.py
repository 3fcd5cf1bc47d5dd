"""Scenes of tar shards: a few samples that follow each other, from anywhere in a shard."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from typing import Self

import numpy as np
from numpy.typing import NDArray

from unnoise.errors import DataError, ImageError
from unnoise.images import read_image, size_of, to_channels
from unnoise.shards.lists import Shard
from unnoise.shards.scenes import PEEK, Scene
from unnoise.shards.tar import BLOCK, LARGEST_MEMBER, Member, Sample, Tape, samples
from unnoise.types import Array

FORMATS = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".npy")  # of members with images
TRIES = 8  # shards that a draw goes to before it gives up
LEAST_AHEAD, MOST_AHEAD = 2**16, 2**26  # bytes that are fetched at once
_cached_size = lru_cache(maxsize=4096)(size_of)


@dataclass(frozen=True)
class ShardView:
    """A member of each sample, and the type of its images."""

    stem: str  # the suffix without the format's: ".noisy"; empty where a sample is one image
    dtype: str
    channels: int
    convert: bool = False  # whether grey and colour are turned into each other


@dataclass(frozen=True)
class Shards:
    """Scenes of shards. A shard is chosen by its size, if it is known, and entered anywhere."""

    shards: tuple[Shard, ...]
    views: tuple[ShardView, ...]
    length: int  # bytes of a sample, about
    pixels: int  # of one view of all samples, about
    max_pixels: int  # of one image

    def with_window(self, side: int) -> Self:  # noqa: ARG002  images are read whole
        """Return the same scenes."""
        return self

    def draw(self, random: np.random.Generator, count: int, failures: list[str]) -> list[Scene]:
        """Return neighbouring scenes of one shard."""
        which, where = random.random(2)
        first = int(np.searchsorted(self._bounds, which * self._bounds[-1], "right"))
        for attempt in range(min(TRIES, len(self.shards))):
            shard = self.shards[(first + attempt) % len(self.shards)]
            try:
                found = list(islice(self._from(shard, where, count, failures), count))
            except ImageError as error:
                failures.append(str(error))
                continue
            if found:
                return [found[i % len(found)] for i in range(count)]
            failures.append(f"{shard.place} holds no sample that can be used")
        raise DataError(f"no shard can be read any more; the last: {failures[-1]}")

    def look(self, count: int, failures: list[str]) -> list[Scene]:
        """Return the first scenes of spread shards."""
        spread = self.shards[:: -(-len(self.shards) // count)]
        each = -(-count // len(spread))
        found: list[Scene] = []
        for shard in spread:
            try:
                scenes = self._from(shard, 0.0, each, failures)
                found += [[_middle(image) for image in scene] for scene in islice(scenes, each)]
            except ImageError as error:
                failures.append(str(error))
        return found

    @cached_property
    def _bounds(self) -> NDArray[np.float64]:
        known = all(shard.size is not None for shard in self.shards)
        sizes = [(shard.stop or shard.size or 0) - shard.start for shard in self.shards]
        return np.cumsum(sizes if known else np.ones(len(sizes)), dtype=np.float64)

    def _from(self, shard: Shard, where: float, count: int, failures: list[str]) -> Iterator[Scene]:
        """Yield each scene of a shard once, from ``where`` in [0, 1) to the end, then the rest."""
        size = shard.size or _cached_size(shard.place)
        start, stop = shard.start, shard.stop or size
        ahead = min(max((count + 1) * self.length, LEAST_AHEAD), MOST_AHEAD)
        tape = Tape(shard.place, size, ahead)
        entry = start + int(where * (stop - start)) // BLOCK * BLOCK
        for first, last in ((entry, stop), (start, entry)):
            cut = first > start  # whether the first sample may lack a beginning
            for sample in samples(tape, first, last, failures.append):
                stems = {image_stem(suffix): member for suffix, member in sample.members.items()}
                views = [stems.get(view.stem) for view in self.views]
                if None not in views:
                    cut = False
                    try:
                        yield self._scene(tape, sample, [view for view in views if view])
                    except ImageError as error:
                        failures.append(str(error))
                elif any(views) and not cut:
                    names = " and ".join(f"{view.stem}.*" for view in self.views)
                    failures.append(f"sample {sample.key} in {shard.place} lacks one of {names}")

    def _scene(self, tape: Tape, sample: Sample, views: list[Member]) -> Scene:
        scene = [
            self._image(tape, member, view) for member, view in zip(views, self.views, strict=True)
        ]
        if len({image.shape[:2] for image in scene}) > 1:
            sizes = " and ".join(f"{image.shape[0]} × {image.shape[1]}" for image in scene)
            raise ImageError(
                f"the images of sample {sample.key} in {tape.place} are {sizes}: both of a pair "
                "must be of one size"
            )
        return scene

    def _image(self, tape: Tape, member: Member, view: ShardView) -> Array:
        image = read_member(tape, member, max_pixels=self.max_pixels)
        name, channels = f"{member.name} in {tape.place}", image.shape[2]
        if str(image.dtype) != view.dtype:
            raise ImageError(
                f"{name} is {image.dtype}, and the first sample was {view.dtype}: "
                "train on those of one kind, or convert them first"
            )
        if channels != view.channels and not (view.convert and {channels, view.channels} == {1, 3}):
            raise ImageError(
                f"{name} has {channels} channels, and the first sample had {view.channels}: pass "
                "--channels 1 to turn them all to grey, --channels 3 to colour"
            )
        return to_channels(image, view.channels)


def image_stem(suffix: str) -> str | None:
    """Return a suffix such as ``.noisy.png`` without the format's; None if it is no image's."""
    ending = next((end for end in FORMATS if suffix.endswith(end)), None)
    return None if ending is None else suffix.removesuffix(ending)


def read_member(tape: Tape, member: Member, *, max_pixels: int) -> Array:
    """Read the image of a member, ``(H, W, C)``.

    Raises:
        ImageError: It is damaged, too large, or no single image.
    """
    name = f"{member.name} in {tape.place}"
    if member.size > LARGEST_MEMBER:
        raise ImageError(
            f"{name} has {member.size} bytes, more than {LARGEST_MEMBER}: cut it into smaller "
            "images, or keep it as zarr"
        )
    data = tape.read(member.start, member.size)
    if len(data) < member.size:
        raise ImageError(f"{name} ends before its {member.size} bytes: get the shard again")
    suffix = "." + member.suffix.rpartition(".")[2]
    return read_image(data, suffix, name=name, max_pixels=max_pixels)


def _middle(image: Array) -> Array:
    top, left = (max(0, (side - PEEK) // 2) for side in image.shape[:2])
    return image[top : top + PEEK, left : left + PEEK]
