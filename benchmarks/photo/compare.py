"""The denoiser that comes with the package beside classical methods and published networks.

    python benchmarks/photo/compare.py [--every 4] [--rounds 2] [--out docs]

Writes photo-benchmark.md, .json and .png. Noise is gaussian, unclipped, with fixed seeds. The
classical methods are told its level; unnoise is not. The images lie in $UNNOISE_DATA/photos/test.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parents[1]))

import torch
from figure import draw
from machine import describe_machine, machine_limit
from methods import CLASSICAL, METHODS, OURS, PUBLISHED, SIGMAS, Image, build, kilomacs
from speed import Speed, measure

import unnoise
from unnoise.images import read_stack, to_channels
from unnoise.metrics import psnr, ssim
from unnoise.seeding import generator

SETS = {"Set12": ("set12", 1), "BSD68": ("cbsd68", 1), "CBSD68": ("cbsd68", 3)}
OUTSIDE = (0, 75)  # sigmas at the end of the training range and outside of it
SLOW = "BM3D"
SEED = 0

Picture = NDArray[np.uint8]
Values = dict[str, list[float]]  # "psnr", "psnr of 8 bits" and "ssim" of each image


def images(data: Path, name: str) -> list[Picture]:
    """Read a test set as 8 bits ``(H, W, C)``; grey by ITU-R BT.601, rounded."""
    folder, channels = SETS[name]
    files = sorted((data / "photos/test" / folder).glob("*.png"))
    return [to_channels(read_stack(path)[0], channels)[0].astype(np.uint8) for path in files]


def corrupt(clean: Picture, sigma: float, place: int) -> tuple[Image, Image]:
    """Return an image, and it with noise, as float32; the noise is a function of its place."""
    random = generator(SEED, "bench photo", int(sigma), place)
    exact = (clean / 255).astype(np.float32)
    noise: Image = torch.randn(clean.shape, generator=random).numpy()
    noisy = (exact + sigma / 255 * noise).astype(np.float32)
    return exact, noisy


def quality(method: str, pictures: list[Picture], sigma: float, every: int = 1) -> Values:
    """Measure a method on a set."""
    values: Values = {"psnr": [], "psnr of 8 bits": [], "ssim": []}
    ours = unnoise.load("photo")
    run = build(method, pictures[0].shape[2]) if method != OURS else None
    for place in range(0, len(pictures), every):
        clean, noisy = (
            np.moveaxis(image, -1, 0)[None] for image in corrupt(pictures[place], sigma, place)
        )
        if run is None:
            restored = ours.denoise_floats(np.ascontiguousarray(noisy))
        else:
            last = np.ascontiguousarray(np.moveaxis(noisy[0], 0, -1))
            restored = np.moveaxis(run(last, sigma / 255).reshape(last.shape), -1, 0)[None]
        restored = restored.clip(0, 1).astype(np.float32)
        rounded = (np.rint(restored * 255) / 255).astype(np.float32)
        values["psnr"].append(float(psnr(restored, clean)[0]))
        values["psnr of 8 bits"].append(float(psnr(rounded, clean)[0]))
        values["ssim"].append(float(ssim(restored, clean)[0]))
    return values


def measure_quality(data: Path, every: int) -> dict[str, dict[str, dict[str, Values]]]:
    """Return values by set, method and sigma."""
    found: dict[str, dict[str, dict[str, Values]]] = {}
    for name in SETS:
        pictures = images(data, name)
        for method in (OURS, *CLASSICAL):
            for sigma in SIGMAS + (OUTSIDE if method == OURS else ()):
                step = every if method == SLOW else 1
                values = quality(method, pictures, sigma, step)
                found.setdefault(name, {}).setdefault(method, {})[str(sigma)] = values
                print(f"{name} {method} {sigma}: {np.mean(values['psnr']):.2f} dB", flush=True)
    return found


def quality_tables(found: dict[str, dict[str, dict[str, Values]]], every: int) -> Iterator[str]:
    def mean(values: Values, what: str, step: int = 1) -> float:
        return float(np.mean(values[what][::step]))

    for name, methods in found.items():
        ours = methods[OURS]
        yield f"\n### {name}\n"
        yield "| method | PSNR in dB at 15, 25, 50 | rounded to 8 bits | SSIM | published PSNR |"
        yield "| --- | --- | --- | --- | --- |"
        for method in METHODS:
            cells = ["not run", "", ""]
            if method in methods:
                measured = methods[method]
                cells = [
                    " / ".join(f"{mean(measured[str(s)], what):.{digits}f}" for s in SIGMAS)
                    for what, digits in (("psnr", 2), ("psnr of 8 bits", 2), ("ssim", 3))
                ]
                if method == SLOW and every > 1:
                    same = " / ".join(f"{mean(ours[str(s)], 'psnr', every):.2f}" for s in SIGMAS)
                    cells[0] += f" (every {every}th image; there {OURS} has {same})"
            known = PUBLISHED[name].get(method)
            published = " / ".join(f"{value:.2f}" for value in known) if known else ""
            yield f"| {method} | {' | '.join(cells)} | {published} |"
        noisy = {s: -20 * np.log10(s / 255) for s in OUTSIDE if s}
        yield (
            f"\n{OURS} at sigma 0: {mean(ours['0'], 'psnr'):.2f} dB; at 75, outside of its "
            f"training range: {mean(ours['75'], 'psnr'):.2f} dB, from {noisy[75]:.2f} dB."
        )


def speed_table(grey: dict[str, Speed], colour: dict[str, Speed], limit: float) -> Iterator[str]:
    yield "| method | kMAC/pixel | s/megapixel, grey | times ours | colour | times ours | GiB |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for method in METHODS:
        cost = kilomacs(method, 1)
        cells = [f"{cost:.0f}" if cost else "–"]
        for speeds in (grey, colour):
            seconds = speeds[method].seconds
            cells += [f"{seconds:.2f}", f"{seconds / speeds[OURS].seconds:.1f}"]
        yield f"| {method} | {' | '.join(cells)} | {colour[method].gigabytes:.2f} |"
    cost = kilomacs(OURS, 1)
    assert cost is not None
    reached = 2e9 * cost / grey[OURS].seconds
    yield (
        f"\n{OURS} reaches {reached / 1e9:.0f} GFLOP/s, {reached / limit:.0%} of the "
        f"{limit / 1e9:.0f} GFLOP/s that this machine was seen to reach in the same run."
    )


def report(
    found: dict[str, Any], grey: dict[str, Speed], colour: dict[str, Speed], every: int
) -> str:
    lines = [
        "# The photo denoiser beside others",
        f"\n`make bench-photo` wrote this page: {describe_machine()}.",
        "\n## Quality",
        "\nGaussian noise, not clipped; results clipped to [0, 1]. The classical methods are told "
        "its level, and FFDNet and DRUNet are; unnoise photo and DnCNN-B are not. BSD68 "
        "is CBSD68 in grey (ITU-R BT.601, rounded to 8 bits). BM3D in colour is CBM3D, DnCNN-B is "
        "CDnCNN-B. SSIM has a uniform window of 7 × 7 pixels.",
        *quality_tables(found, every),
        "\n## Speed",
        "\n512 × 512 pixels; peak memory of the whole process at 1024 × 1024 in colour. The "
        "published networks have their published shapes and random weights, without batch "
        "normalisation. Every method ran in processes of its own, in turns, with all cores.\n",
        *speed_table(grey, colour, machine_limit()),
        "\n![PSNR over time](photo-benchmark.png)",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--every", type=int, default=4, help="BM3D runs on every so many images")
    parser.add_argument("--rounds", type=int, default=2, help="of the measurement of speed")
    parser.add_argument("--out", type=Path, default=Path("docs"))
    options = parser.parse_args()
    data = Path(os.environ.get("UNNOISE_DATA", "../shared/data"))
    if not (data / "photos/test").is_dir():
        sys.exit(f"there are no photographs in {data}: set UNNOISE_DATA")
    print(describe_machine(), flush=True)
    grey, colour = (measure(channels, options.rounds) for channels in (1, 3))
    found = measure_quality(data, options.every)
    text = report(found, grey, colour, options.every)
    (options.out / "photo-benchmark.md").write_text(text, encoding="utf-8")
    ours = {name: methods[OURS] for name, methods in found.items()}
    rounded = json.dumps(ours, default=float)
    (options.out / "photo-benchmark.json").write_text(rounded, encoding="utf-8")
    draw(found, grey, options.out / "photo-benchmark.png")
    print(text)


if __name__ == "__main__":
    main()
