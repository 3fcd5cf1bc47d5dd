"""Does training wait for data? The same steps with batches from memory, from disk, and with none.

Usage: python benchmarks/loader.py [--steps 48] [--rounds 3]

The images are photos/train of $UNNOISE_DATA; the network is `unet-s`, patches and batch are the
defaults. "none" repeats one batch that is there already, so what the others take beyond it is
waiting. One round after the other, so that a slow minute hits all alike.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from machine import describe_machine

from unnoise.api.planning import make_plan
from unnoise.assemble import assemble
from unnoise.models import Model
from unnoise.runs import TrainConfig
from unnoise.training import Training

ALONE = 320  # steps of the loader alone: many blocks of what is read ahead
WAYS = {"memory": 4.0, "disk": 1e-3}  # GiB that may be kept


def seconds_per_step(steps: int, first: int, work: Callable[[int], object]) -> float:
    start = time.perf_counter()
    for step in range(first, first + steps):
        work(step)
    return (time.perf_counter() - start) / steps


def advance(training: Training[Model], _: int) -> None:
    training.advance()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--steps", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    folder = Path(os.environ.get("UNNOISE_DATA", "")) / "photos/train"
    if not folder.is_dir():
        sys.exit("set UNNOISE_DATA to the folder with photos/")
    print(describe_machine())
    trainings = {}
    for way, memory in WAYS.items():
        config = TrainConfig(data=str(folder), noise="gaussian:0.1", memory=memory, steps=1000)
        trainings[way] = assemble(config, make_plan(config)).training
    batches = {way: training.batch for way, training in trainings.items()}
    every = slice(None)
    kept = batches["memory"](0, every)
    times: dict[str, list[float]] = {"none": [], **{way: [] for way in WAYS}}
    alone: dict[str, list[float]] = {way: [] for way in WAYS}

    def load(batch: Callable[[int, slice], object], step: int) -> None:
        batch(step, every)

    for number in range(options.rounds):
        first = number * options.steps
        for way in times:
            training = trainings.get(way, trainings["memory"])
            training.batch = batches.get(way, lambda _step, _samples: kept)
            training.step = first
            training.advance()  # fills what reads ahead
            times[way].append(
                seconds_per_step(options.steps - 1, first, partial(advance, training))
            )
        for way, batch in batches.items():
            alone[way].append(seconds_per_step(ALONE, 10_000 * (number + 1), partial(load, batch)))
    base = statistics.median(times["none"])
    print(f"{'batches from':<14} {'ms a step':>10} {'to none':>8} {'loader alone, batches/s':>24}")
    for way, values in times.items():
        median = statistics.median(values)
        rate = f"{1 / statistics.median(alone[way]):,.0f}" if way in alone else "-"
        print(f"{way:<14} {1000 * median:>10.1f} {median / base:>8.2f} {rate:>24}")


if __name__ == "__main__":
    main()
