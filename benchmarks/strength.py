"""Detail recovery and hot pixels on photographs: gains and errors.

    python benchmarks/strength.py [--data FOLDER]

Prints three tables. The first has PSNR and SSIM of ``photo`` on crops of CBSD68 with white and with
camera noise at several values of ``detail``, the PSNR of texture alone (where the clean image
varies most), and the seconds per megapixel. The second uses luma and a gaussian filter as the
model, which removes texture. The third has the recall and the share of false alarms of hot pixels
on photographs with one value in a thousand set to black or white. Photographs are in
FOLDER/photos/test.
"""

import argparse
import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, uniform_filter

sys.path.append(str(Path(__file__).parent))

from machine import describe_machine

import unnoise
from unnoise.denoiser.detail import Removed, recover
from unnoise.denoiser.hot_pixels import find_hot_pixels
from unnoise.images import LUMA, read_stack
from unnoise.metrics import psnr, ssim
from unnoise.noise import parse_noise
from unnoise.seeding import generator

Floats = NDArray[np.float32]
NOISES = ("camera:3200", "gaussian:0.1")
DETAILS = (0.0, 0.5, 1.0)
SIDE, CROPS = 256, 4
WIDTH = 1.5  # width of the gaussian filter, in pixels
INJECTED = 1e-3
STANDS_OUT = 0.2  # share of the range by which an injected pixel must differ


def crops(folder: Path) -> Floats:
    """Return the middle of some photographs, ``(N, 3, SIDE, SIDE)``."""
    images = []
    for path in sorted(folder.iterdir())[:: 68 // CROPS][:CROPS]:
        image = read_stack(path)[0][0]
        top, left = ((length - SIDE) // 2 for length in image.shape[:2])
        images.append(image[top : top + SIDE, left : left + SIDE])
    return scaled(np.stack(images))


def scaled(images: NDArray[np.uint8]) -> Floats:
    """Turn ``(N, H, W, C)`` of 8 bits into ``(N, C, H, W)``, 0 to 1."""
    floats: Floats = np.moveaxis(images, -1, 1).astype(np.float32)
    floats /= 255
    return floats


def textured(clean: Floats) -> NDArray[np.bool_]:
    """Return the quarter of each image ``(N, H, W)`` where its luma varies most nearby."""
    luma = np.tensordot(clean, LUMA, ((1,), (0,)))
    size = (1, 9, 9)
    spread = uniform_filter(luma**2, size) - uniform_filter(luma, size) ** 2
    return np.asarray(spread > np.quantile(spread, 0.75, axis=(1, 2), keepdims=True))


def compare_details(folder: Path) -> None:
    """Print the table of detail recovery."""
    photo, clean = unnoise.load("photo", device="cpu", precision="fp32"), crops(folder)
    texture = textured(clean)
    print(f"{'noise':<14} {'detail':>6} {'PSNR':>6} {'SSIM':>6} {'texture':>8} {'s/megapixel':>12}")
    for spec in NOISES:
        drawn = parse_noise(spec)(torch.from_numpy(clean), generator(0))
        noisy = np.rint(drawn.numpy().clip(0, 1) * 255).astype(np.uint8).transpose(0, 2, 3, 1)
        for detail in (None, *DETAILS):
            start = time.perf_counter()
            made = noisy if detail is None else photo.stack(noisy, detail=detail)
            seconds = (time.perf_counter() - start) / (CROPS * SIDE**2 / 1e6)
            found = scaled(made)
            error = np.square(found - clean).mean(axis=1)[texture].mean()
            print(
                f"{spec:<14} {'noisy' if detail is None else detail:>6} "
                f"{psnr(found, clean).mean():>6.2f} {ssim(found, clean).mean():>6.4f} "
                f"{-10 * np.log10(error):>8.2f} {seconds:>12.2f}"
            )


def sharpen_a_filter(folder: Path) -> None:
    """Print the effect of detail recovery on results that are too smooth."""
    clean = np.tensordot(crops(folder), LUMA, ((1,), (0,))).astype(np.float32)
    random = np.random.default_rng(0)
    print(f"{'sigma':>5} {'width':>5} {'detail':>6} {'PSNR':>6} {'SSIM':>6}")
    for sigma in (5, 12):
        noisy = (clean + random.normal(0, sigma / 255, clean.shape)).astype(np.float32)
        smooth = np.stack([gaussian_filter(image, WIDTH) for image in noisy])
        pairs = list(zip(noisy, smooth, strict=True))
        texture = np.stack([recover(*pair, Removed.of(*pair)) for pair in pairs])
        for detail in DETAILS:
            found = (smooth + np.float32(detail) * texture)[:, None]
            print(
                f"{sigma:>5} {WIDTH:>5} {detail:>6} {psnr(found, clean[:, None]).mean():>6.2f} "
                f"{ssim(found, clean[:, None]).mean():>6.4f}"
            )


def count_hot_pixels(folder: Path) -> None:
    """Print the table of hot pixels."""
    images = [read_stack(path)[0][0] for path in sorted(folder.iterdir())[::4]]
    print(f"{'image':<8} {'sigma':>5} {'false alarms':>13} {'recall':>7}")
    random = np.random.default_rng(0)
    for name, colours in (("colour", True), ("grey", False)):
        for sigma in (0, 5, 15):
            false = found = bad = pixels = 0
            for image in images:
                clean = image.astype(np.float32) if colours else (image @ LUMA)[..., None]
                noisy = np.rint((clean + random.normal(0, sigma, clean.shape)).clip(0, 255)) / 255
                white = random.integers(0, 2, noisy.shape)
                injected = random.random(noisy.shape) < INJECTED
                seen = injected & (np.abs(white - noisy) > STANDS_OUT)
                hits, alarms = (
                    find_hot_pixels(
                        given.transpose(2, 0, 1)[None].astype(np.float32), colours=colours
                    )[0].transpose(1, 2, 0)
                    for given in (np.where(injected, white, noisy), noisy)
                )
                false, pixels = false + alarms.sum(), pixels + alarms.size
                found, bad = found + (hits & seen).sum(), bad + seen.sum()
            print(f"{name:<8} {sigma:>5} {false / pixels:>13.1e} {found / bad:>7.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    default = os.environ.get("UNNOISE_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(default))
    folder = parser.parse_args().data / "photos/test/cbsd68"
    warnings.simplefilter("ignore", UserWarning)  # this benchmark is not about how values are read
    print(describe_machine())
    compare_details(folder)
    sharpen_a_filter(folder)
    count_hot_pixels(folder)


if __name__ == "__main__":
    main()
