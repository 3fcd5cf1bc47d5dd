"""What do many images cost? A model of the costs, fitted to runs on this machine.

Usage: python benchmarks/scale/cost.py [--images 1e8] [--workers 1000] [--engine ray]

A job of files takes, on W workers of one core,

    N (a + c √p + b p) / W    for N files of p megapixels: a for each file, b for each megapixel,
                              c for costs that grow with the sides, such as borders,
    N d                       at least, since one driver hands out files and writes their rows,

and each worker takes s seconds to begin. Here a, b and c are fitted to the seconds in manifests of
jobs of several sizes, d is the processor time of the driver, and s the time to the first row.
Prints the fit, its prediction for a large job, and the number of workers above which they wait for
the driver.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from machine import describe_machine

from unnoise.api.one_file import FileResult
from unnoise.cluster import EngineName, denoise_many
from unnoise.denoiser import Outputs
from unnoise.images import write_stack

SIDES = {16: 3000, 64: 600, 128: 300, 256: 120, 512: 60, 1024: 20}  # pixels a side: number of files
SKIPPED = 8  # rows while workers warm up
TYPICAL = 0.25  # megapixels of the images of the large job
HOUR = 3600.0


def write_images(folder: Path, side: int, count: int) -> float:
    """Write noisy images; return the mean bytes of a file."""
    folder.mkdir()
    random = np.random.default_rng(side)
    ramp = np.linspace(40, 200, side)
    for number in range(count):
        noisy = random.normal(ramp, 25, (side, side)).clip(0, 255).astype(np.uint8)
        write_stack(folder / f"{number:05}.png", noisy)
    return sum(path.stat().st_size for path in folder.iterdir()) / count


def run_job(folder: Path, out: Path, engine: EngineName) -> tuple[list[float], float, float]:
    """Return the seconds of each row, of the driver for a file, and until the first row."""
    seconds, first = [], 0.0
    begun, busy = time.perf_counter(), time.process_time()

    def note(result: FileResult) -> None:
        nonlocal first
        first = first or time.perf_counter() - begun
        seconds.append(result.seconds)

    denoise_many(
        "photo", folder, outputs=Outputs(out=out), engine=engine, report=note, say=lambda _: None
    )
    return seconds[SKIPPED:], (time.process_time() - busy) / len(seconds), first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--images", type=float, default=1e8)
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--engine", choices=("ray", "processes"), default="ray")
    options = parser.parse_args()
    print(describe_machine())
    pixels, costs, starts = [], [], []
    driver = row = 0.0
    print(
        f"{'side':>5} {'files':>6} {'KiB a file':>11} {'ms a file':>10} {'driver, ms a file':>18}"
    )
    with tempfile.TemporaryDirectory() as place:
        for side, count in SIDES.items():
            folder, out = Path(place) / f"in-{side}", Path(place) / f"out-{side}"
            size = write_images(folder, side, count)
            seconds, each, first = run_job(folder, out, options.engine)
            pixels.append(side**2 / 1e6)
            costs.append(float(np.median(seconds)))
            starts.append(first)
            if side == min(SIDES):  # from the most files, where start-up has the smallest share
                driver, row = each, (out / "manifest.jsonl").stat().st_size / count
            print(
                f"{side:>5} {count:>6} {size / 2**10:>11.1f} {1e3 * costs[-1]:>10.2f} "
                f"{1e3 * each:>18.3f}"
            )
    # Relative errors have equal weight, so that small images are fitted as well as large ones.
    terms = np.stack([np.ones(len(pixels)), np.sqrt(pixels), np.array(pixels)], 1)
    fit = np.linalg.lstsq(terms / np.array(costs)[:, None], np.ones(len(costs)))[0]
    wrong = 100 * np.abs(terms @ fit / costs - 1).max()
    print(
        f"a = {1e3 * fit[0]:.2f} ms, c = {1e3 * fit[1]:.0f} ms, b = {1e3 * fit[2]:.0f} ms (off by "
        f"{wrong:.0f} % at most), d = {1e3 * driver:.3f} ms, s = {np.median(starts):.1f} s, "
        f"{row:.0f} bytes a row"
    )
    each = float(fit @ [1, TYPICAL**0.5, TYPICAL])
    forecast(options.images, options.workers, each, driver, row)
    print(f"{os.cpu_count()} cores of this machine; engine {options.engine}")


def forecast(images: float, workers: int, each: float, driver: float, row: float) -> None:
    """Print what a large job costs: ``each`` and ``driver`` seconds for an image."""
    work, handing = images * each / workers, images * driver
    size = TYPICAL * 1e6  # bytes of a noisy PNG of 8 bits, which cannot be compressed
    rate = min(workers / each, 1 / driver)
    print(f"\n{images:.0e} grey images of {TYPICAL} megapixels on {workers} workers of one core:")
    print(f"  work           {images * each / HOUR:,.0f} core hours, {work / HOUR:.1f} hours")
    print(f"  driver         {handing / HOUR:.1f} hours of one core")
    print(f"  most workers   {each / driver:,.0f}: more of them wait for the driver")
    print(f"  read, written  {images * size / 1e12:.0f} TB each, {rate * size / 1e6:,.0f} MB/s")
    print(f"  outputs        {rate:,.0f} new files a second")
    print(
        f"  manifest       {images * row / 2**30:.0f} GiB, names in the driver's memory "
        f"{images * 16 / 2**30:.2f} GiB"
    )


if __name__ == "__main__":
    main()
