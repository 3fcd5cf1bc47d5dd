"""Compare unnoise with the Keras original, side by side in one run on this machine.

Usage: python benchmarks/seed_keras/run.py [--epochs 20] [--data-dir FOLDER]

Writes docs/seed-keras.md and docs/seed-keras.png. Needs the full MNIST, and the environment of the
original beside this file (`make bench-keras` makes it).
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import unnoise
from unnoise.data import load_images
from unnoise.images import to_float
from unnoise.metrics import psnr, ssim
from unnoise.models import Autoencoder
from unnoise.noise import parse_noise
from unnoise.seeding import generator
from unnoise.training import Progress

HERE = Path(__file__).parent
PYTHON = HERE / ".venv/bin/python"
DOCS = HERE.parents[1] / "docs"
NOISE, SEED = "gaussian:0.3,clip", 13
ROUNDS = 5
TOLERANCE = 1e-4

Stack = NDArray[np.float32]
Curve = list[tuple[float, float]]  # (seconds of training, PSNR on the test images)


@dataclass
class Contender:
    """One trained model and its measurements."""

    name: str
    seconds: float
    psnr: float
    ssim: float
    bce: float
    curve: Curve


def original(folder: Path, *arguments: object) -> str:
    command = [str(PYTHON), str(HERE / "original.py"), str(folder), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        sys.exit(f"the original failed:\n{result.stderr[-2000:]}")
    return result.stdout


def bce(images: Stack, clean: Stack) -> float:
    p = images.astype(np.float64).clip(1e-7, 1 - 1e-7)
    return float(-(clean * np.log(p) + (1 - clean) * np.log1p(-p)).mean())


def judge(name: str, seconds: float, images: Stack, clean: Stack, curve: Curve) -> Contender:
    quality = float(psnr(images, clean).mean()), float(ssim(images, clean).mean())
    return Contender(name, seconds, *quality, bce(images, clean), curve)


def arithmetic(folder: Path) -> float:
    """Largest difference between our autoencoder and Keras, given the same weights."""
    original(folder, "weights")
    theirs, ours = np.load(folder / "weights.npz"), Autoencoder().eval()
    names = {"kernel": "weight", "gamma": "weight", "beta": "bias", "bias": "bias"}
    names |= {"moving_mean": "running_mean", "moving_variance": "running_var"}
    state = {k: v for k, v in ours.state_dict().items() if k.endswith("num_batches_tracked")}
    for key in theirs.files:
        layer, kind = key.split("/", 1)[0], key.rsplit("/", 1)[-1]
        value = theirs[key]
        # Keras: (h, w, in, out), transposed (h, w, out, in), dense (in, out).
        value = value.transpose(3, 2, 0, 1) if value.ndim == 4 else value.T
        state[f"{layer}.{names[kind]}"] = torch.from_numpy(value.copy())
    ours.load_state_dict(state)
    with torch.inference_mode():
        result = ours(torch.from_numpy(np.load(folder / "input.npy")).permute(0, 3, 1, 2))
    return float(np.abs(result.permute(0, 2, 3, 1).numpy() - np.load(folder / "output.npy")).max())


def train_ours(name: str, test: tuple[Stack, Stack], **settings: object) -> Contender:
    """Train, and take the curve on the validation images that the loop reports."""
    curve: Curve = []

    def note(progress: Progress) -> None:
        if progress.validation is not None and progress.validation.psnr is not None:
            curve.append((progress.seconds, progress.validation.psnr))

    start = time.perf_counter()
    denoiser = unnoise.train("mnist", seed=SEED, report=note, **settings)  # type: ignore[arg-type]
    seconds = time.perf_counter() - start
    found = judge(name, seconds, denoiser.denoise_floats(test[0]), test[1], curve)
    print(f"{name}: {seconds:.1f} s, {found.psnr:.2f} dB", flush=True)
    return found


def throughput(folder: Path, noisy: Stack, data_dir: str | None) -> tuple[float, float, float]:
    """Images per second of the original, our default and our classic: medians, interleaved."""
    models = [
        unnoise.train("mnist", steps=2, data_dir=data_dir),
        unnoise.train("mnist", preset="classic", steps=2, data_dir=data_dir),
    ]
    theirs: dict[str, list[float]] = {}
    ours: list[list[float]] = [[] for _ in models]
    for _ in range(ROUNDS):
        for size, speed in json.loads(original(folder, "predict").splitlines()[-1]).items():
            theirs.setdefault(size, []).append(speed)
        for model, speeds in zip(models, ours, strict=True):
            model.denoise_floats(noisy)
            start = time.perf_counter()
            model.denoise_floats(noisy)
            speeds.append(len(noisy) / (time.perf_counter() - start))
    best = max(map(statistics.median, theirs.values()))
    return best, statistics.median(ours[0]), statistics.median(ours[1])


def draw(contenders: list[Contender]) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 4.2), dpi=150, layout="constrained")
    axes = figure.subplots()
    for contender in contenders:
        seconds, decibels = zip(*contender.curve, strict=True)
        axes.plot(seconds, decibels, marker=".", label=contender.name)
    axes.set(xscale="log", xlabel="seconds of training", ylabel="PSNR in dB")
    axes.set_title("MNIST, gaussian:0.3,clip: quality over training time")
    axes.grid(alpha=0.25, which="both")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    FigureCanvasAgg(figure).print_figure(str(DOCS / "seed-keras.png"))


def cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def write_results(
    contenders: list[Contender], speeds: tuple[float, float, float], difference: float
) -> None:
    isa = torch.backends.cpu.get_cpu_capability()
    lines = [
        "# unnoise and the Keras original",
        "",
        "Written by `make bench-keras`: both in one run on one machine, MNIST, "
        f"`{NOISE}`, figures on the 10,000 test images with the same noise.",
        f"Machine: {cpu_name()}, {os.cpu_count()} cores, {isa}; {date.today().isoformat()}; "
        f"torch {torch.__version__}.",
        "",
        "| training | seconds | PSNR, dB | SSIM | BCE |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(
            f"| {c.name} | {c.seconds:.1f} | {c.psnr:.2f} | {c.ssim:.3f} | {c.bce:.4f} |"
            for c in contenders
        ),
        "",
        f"| prediction, 10,000 images (median of {ROUNDS}, interleaved) | images/s | ratio |",
        "| --- | ---: | ---: |",
        *(
            f"| {name} | {speed:,.0f} | {speed / speeds[0]:.2f} |"
            for name, speed in zip(
                (
                    "Keras original, its best batch size of 32, 128, 512",
                    "unnoise, unet (default)",
                    "unnoise, autoencoder",
                ),
                speeds,
                strict=True,
            )
        ),
        "",
        f"Given the same weights, the outputs of our `autoencoder` and of Keras differ by at most "
        f"{difference:.1e}.",
        "",
        "Seconds are of training alone for the original, and of the whole call (data, split, "
        "validation) for ours. Curves: the original on the test images after each epoch; ours on "
        "its validation images, as the loop reports them. --minutes plans the steps by the speed "
        "at the start, so it takes longer if the machine slows down later.",
        "",
        "![PSNR over training time](seed-keras.png)",
        "",
    ]
    (DOCS / "seed-keras.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--data-dir")
    options = parser.parse_args()
    data_dir = options.data_dir
    where = Path(data_dir) if data_dir else None
    clean = to_float(load_images("mnist", split="train", data_dir=where).stack[:48_000])
    test = to_float(load_images("mnist", split="test", data_dir=where).stack)
    noise = parse_noise(NOISE)

    def corrupt(images: Stack, place: str) -> Stack:
        return noise(torch.from_numpy(images), generator(SEED, place)).numpy()

    test_noisy = corrupt(test, "bench test")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, images in {
            "clean": clean,
            "noisy": corrupt(clean, "bench train"),
            "test_clean": test,
            "test_noisy": test_noisy,
        }.items():
            np.save(folder / f"{file}.npy", images.transpose(0, 2, 3, 1))
        difference = arithmetic(folder)
        print(f"arithmetic: largest difference {difference:.1e}", flush=True)
        if difference > TOLERANCE:
            sys.exit(f"the arithmetic differs from Keras: {difference:.1e} > {TOLERANCE}")
        speeds = throughput(folder, test_noisy, data_dir)
        print(f"prediction, images/s: {speeds}", flush=True)
        print(original(folder, "train", options.epochs), flush=True)
        history = json.loads((folder / "original.json").read_text())
        theirs = judge(
            f"Keras original, {options.epochs} epochs",
            history[-1][0],
            np.load(folder / "original.npy")[:, None],
            test,
            [(s, p) for s, p, _ in history],
        )
    pair = test_noisy, test
    fiftieth, whole = theirs.seconds / 50 / 60, theirs.seconds / 60
    contenders = [
        judge("noisy", 0, test_noisy, test, []),
        theirs,
        train_ours(
            f"unnoise --preset classic, {options.epochs} epochs",
            pair,
            preset="classic",
            epochs=options.epochs,
            data_dir=data_dir,
        ),
        train_ours(
            "unnoise, a fiftieth of the original's time", pair, minutes=fiftieth, data_dir=data_dir
        ),
        train_ours(
            "unnoise, --minutes set to the original's time", pair, minutes=whole, data_dir=data_dir
        ),
    ]
    draw(contenders[1:])
    write_results(contenders, speeds, difference)


if __name__ == "__main__":
    main()
