"""Train the fluorescence denoiser, and put it into the package.

    python tools/pretrain_fluorescence.py [--minutes 25 | --steps N] [--leave-out NAME ...]
                                          [--out runs/fluorescence] [--init MODEL]
                                          [--draw-only | --calibrate-only]

The network learns from one folder of pairs. They are drawn scenes and photographs as a fluorescence
microscope sees them (tools/fluorescence.py); the real captures with their clean means, also in
weaker amplification; and these clean means with drawn noise. With ``--leave-out``, captures whose
names begin with a NAME are in no training, and the package does not change; the model is then in
the run folder, without bounds. A training that was stopped is resumed, and a complete run is put
into the package unchanged. Then the bounds are trained, and the model is calibrated on half of the
micrographs; --calibrate-only does only this. The images are in $UNNOISE_DATA (photos/train,
microscopy).
"""

import argparse
import math
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from fluorescence import (
    Camera,
    Floats,
    Random,
    dimmed,
    drawn_scene,
    optics,
    photograph_scene,
    zoomed,
)
from numpy.typing import NDArray
from pretrain_photo import BOUNDS_ONLY, SUMS, adopt_bounds

from unnoise.api.exporting import export
from unnoise.api.training import train as train_denoiser
from unnoise.cli.console import training_progress
from unnoise.denoiser import Denoiser
from unnoise.images import read_stack, to_channels, write_stack
from unnoise.pretrained import PRETRAINED
from unnoise.runs import RunFolder, read_model_file, write_model_file
from unnoise.trust import calibrate

TARGET = PRETRAINED["fluorescence"]
DATA = (
    "450 photographs (BSDS500, DIV2K) and drawn structures as a fluorescence microscope sees "
    "them, 24 real captures of six specimens (FMD)"
)
SEED = 21
DRAWN, MAGNIFICATIONS = 700, (0.5, 0.7, 1.0, 1.4)
EXPOSURES = 3  # versions of each real capture
NOISES = 2  # versions of each clean mean at each magnification
TRAINING = {
    "model": "unet-slim",
    "loss": "l1",
    "optimizer": "muon",
    "patch": 96,
    "batch_size": 4,
    "validation": 0.03,
    "channels": 1,
}
LR = 0.01
BOUNDS_MINUTES = 3.0
EVERY = 2  # of this many pairs, one is for the calibration

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def read_grey(path: Path) -> NDArray[np.uint8]:
    """Read an 8-bit image as grey (ITU-R BT.601), ``(H, W)``."""
    return to_channels(read_stack(path)[0], 1)[0, ..., 0].astype(np.uint8)


def drawn_pairs(photographs: list[Path]) -> Iterator[Pair]:
    """Photographs and drawn scenes, each through its own optics to its own camera."""
    for number in range(DRAWN + len(photographs)):
        random = np.random.default_rng([SEED, number])
        if number < DRAWN:
            scene = drawn_scene(random)
        else:
            scene = photograph_scene(read_grey(photographs[number - DRAWN]) / 255, random)
        yield Camera.drawn(random).pair(optics(scene, random), random)


def real_pairs(captures: list[Path]) -> Iterator[Pair]:
    """Real captures with their clean means, unchanged and in weaker amplification."""
    for number, path in enumerate(captures):
        random = np.random.default_rng([SEED, 1, number])
        noisy, clean = read_grey(path), read_grey(clean_of(path))
        for factor in (1.0, *random.uniform(0.4, 1, EXPOSURES - 1)):
            yield dimmed(noisy, factor), dimmed(clean, factor)


def specimen_pairs(captures: list[Path]) -> Iterator[Pair]:
    """Clean means of specimens at other magnifications, with other cameras."""
    first = {path.stem[:-2]: path for path in reversed(captures)}
    for number, path in enumerate(first.values()):
        clean: Floats = read_grey(clean_of(path)).astype(np.float64)
        low, high = np.percentile(clean, [0.1, 99.9])
        for place, factor in enumerate(MAGNIFICATIONS * NOISES):
            random: Random = np.random.default_rng([SEED, 2, number, place])
            light = zoomed((clean - low) / (high - low), factor)
            yield Camera.drawn(random).pair(light, random)


def clean_of(capture: Path) -> Path:
    """Return the clean mean of a capture."""
    return capture.parents[1] / "clean" / capture.name


def write_pairs(folder: Path, pairs: Iterator[Pair], kind: str) -> None:
    """Write pairs as ``noisy/kind_0000.tif`` and ``clean/kind_0000.tif``."""
    for number, sides in enumerate(pairs):
        for side, image in zip(("noisy", "clean"), sides, strict=True):
            write_stack(folder / side / f"{kind}_{number:04}.tif", image)


def draw(folder: Path, data: Path, left_out: list[str]) -> None:
    """Make the folder of pairs; existing pairs stay."""
    if (folder / "complete").exists():
        return
    for side in ("noisy", "clean"):
        (folder / side).mkdir(parents=True, exist_ok=True)
    captures = [
        path
        for path in sorted((data / "microscopy/noisy").glob("*.png"))
        if not path.name.startswith(tuple(left_out))
    ]
    write_pairs(folder, drawn_pairs(sorted((data / "photos/train").iterdir())), "drawn")
    write_pairs(folder, real_pairs(captures), "real")
    write_pairs(folder, specimen_pairs(captures), "specimen")
    (folder / "complete").touch()


def train(folder: Path, run: RunFolder, **settings: object) -> None:
    """Train on the pairs, or resume a stopped training."""
    with training_progress(quiet=False) as report:
        if run.config.exists() and not run.model.exists():
            train_denoiser(out=run.path, resume=True, report=report)
            return
        train_denoiser(
            folder / "noisy",
            targets=folder / "clean",
            out=run.path,
            overwrite=True,
            seed=SEED,
            report=report,
            **{**TRAINING, **settings},  # type: ignore[arg-type]  # of the command line
        )


def adopt(run: RunFolder, target: Path = TARGET) -> None:
    """Put the model of a run into the package."""
    info, weights = read_model_file(run.model)
    trained, start = dict(info.trained), run.read_config().init
    if start is not None:
        before = read_model_file(Path(start))[0].trained
        trained |= {name: before.get(name, 0) + trained[name] for name in SUMS if name in trained}
    write_model_file(target, replace(info, data=DATA, trained=trained), weights)


def calibrate_model(folder: Path, target: Path = TARGET) -> None:
    """Calibrate a model, on more images than a training uses.

    `denoise` uses this calibration to choose between the models in the package. Dark photographs
    are left out: an image like them is a photograph.
    """
    info, weights = read_model_file(target)
    noisy, clean = (
        [(read_grey(path)[None] / 255).astype(np.float32) for path in micrographs(folder / side)]
        for side in ("noisy", "clean")
    )
    found = calibrate(Denoiser.load(target), noisy, clean, pixels=math.inf, seed=SEED)
    write_model_file(target, replace(info, calibration=found.to_plain()), weights)


def micrographs(folder: Path) -> list[Path]:
    """Return every second image that was drawn or shows a real specimen."""
    first = f"drawn_{DRAWN:04}"  # of the photographs
    paths = sorted(folder.iterdir())
    return [path for path in paths if not first <= path.stem < "real"][::EVERY]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--steps", type=int, help="instead of minutes")
    parser.add_argument("--leave-out", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--out", type=Path, default=Path("runs/fluorescence"))
    parser.add_argument("--init", type=Path, help="the model file to start from")
    parser.add_argument("--lr", type=float, default=LR)
    parser.add_argument("--loss", default=TRAINING["loss"], choices=("l1", "root-l1", "mse"))
    parser.add_argument("--draw-only", action="store_true", help="make the pairs, and stop")
    parser.add_argument(
        "--calibrate-only", action="store_true", help="calibrate the model in the package, and stop"
    )
    options = parser.parse_args()
    data = Path(os.environ.get("UNNOISE_DATA", "../shared/data"))
    if not (data / "microscopy").is_dir() or not (data / "photos/train").is_dir():
        sys.exit(f"there is no microscopy/ or photos/train/ in {data}: set UNNOISE_DATA")
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", torch.get_num_threads())))
    pairs = options.out.with_name(options.out.name + "-pairs")
    draw(pairs, data, options.leave_out)
    if options.draw_only:
        return
    run = RunFolder(options.out)
    if not options.calibrate_only:
        make(pairs, run, options)
    calibrate_model(pairs, run.model if options.leave_out else TARGET)
    if not options.leave_out:
        export(TARGET, TARGET.with_suffix(".onnx"), overwrite=True)


def make(pairs: Path, run: RunFolder, options: argparse.Namespace) -> None:
    """Train the weights if there are none, and the bounds if the package gets them."""
    if not run.model.exists():
        settings = {"lr": options.lr, "loss": options.loss}
        settings |= {"steps": options.steps} if options.steps else {"minutes": options.minutes}
        settings |= {"model": None, "init": options.init} if options.init else {}
        train(pairs, run, **settings)
    if options.leave_out:
        return
    adopt(run)
    bounds = RunFolder(run.path.with_name(run.path.name + "-bounds"))
    start = {"model": None, "init": TARGET, "lr": LR, "minutes": BOUNDS_MINUTES}
    train(pairs, bounds, **start, **BOUNDS_ONLY)
    adopt_bounds(bounds, TARGET)


if __name__ == "__main__":
    main()
