"""How much faster do two workers of one thread denoise files than one worker of one thread?

Usage: python benchmarks/scale/denoising.py [--images 160] [--rounds 3] [--engines processes ray]

The images are photos/train of $UNNOISE_DATA with noise added, as PNG; the model is `photo`. Each
worker has one thread. The rate counts from the time when all workers are busy, so that it does not
depend on the number of images; start-up is listed beside it. Rounds alternate; prints medians.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from machine import describe_machine

from unnoise import add_noise
from unnoise.api.one_file import FileResult
from unnoise.cluster import EngineName, denoise_many
from unnoise.denoiser import Outputs
from unnoise.images import find_images, read_stack, write_stack

WORKERS = (1, 2)
SKIPPED = 16  # rows in batches that begin before all workers do


def make_images(folder: Path, count: int) -> None:
    """Write noisy photographs, some several times with other noise."""
    data = Path(os.environ.get("UNNOISE_DATA", "")) / "photos/train"
    if not data.is_dir():
        sys.exit("set UNNOISE_DATA to the folder with photos/")
    photos = [read_stack(found.path)[0][0] for found in find_images([data])]
    for number in range(count):
        noisy = add_noise(photos[number % len(photos)], "gaussian:0.1", seed=number)
        write_stack(folder / f"{number:06}.png", np.asarray(noisy))


def measure(
    folder: Path, out: Path, engine: EngineName, workers: int
) -> tuple[float, float, float]:
    """Return files a second, seconds before the first, and megapixels a second."""
    begun, times, pixels = time.perf_counter(), [], []

    def note(result: FileResult) -> None:
        if result.error is not None:
            sys.exit(f"{result.input}: {result.error}")
        times.append(time.perf_counter())
        pixels.append(result.megapixels)

    # Otherwise one worker would take all cores.
    with (
        patch("unnoise.cluster.processes.usable_cores", lambda: workers),
        patch("unnoise.cluster.ray_engine.usable_cores", lambda: workers),
    ):
        denoise_many(
            "photo",
            folder,
            outputs=Outputs(out=out),
            engine=engine,
            workers=workers,
            report=note,
            say=lambda _: None,
        )
    seconds = times[-1] - times[SKIPPED]
    return (
        (len(times) - SKIPPED - 1) / seconds,
        times[0] - begun,
        sum(pixels[SKIPPED + 1 :]) / seconds,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--images", type=int, default=160)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engines", nargs="+", default=["processes", "ray"])
    options = parser.parse_args()
    print(describe_machine())
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "noisy"
        folder.mkdir()
        make_images(folder, options.images)
        size = sum(path.stat().st_size for path in folder.iterdir()) / options.images
        print(f"{options.images} images of {size / 2**10:.0f} KiB on average")
        print(
            f"{'engine':<10} {'workers':>7} {'files/s':>8} {'MP/s':>6} {'times':>6} {'start, s':>9}"
        )
        for engine in options.engines:
            rounds = [
                [measure(folder, Path(place) / f"{engine}-{n}-{r}", engine, n) for n in WORKERS]
                for r in range(options.rounds)
            ]
            ratio = statistics.median(many[0] / one[0] for one, many in rounds)
            for column, workers in enumerate(WORKERS):
                rate, start, area = (
                    statistics.median(each[column][i] for each in rounds) for i in range(3)
                )
                print(
                    f"{engine:<10} {workers:>7} {rate:>8.2f} {area:>6.2f} "
                    f"{ratio if column else 1:>6.2f} {start:>9.1f}"
                )


if __name__ == "__main__":
    main()
