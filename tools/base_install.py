"""Measure `pip install unnoise` in an empty environment: its size, and the time to denoise.

    python tools/base_install.py [--rounds 5]

Fails if the environment is larger than 250 MB, if torch can be imported in it, or if it cannot
denoise a photo. CI runs it.
"""

import argparse
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from empty_environment import ROOT, Command, EmptyEnvironment

LIMIT = 250  # MB, 10**6 bytes
IMAGE = """
import sys, numpy, pyvips
noise = numpy.random.default_rng(0).normal(0, 25, (512, 512, 3))
image = pyvips.Image.new_from_file(sys.argv[1]).resize(2).crop(0, 0, 512, 512).numpy() + noise
pyvips.Image.new_from_array(image.clip(0, 255).round().astype("uint8")).write_to_file(sys.argv[2])
"""


def main() -> int:
    """Install, measure, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = EmptyEnvironment.make(folder / "env")
        environment.install(ROOT)
        python = environment.python
        noisy, clean = folder / "photo.png", folder / "photo_denoised.png"
        example = ROOT / "src/unnoise/server/examples/rocket.webp"
        subprocess.run([python, "-c", IMAGE, example, noisy], check=True)
        denoise: Command = [environment.unnoise, "denoise", noisy, "--overwrite", "--quiet"]
        size = environment.megabytes
        bare = seconds([python, "-c", "pass"], rounds)
        imported = seconds([python, "-c", "import unnoise; unnoise.load"], rounds) - bare
        whole = seconds(denoise, rounds)
        torch = subprocess.run([python, "-c", "import torch"], capture_output=True, check=False)
        made = clean.is_file()
    print(f"Python {platform.python_version()}, {platform.machine()}, medians of {rounds}")
    print(f"environment with pip install unnoise: {size:.0f} MB (at most {LIMIT})")
    print(f"import of unnoise.load: {imported:.2f} s beside {bare:.2f} s for Python")
    print(f"unnoise denoise of a photo of 512 × 512, from process start: {whole:.2f} s (target: 2)")
    if size > LIMIT or torch.returncode == 0 or not made:
        print("the environment is too large, has torch, or gave no result", file=sys.stderr)
        return 1
    return 0


def seconds(command: Command, rounds: int) -> float:
    """Return the median wall time of a command."""
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


if __name__ == "__main__":
    sys.exit(main())
