"""Training on real images: the quality that each kind of data reaches, and the time.

    python benchmarks/own_images.py [correlation | microscopy | ...] [--minutes M | --steps N]
        [--only TEXT]

correlation  the share of photographs with white or grainy noise whose stride is estimated rightly
microscopy   the 24 noisy captures alone, without any clean image or second capture
widefield    the wide-field captures alone, beside a gaussian filter with the best width for each;
             --stride S overrides the estimated stride, --objective noise2noise learns from the
             four captures of a field
captures     the 24 captures by Noise2Noise: four captures of each of six scenes
self         a model for each noisy image alone (``denoise --model self``): each of the 24
             captures, and pages of documents, which must never get worse; --only selects some
documents    pairs of stained and clean pages; a model that never saw the page denoises it; its
             training adds more stains to the other pages
bsd68        BSD68 in grey with gaussian noise of 25/255, trained on noisy photographs alone

The images are in $UNNOISE_DATA (microscopy/, documents/, photos/).
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from machine import describe_machine
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

import unnoise
from unnoise.api.own import train_on
from unnoise.facts import noise_correlation
from unnoise.images import read_stack, to_channels, write_stack

Image = NDArray[np.float64]
Length = dict[str, float]  # minutes or steps of a training
SIGMA = 25 / 255
SEED = 13
STAINS = "60% stain:0 | 40% stain:0..0.4"
WIDTHS = np.arange(0.5, 4.01, 0.25)  # pixels


def read_grey(path: Path) -> NDArray[np.uint8]:
    """Read an 8-bit image as grey (ITU-R BT.601), ``(H, W)``."""
    return to_channels(read_stack(path)[0], 1)[0, ..., 0].astype(np.uint8)


def psnr(image: NDArray[np.generic], clean: NDArray[np.generic], peak: float) -> float:
    error = np.mean((image.astype(np.float64) - clean.astype(np.float64)) ** 2)
    return float(10 * np.log10(peak**2 / error))


def train(name: str, length: Length, source: Path, **settings: object) -> unnoise.Denoiser:
    start = time.perf_counter()
    denoiser = unnoise.train(source, seed=SEED, **length, **settings)  # type: ignore[arg-type]
    trained = denoiser.info.trained
    print(
        f"{name}: {denoiser.info.objective}, {trained['steps']:.0f} steps, "
        f"{time.perf_counter() - start:.0f} s in all; {denoiser.info.reason}"
    )
    return denoiser


def microscopy(data: Path, length: Length, objective: str = "auto") -> None:
    denoiser = train("microscopy", length, data / "microscopy/noisy", objective=objective)
    scores: dict[str, list[tuple[float, float]]] = {}
    for path in sorted((data / "microscopy/noisy").glob("*.png")):
        noisy, clean = read_grey(path), read_grey(data / "microscopy/clean" / path.name)
        both = psnr(noisy, clean, 255), psnr(denoiser(noisy), clean, 255)
        scores.setdefault(path.stem[:-2], []).append(both)
    means = {name: np.mean(pairs, axis=0) for name, pairs in scores.items()}
    for name, (before, after) in means.items():
        print(f"  {name:<18} noisy {before:6.2f} dB   denoised {after:6.2f} dB")
    before, after = np.mean(list(means.values()), axis=0)
    print(f"  {'mean of 24':<18} noisy {before:6.2f} dB   denoised {after:6.2f} dB")


def widefield(data: Path, length: Length, **settings: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        names = sorted((data / "microscopy/noisy").glob("WideField*.png"))
        for path in names:
            shutil.copy(path, folder)
        denoiser = train("wide-field", length, Path(folder), **settings)
    scores = []
    for path in names:
        noisy, clean = read_grey(path), read_grey(data / "microscopy/clean" / path.name)
        blurred = [psnr(gaussian_filter(noisy.astype(float), w), clean, 255) for w in WIDTHS]
        with warnings.catch_warnings():  # the note that results are float32: the script asks for it
            warnings.simplefilter("ignore")
            made = denoiser(noisy, dtype="float32")
        scores.append((psnr(noisy, clean, 255), max(blurred), psnr(made, clean, 255)))
        print(f"  {path.stem:<20}" + "".join(f"{score:7.2f}" for score in scores[-1]))
    before, best, after = np.mean(scores, axis=0)
    print(
        f"  mean of {len(scores)}: noisy {before:.2f} dB   best gaussian {best:.2f} dB   "
        f"denoised {after:.2f} dB, stride {denoiser.info.strides}"
    )


def captures(data: Path, length: Length) -> None:
    microscopy(data, length, "noise2noise")


def own(data: Path, length: Length, only: str = "") -> None:
    """Denoise each image with a model of its own, or keep its input if the result is refused."""
    scores: dict[str, list[tuple[float, float]]] = {}
    for kind in ("microscopy", "documents"):
        for path in sorted((data / kind / "noisy").glob("*.png")):
            if only not in f"{kind}/{path.name}":
                continue
            trained = train_on([path], seed=SEED, say=lambda _: None, **length)  # type: ignore[arg-type]
            noisy, clean = read_grey(path), read_grey(data / kind / "clean" / path.name)
            seen = read_stack(path)[0]
            result = to_channels(trained.denoiser(seen[0])[None], 1)[0, ..., 0]
            both = psnr(noisy, clean, 255), psnr(result, clean, 255)
            facts = trained.facts()
            fate = "; not written: estimated worse than the input" if trained.worse else ""
            print(
                f"  {path.stem:<20} noisy {both[0]:6.2f} dB   own {both[1]:6.2f} dB   "
                f"{facts['objective']}, strides {facts['strides']}, "
                f"from {facts['start'] or 'scratch'}, {facts['steps']} steps, "
                f"{facts['seconds']:.0f} s{fate}",
                flush=True,
            )
            written = (both[0], both[0]) if trained.worse else both
            scores.setdefault(kind, []).append(written)
    for kind, pairs in scores.items():
        before, after = np.mean(pairs, axis=0)
        print(f"  mean of {len(pairs)}, {kind}: noisy {before:.2f} dB   written {after:.2f} dB")


def documents(data: Path, length: Length) -> None:
    """Leave each page out in turn; the length is for each training."""
    pages = sorted((data / "documents/noisy").glob("*.png"), key=lambda path: int(path.stem))
    errors = []
    for page in pages:
        with tempfile.TemporaryDirectory() as folder:
            for kind in ("noisy", "clean"):
                (Path(folder) / kind).mkdir()
                for other in pages:
                    if other != page:
                        name = data / "documents" / kind / other.name
                        shutil.copy(name, Path(folder) / kind / other.name)
            denoiser = train(
                f"without {page.name}",
                length,
                Path(folder) / "noisy",
                targets=Path(folder) / "clean",
                noise=STAINS,
                channels=1,
            )
        noisy, clean = read_grey(page), read_grey(data / "documents/clean" / page.name)
        rmse = [
            float(np.sqrt(np.mean((image / 255.0 - clean / 255.0) ** 2)))
            for image in (noisy, denoiser(noisy))
        ]
        errors.append(rmse)
        print(f"  {page.name:<8} RMSE dirty {rmse[0]:.4f}   cleaned {rmse[1]:.4f}", flush=True)
    for what, chosen in (
        ("all pages", errors),
        # The clean version of page 4 is as grey and worn as the dirty one, unlike all others.
        ("without 4.png", [e for page, e in zip(pages, errors, strict=True) if page.stem != "4"]),
    ):
        before, after = np.mean(chosen, axis=0)
        print(f"  mean of {what} left out in turn: dirty {before:.4f}   cleaned {after:.4f}")


def bsd68(data: Path, length: Length, **settings: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        photos = sorted((data / "photos/train").glob("*.jpg"))
        for number, path in enumerate(photos):
            noise = np.random.default_rng([SEED, number])
            clean = read_grey(path) / 255
            noisy = (clean + SIGMA * noise.standard_normal(clean.shape)).astype(np.float32)
            write_stack(Path(folder) / f"{path.stem}.tif", noisy)
        print(f"bsd68: {len(photos)} noisy photographs, gaussian noise of 25/255, unclipped")
        denoiser = train("bsd68", length, Path(folder), **settings)
    scores = []
    for number, path in enumerate(sorted((data / "photos/test/cbsd68").glob("*.png"))):
        noise = np.random.default_rng([SEED + 1, number])
        clean = read_grey(path) / 255
        noisy = (clean + SIGMA * noise.standard_normal(clean.shape)).astype(np.float32)
        scores.append((psnr(noisy, clean, 1), psnr(denoiser(noisy).clip(0, 1), clean, 1)))
    before, after = np.mean(scores, axis=0)
    print(f"  mean of {len(scores)}: noisy {before:.2f} dB   denoised {after:.2f} dB")


def correlation(data: Path, length: Length) -> None:  # noqa: ARG001  the signature of the table
    """Add noise to photographs and count the strides estimated from them."""
    photos = [read_stack(p)[0][0] for p in sorted((data / "photos/train").glob("*.jpg"))[:60]]
    print(f"{len(photos)} photographs: share with the right stride")
    print(f"{'noise':>8} {'white, 1':>9} {'grainy, 2':>10}")
    for level in (50, 25, 10, 5):
        right = {}
        for grain, stride in ((0.0, 1), (0.75, 2)):
            noisy = (grainy(photo, level, grain, i) for i, photo in enumerate(photos))
            strides = [
                found.stride if (found := noise_correlation(image)) else 0 for image in noisy
            ]
            right[stride] = strides.count(stride) / len(strides)
        print(f"{level:>4}/255 {right[1]:>9.0%} {right[2]:>10.0%}")


def grainy(photo: NDArray[np.generic], level: float, grain: float, seed: int) -> Image:
    """Add gaussian noise, blurred by a gaussian of ``grain`` pixels, to ``(H, W, C)``."""
    noise: Image = np.random.default_rng(seed).standard_normal(photo.shape)
    if grain:
        noise = gaussian_filter(noise, (grain, grain, 0))
    noisy: Image = photo.astype(np.float64) + level * noise / noise.std()
    return noisy


BENCHMARKS: dict[str, tuple[Callable[..., None], float]] = {
    "correlation": (correlation, 0),
    "microscopy": (microscopy, 6),
    "widefield": (widefield, 10),
    "captures": (captures, 12),
    "self": (own, 2),
    "documents": (documents, 4),
    "bsd68": (bsd68, 8),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", default=list(BENCHMARKS))
    parser.add_argument("--minutes", type=float, help="length of each training")
    parser.add_argument("--steps", type=int, help="steps of each training, instead of minutes")
    parser.add_argument("--only", default="", help="only images with this in their names (self)")
    parser.add_argument("--stride", type=int, help="of widefield")
    parser.add_argument("--objective", help="of widefield")
    options = parser.parse_args()
    where = os.environ.get("UNNOISE_DATA")
    if not where or not (Path(where) / "microscopy").is_dir():
        sys.exit("set UNNOISE_DATA to the folder with microscopy/, documents/ and photos/")
    print(describe_machine())
    for name in options.names:
        run, minutes = BENCHMARKS[name]
        minutes = options.minutes or minutes
        length: Length = {"steps": options.steps} if options.steps else {"minutes": minutes}
        more: dict[str, object] = {}
        if name == "self":
            more["only"] = options.only
        elif name == "widefield":
            given = {"stride": options.stride, "objective": options.objective}
            more = {setting: value for setting, value in given.items() if value}
        run(Path(where), length, **more)


if __name__ == "__main__":
    main()
