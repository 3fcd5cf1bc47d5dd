"""How good can a network get? A larger one, trained long, several times, averaged.

Usage: python benchmarks/ceiling.py [--members 3] [--minutes 6] [--data-dir FOLDER]

Prints the PSNR on the MNIST test images of each member, and of the mean of the first N members.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

import unnoise
from unnoise.data import load_images
from unnoise.images import to_float
from unnoise.metrics import psnr
from unnoise.models import MODELS, Architecture, UNet
from unnoise.noise import parse_noise
from unnoise.seeding import generator

NOISE = "gaussian:0.3,clip"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--members", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--data-dir")
    options = parser.parse_args()
    where = Path(options.data_dir) if options.data_dir else None
    clean = to_float(load_images("mnist", split="test", data_dir=where).stack)
    noisy = parse_noise(NOISE)(torch.from_numpy(clean), generator(0, "bench models")).numpy()
    MODELS["candidate"] = Architecture(UNet, {"widths": (16, 32, 64), "depths": (2, 2, 2)})
    total = np.zeros_like(clean)
    for member in range(options.members):
        denoiser = unnoise.train(
            "mnist",
            model="candidate",
            minutes=options.minutes,
            seed=member,
            lr=8e-3,
            validation=0.02,
            data_dir=options.data_dir,
        )
        restored = denoiser.denoise_floats(noisy)
        total += restored
        images = denoiser.info.trained["images"]
        print(
            f"member {member + 1}: {denoiser.describe()['kmacs_per_pixel']:.1f} kMAC/pixel, "
            f"{images:,.0f} images, {psnr(restored, clean).mean():.2f} dB; mean of "
            f"{member + 1}: {psnr((total / (member + 1)).astype(np.float32), clean).mean():.2f} dB",
            flush=True,
        )


if __name__ == "__main__":
    main()
