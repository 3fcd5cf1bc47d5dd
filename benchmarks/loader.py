"""Does training wait for data? The same steps with batches from each store, and with none.

Usage: python benchmarks/loader.py [--steps 48] [--rounds 3]

The images are photos/train of $UNNOISE_DATA. They are kept in memory; streamed from their files
(disk); packed unchanged into tar shards; or cut to one size and stored in a zarr array, one image a
chunk. The last two are written to a temporary folder first. The network is `unet-s`, with default
patches and batch. "none" repeats one batch that is already in memory, so the additional time of the
others is waiting. The rounds alternate between the stores, so that a slow minute affects all alike.
MB/s counts the stored bytes of the images from which the loader alone cut its crops.
"""

import argparse
import os
import statistics
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from machine import describe_machine
from torch import Tensor

from unnoise.api.planning import make_plan
from unnoise.assemble import assemble
from unnoise.data.stream import CROPS
from unnoise.images import find_images, read_stack
from unnoise.runs import TrainConfig
from unnoise.training import BatchSource, Training

LENGTH = 1000  # steps that the schedule is planned for
ALONE = 320  # steps of the loader alone: many blocks of batches that are read ahead
SHARDS = 8
PLENTY, LITTLE = 4.0, 1e-3  # GiB that may be kept in memory: enough for all images, and for none


@dataclass(frozen=True)
class Store:
    """Where images are, and the bytes of one; None for memory, from which none are read."""

    data: Path
    memory: float
    length: float | None = None


def make_stores(folder: Path, work: Path) -> dict[str, Store]:
    """Write the images of a folder in each way."""
    paths = [found.path for found in find_images([folder])]
    length = sum(path.stat().st_size for path in paths) / len(paths)
    (work / "shards").mkdir()
    for number in range(SHARDS):
        with tarfile.open(work / f"shards/{number:03}.tar", "w") as tar:
            for path in paths[number::SHARDS]:
                tar.add(path, path.name)
    images = [read_stack(path)[0][0] for path in paths]
    wide = [image if image.shape[0] < image.shape[1] else image.swapaxes(0, 1) for image in images]
    height, width = (min(image.shape[axis] for image in wide) for axis in (0, 1))
    stack = np.stack([image[:height, :width] for image in wide])
    path = work / "stack.zarr"
    array: Any = zarr.create_array(
        path, shape=stack.shape, dtype=stack.dtype, chunks=(1, *stack.shape[1:])
    )
    array[...] = stack
    size = sum(chunk.stat().st_size for chunk in path.rglob("*") if chunk.is_file())
    return {
        "memory": Store(folder, PLENTY),
        "disk": Store(folder, LITTLE, length),
        "shards": Store(work / "shards", LITTLE, length),
        "zarr": Store(path, LITTLE, size / len(stack)),
    }


def seconds_per_step(steps: int, first: int, work: Callable[[int], object]) -> float:
    start = time.perf_counter()
    for step in range(first, first + steps):
        work(step)
    return (time.perf_counter() - start) / steps


@dataclass(frozen=True)
class Repeated:
    """One batch at every step."""

    batch: tuple[Tensor, ...]
    size: int
    pixels: int
    unit: str = "patches"
    steps_per_epoch: int = 1

    def at(self, step: int, samples: slice) -> tuple[Tensor, ...]:
        """Return samples of the batch."""
        assert step >= 0
        return tuple(view[samples] for view in self.batch)

    def close(self) -> None:
        """Do nothing."""


def advance(training: Training, _: int) -> None:
    training.advance(LENGTH)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--steps", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    folder = Path(os.environ.get("UNNOISE_DATA", "")) / "photos/train"
    if not folder.is_dir():
        sys.exit("set UNNOISE_DATA to the folder with photos/")
    print(describe_machine())
    with tempfile.TemporaryDirectory() as work:
        measure(make_stores(folder, Path(work)), steps=options.steps, rounds=options.rounds)


def measure(stores: dict[str, Store], *, steps: int, rounds: int) -> None:
    assemblies = {}
    for way, store in stores.items():
        config = TrainConfig(
            data=str(store.data), noise="gaussian:0.1", memory=store.memory, steps=LENGTH
        )
        assemblies[way] = assemble(config, make_plan(config))
    trainings = {way: assembly.training for way, assembly in assemblies.items()}
    batches = {way: training.batches for way, training in trainings.items()}
    every, source = slice(None), batches["memory"]
    kept = Repeated(source.at(0, every), source.size, source.pixels)
    times: dict[str, list[float]] = {"none": [], **{way: [] for way in stores}}
    alone: dict[str, list[float]] = {way: [] for way in stores}

    def load(batches: BatchSource, step: int) -> None:
        batches.at(step, every)

    for number in range(rounds):
        first = number * steps
        for way in times:
            training = trainings.get(way, trainings["memory"])
            training.batches = batches.get(way, kept)
            training.state.step = first
            training.advance(LENGTH)  # fills the queue of batches that are read ahead
            times[way].append(seconds_per_step(steps - 1, first, partial(advance, training)))
        for way, batch in batches.items():
            alone[way].append(seconds_per_step(ALONE, 10_000 * (number + 1), partial(load, batch)))
    for each in batches.values():
        each.close()
    base, size = statistics.median(times["none"]), source.size
    print(f"{'':<14} {'':>10} {'':>8} {'loader alone':>30}")
    print(
        f"{'batches from':<14} {'ms a step':>10} {'to none':>8} {'batches/s':>10} {'crops/s':>10} "
        f"{'MB/s':>8}"
    )
    for way, values in times.items():
        median = statistics.median(values)
        rates = ["-", "-", "-"]
        if way in alone:
            rate = 1 / statistics.median(alone[way])
            rates = [f"{rate:,.0f}", f"{rate * size:,.0f}", "-"]
            if length := stores[way].length:
                rates[2] = f"{rate * size / CROPS * length / 1e6:,.1f}"
        print(
            f"{way:<14} {1000 * median:>10.1f} {median / base:>8.2f} {rates[0]:>10} "
            f"{rates[1]:>10} {rates[2]:>8}"
        )


if __name__ == "__main__":
    main()
