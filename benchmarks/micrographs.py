"""The fluorescence denoiser on real captures, beside a gaussian filter, photo, and training.

    python benchmarks/micrographs.py [--model MODEL] [--only NAME ...] [--minutes 2 | --steps N]

Prints the mean PSNR of the four captures of each specimen. The gaussian filter has the best of 15
widths for each capture, chosen by its clean mean. --minutes also trains a network for this time on
the noisy captures of each specimen alone. The weights in the package have seen all six specimens.
Figures of unseen ones come from a training that left them out:

    python tools/pretrain_fluorescence.py --leave-out Confocal_FISH WideField_BPAE_R \\
        --out runs/trial
    python benchmarks/micrographs.py --model runs/trial --only Confocal_FISH WideField_BPAE_R

The captures are in $UNNOISE_DATA/microscopy.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from machine import describe_machine
from numpy.typing import NDArray
from own_images import Image, Length, psnr, read_grey
from scipy.ndimage import gaussian_filter

import unnoise
from unnoise.evaluation.tuning import PIXELS
from unnoise.images import write_stack

SEED = 13
WHITE = 255

Capture = tuple[NDArray[np.uint8], NDArray[np.uint8]]  # noisy and clean


def specimens(data: Path, only: list[str]) -> dict[str, list[Capture]]:
    """Return the captures of each specimen."""
    found: dict[str, list[Capture]] = {}
    for path in sorted((data / "noisy").glob("*.png")):
        if not only or path.name.startswith(tuple(only)):
            pair = read_grey(path), read_grey(data / "clean" / path.name)
            found.setdefault(path.stem[:-2], []).append(pair)
    return found


def best_gaussian(noisy: NDArray[np.uint8], clean: NDArray[np.uint8]) -> float:
    """Return the PSNR of a gaussian filter of the best width."""
    wide: Image = noisy.astype(np.float64)
    return max(psnr(gaussian_filter(wide, pixels), clean, WHITE) for pixels in PIXELS)


def trained_alone(captures: list[Capture], length: Length) -> unnoise.Denoiser:
    """Train on the noisy captures of one specimen, with no clean image."""
    with tempfile.TemporaryDirectory() as folder:
        for number, (noisy, _) in enumerate(captures):
            write_stack(Path(folder) / f"capture{number}.png", noisy)
        return unnoise.train(folder, seed=SEED, say=lambda _: None, **length)  # type: ignore[arg-type]


def quality(denoiser: unnoise.Denoiser, captures: list[Capture]) -> float:
    """Return the mean PSNR of denoised captures."""
    return float(np.mean([psnr(denoiser(noisy), clean, WHITE) for noisy, clean in captures]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", default="fluorescence")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--minutes", type=float, help="length of a training on each specimen alone")
    parser.add_argument("--steps", type=int, help="steps of this training, instead of minutes")
    options = parser.parse_args()
    data = Path(os.environ.get("UNNOISE_DATA", "../shared/data")) / "microscopy"
    if not data.is_dir():
        sys.exit(f"there are no captures in {data}: set UNNOISE_DATA")
    model, photo = unnoise.load(options.model), unnoise.load("photo")
    length: Length = {"steps": options.steps} if options.steps else {"minutes": options.minutes}
    alone = options.steps or options.minutes
    print(describe_machine())
    columns = [
        "noisy",
        "gaussian",
        "photo",
        Path(options.model).name,
        *(["alone"] if alone else []),
    ]
    print(f"{'PSNR, dB':<18}" + "".join(f"{name:>14}" for name in columns))
    rows = []
    for name, captures in specimens(data, options.only).items():
        row = [
            float(np.mean([psnr(noisy, clean, WHITE) for noisy, clean in captures])),
            float(np.mean([best_gaussian(noisy, clean) for noisy, clean in captures])),
            quality(photo, captures),
            quality(model, captures),
        ]
        note = ""
        if alone:
            own = trained_alone(captures, length)
            row.append(quality(own, captures))
            note = f"  {own.info.objective}, {own.info.trained['steps']:.0f} steps"
        rows.append(row)
        print(f"{name:<18}" + "".join(f"{value:>14.2f}" for value in row) + note, flush=True)
    print(f"{'mean':<18}" + "".join(f"{value:>14.2f}" for value in np.mean(rows, axis=0)))


if __name__ == "__main__":
    main()
