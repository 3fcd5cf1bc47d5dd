"""Flicker of films, with the blend over time and without it: still scenes, motion, cuts.

    python benchmarks/flicker.py [--data FOLDER] [--final]

Each image of a film has gaussian noise of its own, and 8 bits. The first table has PSNR and the
standard deviation over time (of 255) of ``photo`` alone, and with ``--steady on``. For objects that
move, *left* is the PSNR of the pixels that the object has just left. The second has real films and
the median change between consecutive results, which is flicker where most pixels stand still. The
third has the processor seconds of an image. Films are made of photographs in FOLDER/photos/train,
which the constants were chosen on; with ``--final``, of three of CBSD68.
"""

import argparse
import os
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parent))

from machine import describe_machine

import unnoise
from unnoise.images import LUMA, read_stack

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
SIGMAS = (10, 25, 50)
STILL, MOVING, SIDE = 30, 16, 192
TRAINED, FINAL = (60, 211, 330), (7, 30, 55)  # places of photographs in their folders


@dataclass(frozen=True)
class Film:
    """Clean images ``(N, H, W)``, 0 to 1, and where an object is, if there is one."""

    name: str
    clean: Floats
    inside: NDArray[np.bool_] | None = None


def photographs(folder: Path, places: tuple[int, ...]) -> list[Floats]:
    paths = sorted(folder.iterdir())
    images = [read_stack(paths[place])[0][0] for place in places]
    return [np.asarray((image @ LUMA / 255).astype(np.float32)) for image in images]


def films(one: Floats, other: Floats) -> Iterator[Film]:
    """Yield films made of a photograph, and of a part of another one."""
    scene = one[8 : 8 + SIDE, 8 : 8 + SIDE]
    yield Film("still", np.repeat(scene[None], STILL, 0))
    for step in (1, 5):
        places = [8 + step * index for index in range(MOVING)]
        yield Film(
            f"pan, {step} a frame", np.stack([one[8 : 8 + SIDE, x : x + SIDE] for x in places])
        )
    still = np.repeat(scene[None], MOVING, 0)
    for name, side, step, start, part in (
        ("square", 40, 4, 8, np.full((40, 40), 0.9, np.float32)),
        ("faint square (15)", 40, 2, 8, None),
        ("moving photograph", 60, 5, 8, other[60:120, 60:120]),
    ):
        clean, inside = still.copy(), np.zeros(still.shape, np.bool_)
        for index in range(MOVING):
            left = start + step * index
            place = index, slice(80, 80 + side), slice(left, left + side)
            inside[place] = True
            clean[place] = clean[place] + np.float32(15 / 255) if part is None else part
        yield Film(name, clean, inside)
    clean, inside = still.copy(), np.zeros(still.shape, np.bool_)
    inside[6:10, 80:140, 80:140] = True
    clean[6:10, 80:140, 80:140] = other[60:120, 60:120]
    yield Film("appears, disappears", clean, inside)
    cut = still.copy()
    cut[MOVING // 2 :] = other[8 : 8 + SIDE, 8 : 8 + SIDE]
    yield Film("cut", cut)
    gains = np.ones(MOVING, np.float32)
    gains[6:8], gains[11:] = 1.25, 1.03
    yield Film("flash, exposure", (still * gains[:, None, None]).clip(0, 1))


def add_noise(clean: Floats, sigma: int) -> Bytes:
    noise = np.random.default_rng(0).standard_normal(clean.shape) * sigma
    return np.asarray(np.rint(255 * clean + noise).clip(0, 255).astype(np.uint8))


def psnr(images: Bytes | Floats, clean: Floats, where: NDArray[np.bool_] | None = None) -> float:
    errors = np.square(images / 255 - clean)
    return float(-10 * np.log10(errors.mean() if where is None else errors[where].mean()))


def over_time(images: Bytes) -> float:
    return float(images.std(0, ddof=1, dtype=np.float64).mean())


def compare(denoiser: unnoise.Denoiser, images: list[Floats]) -> None:
    """Print the table of films whose truth is known: the mean, and the worst change."""
    print("| film | sigma | PSNR | worst image | std over time | left |")
    print("| --- | ---: | --- | ---: | --- | --- |")
    sets = [
        list(films(one, other)) for one, other in zip(images, [*images[1:], images[0]], strict=True)
    ]
    for same in zip(*sets, strict=True):
        for sigma in SIGMAS:
            rows = []
            for film in same:
                noisy = add_noise(film.clean, sigma)
                made = [denoiser.stack(noisy, steady=use) for use in ("off", "on")]
                each = [[psnr(a, b) for a, b in zip(m, film.clean, strict=True)] for m in made]
                row = [psnr(m, film.clean) for m in made]
                row.append(float(np.min(np.subtract(each[1], each[0]))))
                row += [over_time(m) for m in made]
                if film.inside is not None:
                    left = film.inside[:-1] & ~film.inside[1:]
                    row += [psnr(m[1:], film.clean[1:], left) for m in made]
                rows.append(row)
            mean, worst = np.mean(rows, 0), float(np.min([row[2] for row in rows]))
            still = same[0].name == "still"
            flicker = f"{mean[3]:.2f} → {mean[4]:.2f}" if still else ""
            trail = f"{mean[5]:.2f} → {mean[6]:.2f}" if len(mean) > 5 else ""
            print(
                f"| {same[0].name} | {sigma} | {mean[0]:.2f} → {mean[1]:.2f} | {worst:+.2f} | "
                f"{flicker} | {trail} |",
                flush=True,
            )


def real(denoiser: unnoise.Denoiser, folder: Path) -> None:
    """Print the table of real films."""
    print("| real film | noise added | PSNR | median change |")
    print("| --- | ---: | --- | --- |")
    for name, sigmas in (("brightfield", (0,)), ("water", (0, *SIGMAS))):
        film = tifffile.imread(folder / f"{name}.tif")[:24, :384, :384]
        for sigma in sigmas:
            clean: Floats = film.astype(np.float32) / np.float32(255)
            noisy = add_noise(clean, sigma)
            made = [
                np.asarray(denoiser.stack(noisy, steady=use, dtype="float32"), np.float32)
                for use in ("off", "on")
            ]
            steps = [np.median(np.abs(np.diff(each, axis=0))) for each in made]
            known = [f"{psnr(each, clean):.2f}" for each in made] if sigma else []
            print(f"| {name} | {sigma} | {' → '.join(known)} | {steps[0]:.2f} → {steps[1]:.2f} |")


def speed(denoiser: unnoise.Denoiser, image: Floats) -> None:
    """Print the processor seconds of an image of a megapixel, grey and colour."""
    film = add_noise(np.tile(image[:256, :256], (8, 4, 4)), 25)
    print("| image of 1024 × 1024 | seconds | with the blend |")
    print("| --- | ---: | ---: |")
    for name, images in (("grey", film), ("colour", np.repeat(film[..., None], 3, -1))):
        found = []
        for use in ("off", "on"):
            start = time.process_time()
            denoiser.stack(images, steady=use)
            found.append((time.process_time() - start) / len(images))
        print(f"| {name} | {found[0]:.2f} | {found[1]:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    default = os.environ.get("UNNOISE_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--final", action="store_true", help="photographs of CBSD68")
    given = parser.parse_args()
    folder = given.data / ("photos/test/cbsd68" if given.final else "photos/train")
    warnings.simplefilter("ignore", UserWarning)  # this benchmark is not about how values are read
    print(describe_machine())
    denoiser = unnoise.load("photo", device="cpu")
    images = photographs(folder, FINAL if given.final else TRAINED)
    compare(denoiser, images)
    real(denoiser, given.data / "timelapse")
    speed(denoiser, images[0])


if __name__ == "__main__":
    main()
