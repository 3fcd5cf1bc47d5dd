"""Patches of images that do not fit into memory: worker processes read ahead of training."""

import signal
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from unnoise.data.batches import ALL, places, to_tensors
from unnoise.data.pixel_store import TURNS, PixelStore
from unnoise.errors import DataError
from unnoise.images import ValueRange
from unnoise.seeding import generator
from unnoise.shards import Scene, Scenes
from unnoise.spawning import SPAWN, end_with_parent, without_script
from unnoise.types import Array

BLOCK = 16  # steps that are read together
CROPS = 8  # of each image that is read for a block
AHEAD = 2  # blocks
WORKERS = 2


@dataclass(frozen=True)
class BlockReader:
    """Reads the crops of a number of steps, as a function of (seed, block, sample).

    Each sample of a batch has a lane of its own: in a block it shows the crops of a few scenes in
    random order. A process that computes some samples of each batch reads only their scenes.
    """

    scenes: Scenes
    size: int  # crops a batch
    side: int  # of a crop, in pixels
    seed: int
    stride: int = 1  # at which images are seen
    turns: tuple[int, ...] = tuple(range(TURNS))

    def read(self, block: int, lanes: range) -> tuple[list[Array], list[str]]:
        """Return the crops of each view, ``(BLOCK, lanes, side, side, C)``, and the failures."""
        failures: list[str] = []
        read = [self._lane(block, lane, failures) for lane in lanes]
        return [np.stack(view, axis=1) for view in zip(*read, strict=True)], failures

    def _lane(self, block: int, lane: int, failures: list[str]) -> list[Array]:
        random = np.random.default_rng(generator(self.seed, "block", block, lane).initial_seed())
        scenes = self.scenes.draw(random, BLOCK // CROPS, failures)
        crops = [self._crops(scene, random) for scene in scenes]
        order = random.permutation(BLOCK)
        return [np.concatenate(view)[order] for view in zip(*crops, strict=True)]

    def _crops(self, scene: Scene, random: np.random.Generator) -> list[Array]:
        top, left = (random.random(2) * self.stride).astype(np.int64)
        down, right, turn = random.random((3, CROPS))
        seen = [image[top :: self.stride, left :: self.stride] for image in scene]
        stores = [PixelStore.of([image[None]]) for image in seen]
        zeros = np.zeros(CROPS, np.int64)
        tops, lefts = places(stores[0], zeros, self.side, down, right)
        turns = np.array(self.turns)[(turn * len(self.turns)).astype(np.int64)]
        side = (self.side, self.side)
        return [store.crops(zeros, tops, lefts, turns, side) for store in stores]


@dataclass
class Stream:
    """Endless batches of random crops of images on disk; see ``Patches``."""

    reader: BlockReader
    ranges: tuple[ValueRange, ...]  # of the views
    failed: Callable[[str], None]  # called with the reason for each file that cannot be read
    _lanes: range = range(0)
    _blocks: dict[int, "Future[tuple[list[Array], list[str]]]"] = field(default_factory=dict)
    _reported: set[str] = field(default_factory=set)
    _pool: ProcessPoolExecutor | None = None

    unit: ClassVar[str] = "patches"

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
        return max(1, -(-self.reader.scenes.pixels // (self.size * self.reader.side**2)))

    def at(self, step: int, samples: slice = ALL) -> tuple[Tensor, ...]:
        """Return samples of a batch, and read ahead the same samples of the next steps."""
        block, place = divmod(step, BLOCK)
        lanes, wanted = range(self.size)[samples], range(block, block + AHEAD + 1)
        for number in self._blocks.keys() - (wanted if lanes == self._lanes else ()):
            self._blocks.pop(number).cancel()
        self._lanes = lanes
        if self._pool is None:
            self._pool = ProcessPoolExecutor(WORKERS, SPAWN, _begin_worker, (self.reader,))
        for number in wanted:
            if number not in self._blocks:
                with without_script():  # a process begins when it is first needed
                    self._blocks[number] = self._pool.submit(_read, number, lanes)
        try:
            crops, failures = self._blocks[block].result()
        except BrokenProcessPool as error:
            raise DataError(
                "a process that reads images from disk has died: if memory was short, raise "
                "--memory so that images are kept, or cut them into smaller files"
            ) from error
        for failure in failures:
            if failure not in self._reported:
                self._reported.add(failure)
                self.failed(failure)
        return to_tensors([view[place] for view in crops], self.ranges)

    def close(self) -> None:
        """End the worker processes; without it they end with this one."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
        self._blocks.clear()


_reader: list[BlockReader] = []  # of a worker process: sent once, since it may name many files


def _begin_worker(reader: BlockReader) -> None:
    end_with_parent()
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the training, which ends us
    _reader[:] = [reader]


def _read(block: int, lanes: range) -> tuple[list[Array], list[str]]:
    return _reader[0].read(block, lanes)
