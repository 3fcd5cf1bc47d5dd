"""Cost, speed, share of the machine's limit and quality of networks: the reasons for `unet`.

Usage: python benchmarks/models.py [--steps 2000] [--data mnist] [--data-dir FOLDER]

Each candidate is trained for the same number of batches. Prints the table.
"""

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from machine import machine_limit

import unnoise
from unnoise.data import load_images
from unnoise.images import to_float
from unnoise.metrics import psnr
from unnoise.models import MODELS, Architecture, Autoencoder, UNet
from unnoise.noise import parse_noise
from unnoise.seeding import generator

NOISE = "gaussian:0.3,clip"


def unet(widths: tuple[int, ...], depths: tuple[int, ...]) -> Architecture:
    return Architecture(UNet, {"widths": widths, "depths": depths})


CANDIDATES = {
    "autoencoder": Architecture(Autoencoder),
    "unet 8-16-32, 1-1-1 (default)": unet((8, 16, 32), (1, 1, 1)),
    "unet 8-16, 1-1": unet((8, 16), (1, 1)),
    "unet 8-16-32, 0-1-1": unet((8, 16, 32), (0, 1, 1)),
    "unet 8-16-32, 2-2-2": unet((8, 16, 32), (2, 2, 2)),
    "unet 8-16-48, 1-1-1": unet((8, 16, 48), (1, 1, 1)),
    "unet 8-16-32-64, 1-1-1-1": unet((8, 16, 32, 64), (1, 1, 1, 1)),
    "unet 16-32-64, 1-1-1": unet((16, 32, 64), (1, 1, 1)),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--data-dir")
    options = parser.parse_args()
    where = Path(options.data_dir) if options.data_dir else None
    clean = to_float(load_images(options.data, split="test", data_dir=where).stack)
    noisy = parse_noise(NOISE)(torch.from_numpy(clean), generator(0, "bench models")).numpy()
    limit = machine_limit()
    print(
        "| network | parameters | kMAC/pixel | images/s | share of limit | training, images/s "
        f"| PSNR after {options.steps} steps |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, candidate in CANDIDATES.items():
        MODELS["candidate"] = candidate
        start = time.perf_counter()
        denoiser = unnoise.train(
            options.data, model="candidate", steps=options.steps, data_dir=options.data_dir
        )
        seconds = time.perf_counter() - start
        speeds = []
        for _ in range(5):
            start = time.perf_counter()
            restored = denoiser.denoise_floats(noisy)
            speeds.append(len(noisy) / (time.perf_counter() - start))
        facts, speed = denoiser.describe(), statistics.median(speeds)
        share = speed * np.prod(clean.shape[2:]) * facts["kmacs_per_pixel"] * 2000 / limit
        print(
            f"| {name} | {facts['parameters']:,} | {facts['kmacs_per_pixel']:.2f} | {speed:,.0f} "
            f"| {share:.0%} | {denoiser.info.trained['images'] / seconds:,.0f} "
            f"| {psnr(restored, clean).mean():.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
