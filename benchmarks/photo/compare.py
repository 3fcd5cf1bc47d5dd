"""The denoiser that comes with the package beside classical methods and published networks.

    python benchmarks/photo/compare.py [--rounds 2] [--out docs]
    python benchmarks/photo/compare.py --classical [--every 8]

Writes photo-benchmark.md, .json and .png. Noise is gaussian, unclipped, with fixed seeds. The
classical methods get its level; unnoise does not. Their quality does not depend on our models, so
classical.json keeps it, and --classical measures it again on every N-th image. Their speed is
measured beside ours every time. The images are in $UNNOISE_DATA/photos/test.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parents[1]))

import torch
from figure import draw
from machine import describe_machine, machine_limit
from methods import CLASSICAL, METHODS, OURS, PUBLISHED, SIGMAS, Image, build, kilomacs
from networks import NETWORKS
from speed import Speed, measure

from unnoise.images import read_stack, to_channels
from unnoise.metrics import psnr, ssim
from unnoise.seeding import generator

SETS = {"Set12": ("set12", 1), "BSD68": ("cbsd68", 1), "CBSD68": ("cbsd68", 3)}
OUTSIDE = (0, 75)  # sigmas at the end of the training range and outside it
KEPT = Path(__file__).with_name("classical.json")
SEED = 0

Picture = NDArray[np.uint8]
Values = dict[str, list[float]]  # "psnr", "psnr of 8 bits" and "ssim" of each image
Found = dict[str, dict[str, dict[str, Values]]]  # by set, method and sigma


def images(data: Path, name: str) -> list[Picture]:
    """Read a test set as 8 bits ``(H, W, C)``; grey by ITU-R BT.601, rounded."""
    folder, channels = SETS[name]
    files = sorted((data / "photos/test" / folder).glob("*.png"))
    return [to_channels(read_stack(path)[0], channels)[0].astype(np.uint8) for path in files]


def corrupt(clean: Picture, sigma: float, place: int) -> tuple[Image, Image]:
    """Return an image without and with noise, as float32; its place decides the noise."""
    random = generator(SEED, "bench photo", int(sigma), place)
    exact = (clean / 255).astype(np.float32)
    noise: Image = torch.randn(clean.shape, generator=random).numpy()
    noisy = (exact + sigma / 255 * noise).astype(np.float32)
    return exact, noisy


def quality(method: str, pictures: list[Picture], sigma: float, every: int = 1) -> Values:
    """Measure a method on a set."""
    values: Values = {"psnr": [], "psnr of 8 bits": [], "ssim": []}
    run = build(method, pictures[0].shape[2], precision="fp32")  # the same on every machine
    for place in range(0, len(pictures), every):
        clean, noisy = corrupt(pictures[place], sigma, place)
        restored = run(noisy, sigma / 255).reshape(noisy.shape).clip(0, 1)
        restored, clean = (
            np.moveaxis(image, -1, 0)[None].astype(np.float32) for image in (restored, clean)
        )
        rounded = (np.rint(restored * 255) / 255).astype(np.float32)
        values["psnr"].append(float(psnr(restored, clean)[0]))
        values["psnr of 8 bits"].append(float(psnr(rounded, clean)[0]))
        values["ssim"].append(float(ssim(restored, clean)[0]))
    return values


def measure_quality(data: Path, methods: Sequence[str], every: int = 1) -> Found:
    """Measure methods on every N-th image of all sets."""
    found: Found = {}
    for name in SETS:
        pictures = images(data, name)
        for method in methods:
            for sigma in SIGMAS + (OUTSIDE if method == OURS else ()):
                values = quality(method, pictures, sigma, every)
                found.setdefault(name, {}).setdefault(method, {})[str(sigma)] = values
                print(f"{name} {method} {sigma}: {np.mean(values['psnr']):.2f} dB", flush=True)
    return found


def summary(found: Found, grey: dict[str, Speed]) -> Iterator[str]:
    """Yield the table of docs/photo.md: cost, speed and quality, of others as published."""
    yield f"| method | kMAC/pixel | s/megapixel | {' | '.join(PUBLISHED)} |"
    yield f"| --- | ---: | ---: |{' --- |' * len(PUBLISHED)}"
    for method in (OURS, "BM3D", *NETWORKS):
        cost = kilomacs(method, 1)
        cells = [f"{cost:,.0f}" if cost else "–", f"{grey[method].seconds:.2f}"]
        for name in PUBLISHED:
            ours = (f"{np.mean(found[name][OURS][str(s)]['psnr']):.2f}" for s in SIGMAS)
            cells.append(" / ".join(ours) if method == OURS else _published(name, method))
        yield f"| {method} | {' | '.join(cells)} |"


def at_all_levels(found: Found) -> Iterator[str]:
    """Yield the table of the model card: our PSNR, also at the end of the range and outside it."""
    levels = sorted((*SIGMAS, *OUTSIDE))
    yield f"| PSNR in dB at sigma, of 255 | {' | '.join(map(str, levels))} |"
    yield f"| --- |{' ---: |' * len(levels)}"
    for name, methods in found.items():
        cells = (f"{np.mean(methods[OURS][str(level)]['psnr']):.2f}" for level in levels)
        yield f"| {name} | {' | '.join(cells)} |"


def quality_tables(found: Found, every: int) -> Iterator[str]:
    """Yield a table for each set: ours on all images, the classical methods on some, the rest."""
    for name, methods in found.items():
        ours = methods[OURS]
        part = f", every {every}th image"
        some = {sigma: {w: v[::every] for w, v in values.items()} for sigma, values in ours.items()}
        rows = {OURS: ours, OURS + part: some}
        rows |= {method + part: methods[method] for method in CLASSICAL}
        yield f"\n### {name}\n"
        yield "| method | PSNR in dB at 15, 25, 50 | rounded to 8 bits | SSIM | published PSNR |"
        yield "| --- | --- | --- | --- | --- |"
        for label, measured in rows.items():
            cells = [
                " / ".join(f"{np.mean(measured[str(s)][what]):.{digits}f}" for s in SIGMAS)
                for what, digits in (("psnr", 2), ("psnr of 8 bits", 2), ("ssim", 3))
            ]
            yield f"| {label} | {' | '.join(cells)} | {_published(name, label.split(',')[0])} |"
        for method in NETWORKS:
            yield f"| {method} | not run | | | {_published(name, method)} |"


def _published(name: str, method: str) -> str:
    known = PUBLISHED[name].get(method, ())
    return " / ".join(f"{value:.2f}" for value in known)


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
        f"{limit / 1e9:.0f} GFLOP/s measured as the limit of this machine in the same run."
    )


def report(
    found: Found, grey: dict[str, Speed], colour: dict[str, Speed], kept: dict[str, Any]
) -> str:
    lines = [
        "# The photo denoiser beside others",
        f"\nWritten by `make bench-photo`: {describe_machine()}.\n",
        *summary(found, grey),
        "\n## Quality\n",
        *at_all_levels(found),
        "\nSigma 0 is the end of the training range of photo, and 75 outside it. The quality "
        "is of float32.\n"
        "\nGaussian noise, not clipped; results clipped to [0, 1]. The classical methods, FFDNet "
        "and DRUNet get its level; unnoise photo and DnCNN-B do not. BSD68 is CBSD68 in grey "
        "(ITU-R BT.601, rounded to 8 bits). BM3D in colour is CBM3D, and DnCNN-B is CDnCNN-B. SSIM "
        "has a uniform window of 7 × 7 pixels. The quality of the classical methods was measured "
        f"on {kept['machine']}. In the picture, dots are measured here (classical methods on part "
        "of the images), rings are published values.",
        *quality_tables(found, kept["every"]),
        "\n## Speed",
        "\n512 × 512 pixels; peak memory of the whole process at 1024 × 1024 in colour. The "
        "published networks have their published shapes and random weights, without batch "
        "normalisation. Every method ran in its own processes, in turns, with as many cores as it "
        "uses. unnoise cuts images larger than 1024 × 1024 into tiles: `make bench-tiles`.\n",
        *speed_table(grey, colour, machine_limit()),
        "\n![PSNR over time](photo-benchmark.png)",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--classical", action="store_true")
    parser.add_argument("--every", type=int, default=8, help="every N-th image; 1 takes hours")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of the measurement of speed")
    parser.add_argument("--out", type=Path, default=Path("docs"))
    options = parser.parse_args()
    data = Path(os.environ.get("UNNOISE_DATA", "../shared/data"))
    if not (data / "photos/test").is_dir():
        sys.exit(f"there are no photographs in {data}: set UNNOISE_DATA")
    print(describe_machine(), flush=True)
    if options.classical:
        found = measure_quality(data, CLASSICAL, options.every)
        kept = {"machine": describe_machine(), "every": options.every, "found": found}
        KEPT.write_text(json.dumps(kept), encoding="utf-8")
        return
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    found = measure_quality(data, [OURS])
    ours = {name: methods[OURS] for name, methods in found.items()}
    (options.out / "photo-benchmark.json").write_text(json.dumps(ours), encoding="utf-8")
    for name, methods in kept["found"].items():
        found[name] |= methods
    grey, colour = (measure(channels, options.rounds) for channels in (1, 3))
    text = report(found, grey, colour, kept)
    (options.out / "photo-benchmark.md").write_text(text, encoding="utf-8")
    draw(found, grey, options.out / "photo-benchmark.png")
    print(text)


if __name__ == "__main__":
    main()
