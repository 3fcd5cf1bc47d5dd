"""Seconds per megapixel and peak memory of each method, each in a process of its own.

Each method runs in a fresh process, which has its own peak memory. The methods take turns, so that
a machine that slows down affects all of them.
"""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from methods import METHODS, build

SIDE = 512  # pixels a side of the part that is timed; memory is measured on four of them
SIGMA = 25 / 255
SLOW = 3.0  # a method that takes at least this many seconds runs once in a round
REPEATS = 5


class Speed(NamedTuple):
    """Medians over the rounds."""

    seconds: float  # per megapixel
    gigabytes: float  # peak GiB of the whole process


def measure(channels: int, rounds: int) -> dict[str, Speed]:
    """Measure all methods on images with this number of channels."""
    found: dict[str, list[Speed]] = {name: [] for name in METHODS}
    for _ in range(rounds):
        for name in METHODS:
            command = [sys.executable, __file__, name, str(channels)]
            printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            found[name].append(Speed(*json.loads(printed.splitlines()[-1])))
    return {
        name: Speed(*(statistics.median(values) for values in zip(*speeds, strict=True)))
        for name, speeds in found.items()
    }


def one(name: str, channels: int) -> Speed:
    """Measure one method in this process."""
    from skimage import data

    method = build(name, channels)
    clean = (data.astronaut() if channels == 3 else data.camera()).reshape(SIDE, SIDE, channels)
    noise = np.random.default_rng(0).standard_normal(clean.shape)
    image = (clean / 255 + SIGMA * noise).astype(np.float32)
    times: list[float] = []
    method(image[:64, :64], SIGMA)
    while len(times) < REPEATS + 1 and sum(times) < SLOW:
        start = time.perf_counter()
        method(image, SIGMA)
        times.append(time.perf_counter() - start)
    seconds = statistics.median(times[1:] or times)  # the first one warms up
    method(np.tile(image, (2, 2, 1)), SIGMA)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    # Not ru_maxrss: a new process starts with the value of its parent process.
    return Speed(seconds / SIDE**2 * 1e6, int(status.split("VmHWM:")[1].split()[0]) / 2**20)


if __name__ == "__main__":
    print(json.dumps(one(sys.argv[1], int(sys.argv[2]))))
