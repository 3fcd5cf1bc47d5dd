"""Patches of images that do not fit into memory: worker processes read files ahead of training."""

import signal
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unnoise.data.batches import places, to_tensors
from unnoise.data.pool import TURNS, Pool
from unnoise.data.survey import Part
from unnoise.errors import DataError, ImageError
from unnoise.images import ValueRange, open_image, to_channels
from unnoise.seeding import generator

Array = NDArray[np.generic]

BLOCK = 16  # steps that are read together
CROPS = 8  # of each image that is read for a block
AHEAD = 2  # blocks
WORKERS = 2


@dataclass(frozen=True)
class FileImage:
    """One part as a worker needs it."""

    path: Path
    axes: str
    count: int
    area: int
    channels: int


@dataclass(frozen=True)
class BlockReader:
    """Reads the crops of a number of steps, as a function of (seed, block).

    Attributes:
        views: Of each view the files, in the same order.
        size: Crops a batch.
        side: Of a crop.
        seed: Decides images, places and turns.
        stride: Sub-sampling stride at which images are seen.
        turns: The turns that are drawn from.
    """

    views: tuple[tuple[FileImage, ...], ...]
    size: int
    side: int
    seed: int
    stride: int
    turns: tuple[int, ...] = tuple(range(TURNS))

    def read(self, block: int) -> tuple[list[Array], list[str]]:
        """Return the crops of each view, ``(BLOCK · size, side, side, C)``, and what failed."""
        count = BLOCK * self.size
        images = -(-count // CROPS)
        random = np.random.default_rng(generator(self.seed, "block", block).initial_seed())
        weights = np.cumsum([file.area**0.5 for file in self.views[0]])
        chosen = np.searchsorted(weights, random.random(images) * weights[-1], side="right")
        failures: list[str] = []
        found = [self._crops(int(file), random, failures) for file in chosen]
        order = random.permutation(images * CROPS)[:count]
        return [np.concatenate(view)[order] for view in zip(*found, strict=True)], failures

    def _crops(self, file: int, random: np.random.Generator, failures: list[str]) -> list[Array]:
        """Cut some crops of an image in a file; where it cannot be read, of the next file."""
        draw, page = random.random((4, CROPS)), random.random()
        for attempt in range(len(self.views[0])):
            try:
                images = [
                    self._image(view[(file + attempt) % len(view)], page, draw[3, :2])
                    for view in self.views
                ]
            except ImageError as error:
                failures.append(str(error))
                continue
            pools = [Pool.of([image[None]]) for image in images]
            zeros = np.zeros(CROPS, np.int64)
            tops, lefts = places(pools[0], zeros, self.side, draw[0], draw[1])
            turns = np.array(self.turns)[(draw[2] * len(self.turns)).astype(np.int64)]
            side = (self.side, self.side)
            return [pool.crops(zeros, tops, lefts, turns, side) for pool in pools]
        raise DataError(f"no file can be read any more; the last: {failures[-1]}")

    def _image(self, file: FileImage, page: float, phase: NDArray[np.float64]) -> Array:
        with open_image(file.path, axes=file.axes, max_pixels=0) as reader:
            image = reader.image(int(page * reader.count))[..., : reader.channels]
            y, x = (phase * self.stride).astype(int)
            return to_channels(image[y :: self.stride, x :: self.stride], file.channels)


@dataclass
class Stream:
    """Endless batches of random crops of images on disk; see ``Patches``.

    Attributes:
        reader: Reads blocks of steps.
        ranges: The value range of each view.
        failed: Told of each file that cannot be read.
    """

    reader: BlockReader
    ranges: tuple[ValueRange, ...]
    failed: Callable[[str], None]
    _blocks: dict[int, "Future[tuple[list[Array], list[str]]]"] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _pool: ProcessPoolExecutor | None = None

    @property
    def size(self) -> int:
        """Crops a batch."""
        return self.reader.size

    @property
    def pixels(self) -> int:
        """Pixels of a crop."""
        return self.reader.side**2

    @property
    def steps_per_epoch(self) -> int:
        """Batches that hold as many pixels as the images, rounded up."""
        pixels = sum(file.area for file in self.reader.views[0])
        return max(1, -(-pixels // (self.size * self.reader.side**2)))

    def at(self, step: int) -> tuple[Tensor, ...]:
        """Return batch number ``step``: each view, float32 ``(B, C, side, side)``."""
        block, place = divmod(step, BLOCK)
        for old in [number for number in self._blocks if not block <= number <= block + AHEAD]:
            self._blocks.pop(old).cancel()
        for number in range(block, block + AHEAD + 1):
            if number not in self._blocks:
                self._blocks[number] = self._workers().submit(self.reader.read, number)
        try:
            crops, failures = self._blocks[block].result()
        except BrokenProcessPool as error:
            raise DataError(
                "a process that reads images from disk has died, perhaps for want of memory: "
                "raise --memory so that images are kept, or cut them into smaller files; a script "
                'needs its work under if __name__ == "__main__"'
            ) from error
        for failure in failures:
            if failure not in self._told:
                self._told.add(failure)
                self.failed(failure)
        here = slice(place * self.size, (place + 1) * self.size)
        return to_tensors([view[here] for view in crops], self.ranges)

    def close(self) -> None:
        """End the worker processes; without it they end with this one."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
        self._blocks.clear()

    def _workers(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # A forked process could inherit a lock that a thread of torch holds.
            self._pool = ProcessPoolExecutor(
                WORKERS,
                mp_context=get_context("spawn"),
                initializer=_begin_worker,
            )
        return self._pool


def _begin_worker() -> None:
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the training, which ends us


def file_images(parts: Sequence[Part]) -> tuple[FileImage, ...]:
    """Return what workers need to read parts that are files."""
    return tuple(
        FileImage(p.path, p.axes, p.count, p.count * p.height * p.width, p.channels)
        for p in parts
        if p.path is not None
    )
