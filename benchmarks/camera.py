"""Real noise of developed photographs: photo beside classical methods, and synthetic noise.

    python benchmarks/camera.py [--polyu DIR] [--nam DIR] [--model FILE ...] [--quick]
    python benchmarks/camera.py --classical | --statistics | --speed

CC15 (Nam et al. 2016) has 15 crops of 512 × 512 by three cameras, as JPEG. Their clean version is
the mean of 500 shots. CC15 is in $UNNOISE_DATA/camera; it is for the final figures, and nothing is
chosen by it. PolyU and Nam are in the folders that you name, as pairs whose names end in real.* and
mean.*. BM3D gets the best of five sigmas for each image, which no user knows. Since BM3D is slow,
it runs on the middle 256 × 256 of the images of CC15. Its quality does not depend on our models, so
photo/classical-camera.json keeps it, and --classical measures it again. --statistics compares the
correlations and levels of the noise with those of `camera:`. --speed measures the time of the noise
beside a training step, and of models beside each other. Writes docs/camera-benchmark.md and .json.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import describe_machine
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parent / "photo/.packages"))  # of make bench-photo

import unnoise
from unnoise.denoiser import Denoiser
from unnoise.evaluation.baselines import BASELINES
from unnoise.images import read_stack
from unnoise.metrics import psnr, ssim
from unnoise.models import build_model
from unnoise.noise import Noise, parse_noise
from unnoise.noise.grain import split
from unnoise.seeding import generator

Floats = NDArray[np.float32]
Method = Callable[[Floats], Floats]
DATA = Path(os.environ.get("UNNOISE_DATA", "../shared/data"))
DOCS = Path(__file__).parents[1] / "docs"
KEPT = Path(__file__).parent / "photo/classical-camera.json"
BM3D, SIDE = "BM3D, best of five sigmas", 256
SIGMAS = 8, 12, 16, 20, 24  # of 255, given to BM3D
FACTORS = 0.8, 1.2, 1.6, 2.0, 2.4  # times the estimated sigma, for non-local means
SPECS = "camera:1600", "camera:6400", "camera:1600..6400", "camera:1600..6400+jpeg:88..100"
DISTANCES = 1, 2, 3


def read(path: Path) -> Floats:
    return np.ascontiguousarray(read_stack(path)[0][0][..., :3] / np.float32(255), np.float32)


def cc15() -> Iterator[tuple[str, Floats, Floats]]:
    for path in sorted((DATA / "camera/noisy").iterdir()):
        yield path.stem, read(path), read(DATA / "camera/clean" / path.name)


def middles() -> Iterator[tuple[str, Floats, Floats]]:
    """Yield the middle parts of the images of CC15."""
    for stem, *both in cc15():
        top, left = ((length - SIDE) // 2 for length in both[0].shape[:2])
        noisy, clean = (each[top : top + SIDE, left : left + SIDE].copy() for each in both)
        yield stem, noisy, clean


def pairs(folder: Path) -> Iterator[tuple[str, Floats, Floats]]:
    """Read a folder whose files differ in the words real and mean, as PolyU and Nam have them."""
    for path in sorted(folder.rglob("*[rR]eal.*")):
        clean = path.with_name(path.name.replace("real.", "mean.").replace("Real.", "Mean."))
        yield path.stem, read(path), read(clean)


def apply(denoiser: Denoiser, noisy: Floats) -> Floats:
    stack = np.ascontiguousarray(np.moveaxis(noisy, -1, 0)[None])
    return np.moveaxis(denoiser.denoise_floats(stack)[0], 0, -1)


def at_stride(photo: Denoiser, stride: int) -> Method:
    def run(noisy: Floats) -> Floats:
        out = np.empty_like(noisy)
        for row, column in np.ndindex(stride, stride):
            part = np.ascontiguousarray(noisy[row::stride, column::stride])
            out[row::stride, column::stride] = apply(photo, part)
        return out

    return run


def bm3d(sigma: float) -> Method:
    return lambda noisy: BASELINES["bm3d"](noisy, sigma / 255)


def nonlocal_means(factor: float) -> Method:
    from skimage.restoration import estimate_sigma

    return lambda noisy: BASELINES["non-local means"](
        noisy, factor * float(np.mean(estimate_sigma(noisy, channel_axis=-1)))
    )


def methods(models: list[str], *, quick: bool) -> dict[str, list[Method]]:
    """Return the methods; if a name has several, the best on each image counts."""
    photo = unnoise.load("photo")
    found: dict[str, list[Method]] = {"photo": [partial(apply, photo)]}
    found |= {Path(name).stem: [partial(apply, unnoise.load(name))] for name in models}
    if quick:
        return found
    found |= {f"photo, stride {stride}": [at_stride(photo, stride)] for stride in (2, 3)}
    found["non-local means, best of five"] = [nonlocal_means(factor) for factor in FACTORS]
    return found


def quality(result: Floats, clean: Floats) -> tuple[float, float]:
    image, truth = (np.moveaxis(each, -1, 0)[None] for each in (result.clip(0, 1), clean))
    return float(psnr(image, truth)[0]), float(ssim(image, truth)[0])


def measure(
    images: Iterator[tuple[str, Floats, Floats]], known: dict[str, list[Method]]
) -> dict[str, dict[str, list[float]]]:
    """Return PSNR, SSIM and seconds of each method and image, beginning with the input."""
    found: dict[str, dict[str, list[float]]] = {}

    def note(name: str, values: tuple[float, float], seconds: float) -> None:
        rows = found.setdefault(name, {"psnr": [], "ssim": [], "seconds": []})
        for what, value in zip(rows, (*values, seconds), strict=True):
            rows[what].append(value)

    for stem, noisy, clean in images:
        note("noisy", quality(noisy, clean), 0)
        for name, several in known.items():
            tried, seconds = [], []
            for method in several:
                start = time.perf_counter()
                tried.append(quality(method(noisy), clean))
                seconds.append(time.perf_counter() - start)
            note(name, max(tried), float(np.median(seconds)))
        line = ", ".join(f"{name} {rows['psnr'][-1]:.2f}" for name, rows in found.items())
        print(f"{stem}: {line}", flush=True)
    return found


def table(found: dict[str, dict[str, list[float]]]) -> Iterator[str]:
    yield "| method | PSNR in dB | smallest gain | SSIM | seconds an image, median | times photo |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    noisy = np.array(found["noisy"]["psnr"])
    ours = np.median(found["photo"]["seconds"])
    for name, rows in found.items():
        seconds = np.median(rows["seconds"])
        least = np.min(np.array(rows["psnr"]) - noisy)
        cells = [f"{np.mean(rows['psnr']):.2f}", f"{least:+.2f}", f"{np.mean(rows['ssim']):.4f}"]
        cells += ["–", "–"] if name == "noisy" else [f"{seconds:.2f}", f"{seconds / ours:.1f}"]
        yield f"| {name} | {' | '.join(cells)} |"


def write_classical(machine: str) -> None:
    """Measure BM3D on the middle parts, and keep the figures."""
    found = measure(middles(), {BM3D: [bm3d(sigma) for sigma in SIGMAS]})
    text = json.dumps({"machine": machine, "found": found}, indent=1)
    KEPT.write_text(text + "\n", encoding="utf-8")


def beside_classical(known: dict[str, list[Method]]) -> dict[str, dict[str, list[float]]]:
    """Measure methods on the middle parts, and give the kept figures of BM3D a time of today."""
    found = measure(middles(), known)
    kept = json.loads(KEPT.read_text(encoding="utf-8"))["found"][BM3D]
    _, noisy, _ = next(middles())
    start = time.perf_counter()
    bm3d(SIGMAS[len(SIGMAS) // 2])(noisy)
    return found | {BM3D: kept | {"seconds": [time.perf_counter() - start]}}


def spread(values: list[float]) -> str:
    low, middle, high = np.quantile(values, (0.1, 0.5, 0.9))
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def statistics(noises: Iterator[torch.Tensor], name: str) -> str:
    """Return a row: level and correlation of luma and R - G, as median and range of four fifths."""
    rows: list[list[float]] = []
    for noise in noises:  # (3, H, W)
        luma = split(noise[None])[0][0, 0]
        row: list[float] = []
        for image in (luma, noise[0] - noise[1]):
            power = image.square().mean()
            row.append(255 * float(power.sqrt()))
            row += [
                float((image[:, d:] * image[:, :-d]).mean() / power.clamp_min(1e-12))
                for d in DISTANCES
            ]
        rows.append(row)
    cells = [spread(list(column)) for column in zip(*rows, strict=True)]
    return f"| {name} | {' | '.join(cells)} |"


def compare_statistics() -> None:
    print("| noise | luma, of 255 | at 1 | at 2 | at 3 | R - G, of 255 | at 1 | at 2 | at 3 |")
    print("| --- |" + " --- |" * 8)
    real = (torch.from_numpy(noisy - clean).permute(2, 0, 1) for _, noisy, clean in cc15())
    print(statistics(real, "CC15, measured"))
    paths = sorted((DATA / "photos/train").glob("*.jpg"))[::8]
    for spec in SPECS:
        noise = parse_noise(spec)

        def drawn() -> Iterator[torch.Tensor]:
            for place, path in enumerate(paths):
                part = torch.from_numpy(read(path)[32:288, 32:288]).permute(2, 0, 1)[None]
                yield (noise(part, generator(0, place)) - part)[0]  # noqa: B023  used at once

        print(statistics(drawn(), f"`{spec}`"))


def speed(models: list[str]) -> None:
    """Print the share of the noise in a training step, and the time of models."""
    info = unnoise.load("photo").info
    network = build_model(info.model, info.arguments)
    clean = torch.rand(8, 3, 96, 96)

    def step() -> None:
        network.zero_grad()
        (network(clean) - clean).abs().mean().backward()

    works: dict[str, Callable[[], Any]] = {"step": step}
    for spec in ("camera:1600", "grain:0.02", "jpeg:75", "rows:0.1", "chroma:0.1", "stain:0.5"):
        works[spec] = partial(draw, parse_noise(spec), clean)
    seconds = rounds(works)
    for name, value in seconds.items():
        print(f"{name}: {1000 * value:.1f} ms, {value / seconds['step']:.1%} of a step")
    image = np.random.default_rng(0).random((512, 512, 3)).astype(np.float32)
    loaded = {name: unnoise.load(name) for name in ("photo", *models)}
    seconds = rounds({name: partial(apply, model, image) for name, model in loaded.items()})
    for name, value in seconds.items():
        print(f"{name}: {value / image[..., 0].size * 1e6:.2f} s/megapixel")


def draw(noise: Noise, clean: torch.Tensor) -> torch.Tensor:
    return noise(clean, generator(0))


def rounds(works: dict[str, Callable[[], Any]], count: int = 9) -> dict[str, float]:
    """Return the median seconds of each, measured in turn."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(count):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            taken[name].append(time.perf_counter() - start)
    return {name: float(np.median(values[1:])) for name, values in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--polyu", type=Path, help="folder with the pairs of PolyU")
    parser.add_argument("--nam", type=Path, help="folder with the pairs of Nam et al.")
    parser.add_argument("--model", nargs="*", default=[], help="further models to compare")
    parser.add_argument("--quick", action="store_true", help="models alone; writes nothing")
    parser.add_argument("--classical", action="store_true", help="measure BM3D again (15 minutes)")
    parser.add_argument("--statistics", action="store_true")
    parser.add_argument("--speed", action="store_true")
    options = parser.parse_args()
    if not (DATA / "camera").is_dir():
        sys.exit(f"there are no images in {DATA}/camera: set UNNOISE_DATA")
    machine = describe_machine()
    print(machine)
    if options.classical:
        return write_classical(machine)
    if options.statistics:
        return compare_statistics()
    if options.speed:
        return speed(options.model)
    sets = {"CC15": cc15()}
    sets |= {n: pairs(f) for n, f in (("PolyU", options.polyu), ("Nam", options.nam)) if f}
    known = methods(options.model, quick=options.quick)
    found = {name: measure(images, known) for name, images in sets.items()}
    if not options.quick:
        plain = methods(options.model, quick=True)
        found["CC15, the middle 256 × 256"] = beside_classical(plain)
    text = "\n".join(f"\n## {name}\n\n" + "\n".join(table(rows)) for name, rows in found.items())
    print(text)
    if not options.quick:
        head = f"# Real noise of cameras\n\nWritten by `make bench-camera` on {machine}.\n"
        (DOCS / "camera-benchmark.md").write_text(head + text + "\n", encoding="utf-8")
        data = json.dumps({"machine": machine, "found": found}, indent=1)
        (DOCS / "camera-benchmark.json").write_text(data + "\n", encoding="utf-8")
    return None


if __name__ == "__main__":
    main()
