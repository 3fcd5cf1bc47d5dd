"""Neighbouring images of a stack: quality, cost, and the other designs.

    python benchmarks/neighbours.py PART [--minutes M] [--noise white] [--only TEXT]

choice      particles in water with noise: what ``unnoise train`` chooses by itself, against the
            best of one image at a time; also the error where something moves
objectives  every objective with and without neighbours, in the same time
slices      the same for slices of blobs, half a width of them to two widths apart
designs     neighbours as channels of the first layer, against 3-D convolutions at the first levels
burst       four captures of each field of view in microscopy/ as a stack, against one at a time
speed       seconds for 16 frames of 512 × 512 at depth 5, over those at depth 1
memory      peak memory of training and denoising with a 16-bit stack of 1 GB

The films are in $UNNOISE_DATA (timelapse/, microscopy/). Clean films get noise of a fixed seed; no
clean frame is seen in training.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import torch
from machine import describe_machine
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn
from torch.nn import functional as F

import unnoise
from unnoise.images import read_stack
from unnoise.models import MODELS, Architecture, UNet

Film = NDArray[Any]  # (T, H, W) of floats
SCALE, BLACK = 40000, 12000  # of the 16-bit files, so that noise below 0 is kept
MOVING = 0.99  # quantile of the change between frames from which on pixels count as moving
DEEP: dict[str, Any] = {"objective": "interpolation", "depth": "5"}
OBJECTIVES: dict[str, dict[str, Any]] = {
    "one image, neighbor2neighbor": {"objective": "neighbor2neighbor", "depth": "1"},
    "one image, noise2void": {"objective": "noise2void", "depth": "1"},
    "five images, neighbor2neighbor": {"objective": "neighbor2neighbor", "depth": "5"},
    "five images, noise2void": {"objective": "noise2void", "depth": "5"},
    "interpolation, middle hidden": DEEP,
    "interpolation of three images": {**DEEP, "depth": "3"},
    "interpolation of seven images": {**DEEP, "depth": "7"},
    "interpolation, blind spot of 1": {**DEEP, "blind_spot": 1},
    "interpolation, blind spot of 5": {**DEEP, "blind_spot": 5},
}
PEAK = """
import resource
from unnoise.cli import main
try:
    main()
except SystemExit:
    pass
own, child = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
peaks = [each.ru_maxrss / 2**20 for each in (own, child)]
print("peak {:.2f} GiB, of its largest child {:.2f} GiB".format(*peaks))
"""
DESIGNS = {
    "channels of the first layer": "unet-s",
    "3-D convolutions, as wide": "volume",
    "3-D convolutions, as many multiply-adds": "volume-narrow",
}


def data() -> Path:
    return Path(os.environ.get("UNNOISE_DATA") or Path(__file__).parents[2] / "shared/data")


def water() -> Film:
    film: Film = tifffile.imread(data() / "timelapse/water.tif").astype(np.float32) / np.float32(
        255
    )
    return film


def noisy(clean: Film, kind: str) -> Film:
    """Add noise: ``white`` of 0.1, the same with a ``grain``, or ``poisson:30+gaussian:0.02``."""
    random = np.random.default_rng(0)
    noise = random.standard_normal(clean.shape, np.float32)
    if kind == "grain":
        noise = np.stack([gaussian_filter(frame, 0.7) for frame in noise])
        noise /= noise.std()
    if kind == "poisson":
        photons: Film = random.poisson(clean * 30).astype(np.float32)
        return photons / 30 + np.float32(0.02) * noise
    made: Film = clean + np.float32(0.1) * noise
    return made


def write(film: Film, path: Path) -> Path:
    values = (film * SCALE + BLACK).round().clip(0, 65535).astype(np.uint16)
    tifffile.imwrite(path, values, imagej=True, metadata={"axes": "TYX"})
    return path


def psnr(made: Film, clean: Film) -> float:
    return float(-10 * np.log10(np.mean((made.clip(0, 1) - clean) ** 2)))


def moving_error(made: Film, clean: Film) -> float:
    """Return the mean absolute error at the pixels that change most between frames."""
    step = np.abs(np.diff(clean, axis=0))
    change = np.maximum(np.concatenate([step[:1], step]), np.concatenate([step, step[-1:]]))
    places = change > np.quantile(change, MOVING)
    return float(np.abs(made - clean)[places].mean())


def learn(path: Path, clean: Film, **settings: Any) -> str:
    """Train on a noisy film, denoise it, and return the figures."""
    start = time.perf_counter()
    denoiser = unnoise.train(path, **settings, say=lambda _: None)
    seconds = time.perf_counter() - start
    film = tifffile.imread(path)
    made = (denoiser.stack(film, axes="TYX").astype(np.float32) - BLACK) / SCALE
    info = denoiser.info
    depth = "x".join(map(str, info.depth.values())) or "1"
    return (
        f"{psnr(made, clean):6.2f} dB  moving {moving_error(made, clean):.4f}  "
        f"{info.objective.split(',')[0]}, depth {depth}, stride {info.strides[0]}, "
        f"{info.trained['steps']:.0f} steps, {seconds:.0f} s, "
        f"{denoiser.describe()['kmacs_per_pixel']:.1f} kMAC/pixel"
    )


def choice(folder: Path, options: argparse.Namespace) -> None:
    clean = water()
    for kind in options.noise:
        film = noisy(clean, kind)
        path = write(film, folder / f"{kind}.tif")
        print(f"{kind}: noisy {psnr(film, clean):.2f} dB, moving {moving_error(film, clean):.4f}")
        runs: dict[str, dict[str, Any]] = {"chosen": {}, "one image": {"depth": "1"}}
        if kind != "grain":
            runs["single images by noise2void"] = {"depth": 1, "objective": "noise2void"}
        report(runs, path, clean, options)


def slices(folder: Path, options: argparse.Namespace) -> None:
    kinds = ("one image, neighbor2neighbor", *OBJECTIVES)
    for spacing in (0.5, 1.0, 2.0):
        clean = blobs(spacing)
        path = write(noisy(clean, "white"), folder / f"blobs-{spacing}.tif")
        print(f"slices {spacing} standard deviations of the blobs apart:")
        shown = {"chosen": {}, **{name: OBJECTIVES[name] for name in kinds if "void" not in name}}
        report(shown, path, clean, options)


def blobs(spacing: float) -> Film:
    """Return 24 slices of blobs of 3 pixels, ``spacing`` of their standard deviations apart."""
    random, fine = np.random.default_rng(3), 2.0  # slices a standard deviation
    deep = int(24 * spacing * fine) + 1
    volume = np.zeros((deep, 256, 256), np.float32)
    count = volume.size // 4000
    places = tuple(random.integers(0, side, count) for side in volume.shape)
    volume[places] = 0.5 + random.random(count)
    volume = gaussian_filter(volume, (fine, 3, 3))
    scaled: Film = (volume / np.quantile(volume, 0.999)).clip(0, 1)
    return scaled[:: int(spacing * fine)][:24]


def objectives(folder: Path, options: argparse.Namespace) -> None:
    clean = water()
    for kind in options.noise:
        path = write(noisy(clean, kind), folder / f"{kind}.tif")
        print(f"{kind}:")
        report(OBJECTIVES, path, clean, options)


def report(
    runs: dict[str, dict[str, Any]], path: Path, clean: Film, options: argparse.Namespace
) -> None:
    for name, settings in runs.items():
        if options.only in name:
            found = learn(path, clean, minutes=options.minutes, **settings)
            print(f"  {name:40} {found}", flush=True)


class Volume(UNet):
    """A U-Net whose first two convolutions, at full resolution, are 3 × 3 × 3.

    The middle image is the mean of those beside it, where it is hidden.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        width = self.stem.out_channels
        # Kept flat: weights of five axes have no channels-last layout.
        self.shapes = [(width, self.channels, 3, 3, 3), (width, width, 3, 3, 3)]
        made = [nn.Conv3d(inputs, outputs, 3) for outputs, inputs, *_ in self.shapes]
        self.volumes = nn.ParameterList(each.weight.detach().flatten(1) for each in made)
        self.biases = nn.ParameterList(each.bias.detach() for each in made if each.bias is not None)
        # 5 images become 5, then 3, then the means of 3.
        self.stem = nn.Conv2d(width, width, 1)

    def features(self, noisy: Tensor) -> list[Tensor]:
        seen = noisy.unflatten(1, (self.depth, self.channels))
        if self.hidden:
            half = self.depth // 2
            seen = seen.clone()
            seen[:, half] = (seen[:, half - 1] + seen[:, half + 1]) / 2
        x = seen.transpose(1, 2)
        for number, shape in enumerate(self.shapes):
            weight = self.volumes[number].view(shape)
            x = F.relu_(F.conv3d(x, weight, self.biases[number], padding=(1 - number, 1, 1)))
        x = x.mean(2)
        features = [F.relu_(self.stem(x.contiguous(memory_format=torch.channels_last)))]
        for down in self.down:
            features.append(F.relu_(down(features[-1])))
        features[-1] = self.levels[-1](features[-1])
        return features


def designs(folder: Path, options: argparse.Namespace) -> None:
    wide = MODELS["unet-s"].arguments
    MODELS["volume"] = Architecture(Volume, wide)
    MODELS["volume-narrow"] = Architecture(Volume, {**wide, "widths": (8, 24, 48, 96)})
    clean = water()
    for kind in options.noise:
        path = write(noisy(clean, kind), folder / f"{kind}.tif")
        print(f"{kind} (multiply-adds of 3-D layers are counted by hand below):")
        for name, model in DESIGNS.items():
            if options.only in name:
                found = learn(path, clean, minutes=options.minutes, model=model, **DEEP)
                print(f"  {name:40} {found} + {volume_cost(model):.1f}", flush=True)


def volume_cost(name: str) -> float:
    """Return the thousand multiply-adds a pixel of the 3-D layers."""
    if name == "unet-s":
        return 0.0
    width = MODELS[name].arguments["widths"][0]
    return 27 * (5 * int(width) + 3 * int(width) ** 2) / 1000


def burst(folder: Path, options: argparse.Namespace) -> None:
    names = sorted({path.stem[:-2] for path in (data() / "microscopy/noisy").glob("*_1.*")})
    for name in (name for name in names if options.only in name):
        noisy_ones, clean = (read_captures(side, name) for side in ("noisy", "clean"))
        path = folder / f"{name}.tif"
        tifffile.imwrite(path, noisy_ones, imagej=True, metadata={"axes": "TYX"})
        mean = noisy_ones.astype(np.float32).mean(0)
        print(
            f"{name}: noisy {levels(noisy_ones, clean):.2f} dB, "
            f"mean of four {levels(mean, clean[0]):.2f} dB"
        )
        for label, depth in {"chosen": "auto", "one image": "1"}.items():
            length: dict[str, Any] = {"minutes": options.minutes, "depth": depth}
            denoiser = unnoise.train(path, **length, say=lambda _: None)
            made = denoiser.stack(noisy_ones, axes="TYX")
            info = denoiser.info
            print(
                f"  {label:12} {levels(made, clean):.2f} dB  {info.objective.split(',')[0]}, "
                f"depth {dict(info.depth) or 1}, stride {info.strides[0]}",
                flush=True,
            )


def read_captures(side: str, name: str) -> NDArray[np.uint8]:
    paths = sorted((data() / "microscopy" / side).glob(f"{name}_*"))
    return np.concatenate([read_stack(path)[0][..., 0] for path in paths]).astype(np.uint8)


def levels(made: NDArray[Any], clean: NDArray[Any]) -> float:
    return psnr(made.astype(np.float64) / 255, clean.astype(np.float64) / 255)


def speed(folder: Path, options: argparse.Namespace) -> None:
    """Time both in turns."""
    frames = np.random.default_rng(0).random((16, 512, 512), np.float32)
    film = write(frames, folder / "film.tif")
    kinds = {
        depth: unnoise.train(film, depth=depth, steps=1, say=lambda _: None) for depth in (1, 5)
    }
    seconds: dict[int, list[float]] = {1: [], 5: []}
    for _ in range(options.rounds):
        for depth, denoiser in kinds.items():
            start = time.perf_counter()
            denoiser.denoise_file(film, folder / f"{depth}.tif", overwrite=True)
            seconds[depth].append(time.perf_counter() - start)
    one, five = (statistics.median(each) for each in seconds.values())
    ratio = statistics.median(b / a for a, b in zip(*seconds.values(), strict=True))
    print(f"16 frames of 512 × 512: depth 1 {one:.3f} s, depth 5 {five:.3f} s, ratio {ratio:.2f}")


def memory(folder: Path, _: argparse.Namespace) -> None:
    """Train and denoise in processes of their own, and print their peak memory."""
    path = folder / "large.tif"
    if not path.exists():
        random = np.random.default_rng(0)
        tile = random.integers(0, 4096, (8, 512, 512), np.uint16)
        with tifffile.TiffWriter(path, bigtiff=True) as file:
            for index in range(2000):
                file.write(np.roll(tile[index % 8], index, 0), contiguous=True)
    run, out = folder / "run", folder / "out"
    train = ["train", path, "--axes", "TYX", "--depth", 5, "--memory", 0.5, "--steps", 60]
    for name, command in {
        "train": [*train, "--out", run, "--overwrite"],
        "denoise": ["denoise", path, "--axes", "TYX", "--model", run, "--out", out, "--overwrite"],
    }.items():
        start = time.perf_counter()
        made = subprocess.run(
            [sys.executable, "-c", PEAK, *map(str, command)],
            check=True,
            capture_output=True,
            text=True,
        )
        peak = made.stdout.strip().splitlines()[-1]
        print(f"{name}: {peak}, {time.perf_counter() - start:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    kinds = (choice, objectives, slices, designs, burst, speed, memory)
    parser.add_argument("part", nargs="?", default="choice", choices=[f.__name__ for f in kinds])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--noise", nargs="+", default=["white", "grain", "poisson"])
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    print(describe_machine())
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        dict(zip([f.__name__ for f in kinds], kinds, strict=True))[options.part](folder, options)


if __name__ == "__main__":
    main()
