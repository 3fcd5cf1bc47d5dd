"""Does the driver's memory grow with the number of files?

Usage: python benchmarks/scale/memory.py [--counts 1000 10000 100000] [--engines processes ray]

Runs jobs of tiny images, each in a process of its own. Prints the peak memory of the driver,
without its workers.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from machine import describe_machine

from unnoise.images import write_stack

SIDE, FOLDER = 16, 1000  # pixels, files in a folder


def drive(source: Path, out: Path, engine: str) -> None:
    """Run one job in this process, and print its memory and time."""
    from unnoise.cluster import denoise_many
    from unnoise.denoiser import Outputs

    begun = time.monotonic()
    outputs = Outputs(out=out, inspect=False)
    done = denoise_many("photo", source, outputs=outputs, engine=engine)  # type: ignore[arg-type]  # of the command line
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    facts = {"denoised": done.denoised, "MiB": most, "seconds": time.monotonic() - begun}
    print(json.dumps(facts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--engines", nargs="+", default=["processes", "ray"])
    parser.add_argument("--drive", nargs=3, help="used by the driver itself")
    options = parser.parse_args()
    if options.drive:
        source, out, engine = options.drive
        drive(Path(source), Path(out), engine)
        return
    print(describe_machine())
    print(f"{'engine':<10} {'files':>7} {'driver, MiB':>12} {'files/s':>8}")
    with tempfile.TemporaryDirectory() as place:
        image = Path(place) / "image.png"
        noise = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE), np.uint8)
        write_stack(image, noise)
        source, made = Path(place) / "noisy", 0
        for count in options.counts:
            for number in range(made, count):
                target = source / f"{number // FOLDER:04}" / f"{number % FOLDER:03}.png"
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(image, target)
            made = count
            for engine in options.engines:
                out = Path(place) / f"{engine}-{count}"
                command = [sys.executable, __file__, "--drive", str(source), str(out), engine]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    sys.exit(done.stderr[-3000:])
                facts = json.loads(done.stdout.splitlines()[-1])
                rate = facts["denoised"] / facts["seconds"]
                print(f"{engine:<10} {count:>7} {facts['MiB']:>12.1f} {rate:>8.0f}", flush=True)
                shutil.rmtree(out)


if __name__ == "__main__":
    main()
