"""Mixtures of noise for the photo denoiser, each trained for the same number of steps.

    python benchmarks/photo/mixture.py [--steps 1500] [NAME ...]

Training continues from the weights that know white noise alone (photo-1.safetensors). Prints the
mean PSNR on 24 held-out training photographs, 256 × 256 of each: the sharp originals with white
noise and noise of cameras, and copies softened by an enlargement of 2 with noise of cameras. The
photographs are in $UNNOISE_DATA/photos/train. No test set is used.
"""

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

sys.path.append(str(Path(__file__).parents[1]))

from machine import describe_machine

import unnoise
from unnoise import Denoiser
from unnoise.images import find_images
from unnoise.metrics import psnr
from unnoise.noise import parse_noise
from unnoise.seeding import generator

PRESET = Path(__file__).parents[2] / "presets/photo.toml"
START = Path(__file__).with_name("photo-1.safetensors")
HELD, CROP = 24, 256
SIGMAS = "gaussian:0.0588", "gaussian:0.098", "gaussian:0.196"
SHARP = "camera:400", "camera:1600", "camera:6400"
SOFT = "camera:1600", "camera:6400", "camera:6400(luma=0.8..0.8 chroma=2.5..2.5)+jpeg:92..92"
WHITE = "gaussian:0..0.2157"
FINE = "camera:100..12800"
COARSE = "camera:100..12800(luma=0.4..2 chroma=1..5)"
GRAINLESS = "camera:100..12800(luma=0..0.1 chroma=0..0.1)"
PRESSED = "+jpeg:88..100(half=0.3)"


def mixed(**shares: int) -> str:
    """Return the mixture of white noise and ``shares`` percent of other noises."""
    rest = 100 - sum(shares.values())
    return " | ".join([f"{rest}% {WHITE}", *(f"{share}% {spec}" for spec, share in shares.items())])


def of_cameras(percent: int) -> str:
    """Return a mixture with noise of cameras, fine and coarse, with JPEG after half of it."""
    specs = FINE, FINE + PRESSED, COARSE, COARSE + PRESSED
    return mixed(**dict.fromkeys(specs, percent // 4))


MIXTURES = {
    "white noise alone": f"100% {WHITE}",
    "20 % of cameras": of_cameras(20),
    "40 % of cameras": of_cameras(40),
    "60 % of cameras": of_cameras(60),
    "40 %, default widths alone": mixed(**{FINE: 20, FINE + PRESSED: 20}),
    "40 %, without JPEG": mixed(**{FINE: 20, COARSE: 20}),
    "40 %, without grain": mixed(**{GRAINLESS: 40}),
}


def held_out(paths: list[Path]) -> tuple[list[Tensor], list[Tensor]]:
    """Return the middles of photographs, unchanged and enlarged, ``(1, 3, H, W)`` in [0, 1]."""
    sharp, soft = [], []
    for path in paths:
        picture = Image.open(path).convert("RGB")
        left, top = (picture.width - CROP) // 2, (picture.height - CROP) // 2
        sharp.append(_tensor(picture.crop((left, top, left + CROP, top + CROP))))
        box = left, top, left + CROP // 2, top + CROP // 2
        large = picture.crop(box).resize((CROP, CROP), Image.Resampling.BICUBIC)
        soft.append(_tensor(large))
    return sharp, soft


def _tensor(picture: Image.Image) -> Tensor:
    pixels = np.moveaxis(np.asarray(picture, np.float32) / np.float32(255), -1, 0)
    return torch.from_numpy(np.ascontiguousarray(pixels))[None]


def quality(denoiser: Denoiser, cleans: list[Tensor], spec: str) -> float:
    """Return the mean PSNR after denoising images with noise of ``spec``."""
    figures = []
    for place, clean in enumerate(cleans):
        noisy = parse_noise(spec)(clean, generator(0, "mixture", place))
        restored = denoiser.denoise_floats(noisy.numpy()).clip(0, 1)
        figures.append(psnr(restored, clean.numpy()).mean())
    return float(np.mean(figures))


def train(photographs: list[Path], noise: str, steps: int, folder: Path) -> Denoiser:
    """Continue from the weights of white noise, by the preset except for the noise."""
    images = folder / "images"
    images.mkdir(exist_ok=True)
    for path in photographs:
        if not (images / path.name).exists():
            (images / path.name).symlink_to(path.resolve())
    unnoise.train(
        images, config=PRESET, noise=noise, init=str(START), steps=steps, lr=0.003, patch=128,
        batch_size=4, out=folder / "run", overwrite=True, say=lambda _: None,
    )  # fmt: skip
    return unnoise.load(folder / "run")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", choices=[[], *MIXTURES], metavar="NAME")
    parser.add_argument("--steps", type=int, default=1500)
    options = parser.parse_args()
    data = Path(os.environ.get("UNNOISE_DATA", "../shared/data")) / "photos/train"
    if not data.is_dir():
        sys.exit(f"there are no photographs in {data}: set UNNOISE_DATA")
    paths = sorted(found.path for found in find_images([data]))
    random.Random(1).shuffle(paths)  # noqa: S311  no secret
    sharp, soft = held_out(paths[:HELD])
    print(describe_machine())
    print("| mixture | 15, 25, 50 | sharp: 400, 1600, 6400 | soft: 1600, 6400, JPEG |")
    print("| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.names or MIXTURES:
            denoiser = train(paths[HELD:], MIXTURES[name], options.steps, Path(folder))
            figures = [quality(denoiser, sharp, spec) for spec in (*SIGMAS, *SHARP)]
            figures += [quality(denoiser, soft, spec) for spec in SOFT]
            cells = (" / ".join(f"{f:.2f}" for f in figures[i : i + 3]) for i in (0, 3, 6))
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
