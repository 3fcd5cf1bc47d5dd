"""One set of microscopy captures in several units, denoised by ``photo``: does the unit matter?

    python benchmarks/units.py [--data FOLDER]

Prints for each unit the mean PSNR before and after, and the distance of results outside the values
of their input, in percent of its range. Nothing is trained. The captures are in FOLDER/microscopy.
"""

import argparse
import os
import sys
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parent))

from machine import describe_machine

import unnoise
from unnoise.images import read_stack

Array = NDArray[np.generic]
# Black, the step of one grey level, and the dtype.
UNITS = (
    ("8 bits", 0.0, 1.0, "uint8"),
    ("8 bits in 16", 0.0, 1.0, "uint16"),
    ("12 bits in 16", 100.0, 16.0, "uint16"),
    ("16 bits", 0.0, 257.0, "uint16"),
    ("100 levels from 477 on", 477.0, 0.4, "uint16"),
    ("signed, background taken off", -3000.0, 30.0, "int16"),
    ("floats, -1 to 1", -1.0, 2 / 255, "float32"),
    ("floats, 10,000 to 10,005", 10_000.0, 5 / 255, "float64"),
)


def psnr(found: Array, clean: NDArray[np.float64], black: float, step: float) -> float:
    values = (found.astype(np.float64) - black) / step
    return float(20 * np.log10(255) - 10 * np.log10(np.mean((values - clean) ** 2)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    default = os.environ.get("UNNOISE_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(default))
    folder = parser.parse_args().data / "microscopy"
    warnings.simplefilter("ignore", UserWarning)  # the measurement is about how values are read
    photo = unnoise.load("photo", device="cpu", precision="fp32")
    print(describe_machine())
    print(f"{'unit':<30} {'before, dB':>10} {'after, dB':>10} {'beyond, %':>10}")
    for name, black, step, dtype in UNITS:
        before, after, beyond = [], [], []
        for path in sorted((folder / "noisy").iterdir()):
            noisy, clean = (
                read_stack(side)[0][0, ..., 0].astype(np.float64)
                for side in (path, folder / "clean" / path.name)
            )
            values = black + step * noisy
            given = (np.rint(values) if np.dtype(dtype).kind in "iu" else values).astype(dtype)
            found = photo(given).astype(np.float64)
            before.append(psnr(given, clean, black, step))
            after.append(psnr(found, clean, black, step))
            low, high = float(given.min()), float(given.max())
            over = max(low - found.min(), found.max() - high, 0.0)
            beyond.append(100 * over / (high - low))
        row = (np.mean(before), np.mean(after), max(beyond))
        print(f"{name:<30} {row[0]:>10.2f} {row[1]:>10.2f} {row[2]:>10.1f}")


if __name__ == "__main__":
    main()
