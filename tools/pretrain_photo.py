"""Train the photo denoiser further, and put the result into the package if it is better.

    python tools/pretrain_photo.py [--minutes 90] [--out runs/photo] [--bounds-only] [--replace]

Continues from the weights in the package by presets/photo.toml, on photographs and enlarged pieces
of them (tools/soften.py); a training that was stopped is resumed first. Better means a higher PSNR
on the held-out images, which are the same for the same photographs, seed, share and noise; no test
set is used. With --replace, the weights of the run are taken in any case, also after training with
another noise. Then the bounds are trained for the weights in the package, and the model is
calibrated, on a fifth of the images. Afterwards measure new weights with `make bench-photo`, copy
its figures to their card, and measure bounds and calibration with `make bench-trust`. The
photographs are in $UNNOISE_DATA/photos/train.
"""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from soften import soften

from unnoise.api.exporting import export
from unnoise.api.training import train as train_denoiser
from unnoise.cli.console import training_progress
from unnoise.pretrained import PRETRAINED
from unnoise.runs import BOUNDS, ModelInfo, RunFolder, read_model_file, write_model_file

TARGET = PRETRAINED["photo"]
PRESET = Path(__file__).parents[1] / "presets/photo.toml"
DATA = "BSDS500 train and test, DIV2K at half size: 450 photographs, 300 enlarged pieces of them"
SUMS = "steps", "images", "patches", "seconds"
# Late in a training, larger crops, which have fewer borders, and a smaller rate gain more.
FURTHER = {"patch": 128, "batch_size": 4, "lr": 0.003}
BOUNDS_ONLY = {"freeze": True, "intervals": 0.9, "validation": 0.2}
BOUNDS_MINUTES = 5.0


def train(photographs: Path, minutes: float, run: RunFolder, settings: dict[str, Any]) -> None:
    """Resume a stopped training, or continue from the weights in the package."""
    with training_progress(quiet=False) as report:
        if run.config.exists() and not run.model.exists():
            train_denoiser(out=run.path, resume=True, report=report)
            return
        train_denoiser(
            photographs,
            config=PRESET,
            init="photo",
            minutes=minutes,
            out=run.path,
            overwrite=True,
            report=report,
            **settings,
        )


def adopt(run: RunFolder, target: Path = TARGET, *, replace_any: bool = False) -> str:
    """Write the model of a run to ``target`` if it is better; return a report in words."""
    info, weights = read_model_file(run.model)
    old = read_model_file(target)[0] if target.exists() else None
    compared = old if not replace_any else None
    if compared and compared.noise != info.noise:
        return (
            f"kept the old weights: they were measured with other noise ({compared.noise}) than "
            f"the run ({info.noise}), so their PSNR cannot be compared"
        )
    if compared and compared.trained["psnr"] >= info.trained["psnr"]:
        return f"kept the old weights: {_psnr(compared)}, and the run has {_psnr(info)}"
    trained = dict(info.trained)
    if old and run.read_config().init is not None:
        trained |= {
            name: old.trained.get(name, 0) + trained[name] for name in SUMS if name in trained
        }
    write_model_file(target, replace(info, data=DATA, trained=trained), weights)
    return f"new weights: {_psnr(info)}" + (f", before {_psnr(compared)}" if compared else "")


def adopt_bounds(run: RunFolder, target: Path = TARGET) -> None:
    """Put the bounds and the calibration of a run beside the weights that they belong to."""
    info, weights = read_model_file(run.model)
    old, before = read_model_file(target)
    changed = [name for name in before if not name.startswith(BOUNDS)]
    assert all(torch.equal(before[name], weights[name]) for name in changed), "other weights"
    kept = replace(old, bounds=info.bounds, calibration=info.calibration)
    write_model_file(target, kept, weights)


def _psnr(info: ModelInfo) -> str:
    return f"{info.trained['psnr']:.3f} dB"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--out", type=Path, default=Path("runs/photo"))
    parser.add_argument("--bounds-only", action="store_true")
    parser.add_argument("--replace", action="store_true", help="take the new weights in any case")
    options = parser.parse_args()
    photographs = Path(os.environ.get("UNNOISE_DATA", "../shared/data")) / "photos/train"
    if not photographs.is_dir():
        sys.exit(f"there are no photographs in {photographs}: set UNNOISE_DATA")
    data = options.out.with_name("photo-data")
    print(f"{soften(photographs, data)} photographs in {data}")
    run, bounds = RunFolder(options.out), RunFolder(options.out.with_name("photo-bounds"))
    if not options.bounds_only:
        go_on(data, options.minutes, run, replace_any=options.replace)
    train(data, BOUNDS_MINUTES, bounds, BOUNDS_ONLY)
    adopt_bounds(bounds)
    export(TARGET, TARGET.with_suffix(".onnx"), overwrite=True)


def go_on(photographs: Path, minutes: float, run: RunFolder, *, replace_any: bool) -> None:
    """Train further, and adopt better weights."""
    if run.model.exists():
        # A training may have been stopped before this.
        print(adopt(run, replace_any=replace_any))
        if replace_any:
            return
    train(photographs, minutes, run, FURTHER)
    print(adopt(run, replace_any=replace_any))


if __name__ == "__main__":
    main()
