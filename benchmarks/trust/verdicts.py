"""Verdicts of results with known truth: how many good ones are rejected, how many bad ones trusted?

    python benchmarks/trust/verdicts.py [--final] [--list] [--minutes 1]

A result is good if it is at least 2 dB better than its input, and bad if it is less than 1 dB
better: all inputs have noise, so the noise was left, or more was lost. The rest is not counted.
Every fifth result is used with --final only. Two of the models are trained first, for --minutes
each, on noisy microscopy and on pairs of documents. Ordinary photographs, as JPEG of quality 75 to
98, follow. The images are in $UNNOISE_DATA.
"""

import argparse
import io
import os
import shutil
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from torch import Tensor
from torch.nn import functional as F

sys.path.append(str(Path(__file__).parents[1]))

from machine import describe_machine

import unnoise
from unnoise import Denoiser
from unnoise.denoiser.torch_backend import TorchBackend
from unnoise.images import read_stack
from unnoise.models import Model

Picture = NDArray[np.generic]
DATA = Path(os.environ.get("UNNOISE_DATA", "../shared/data"))
SIDE = 256
GOOD, BAD = 2.0, 1.0  # dB over the input
FAR = 3.0  # dB by which an estimate may be off
JPEGS = 60
LEFT_OUT = "17", "20", "24", "26", "2"  # pages that the model of documents does not see


@dataclass(frozen=True)
class Case:
    """A noisy and a clean image, 0 to 255, ``(H, W, C)``, and the name of the model."""

    name: str
    noisy: Picture
    clean: NDArray[np.float64]
    model: str = "photo"


class Window(Model):
    """A mean over some pixels: over one it changes nothing, over many it spoils everything."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.arguments: dict[str, Any] = {}
        self.channels, self.receptive_field, self.side = 3, side, side
        self.nothing = torch.nn.Parameter(torch.zeros(()))

    def forward(self, noisy: Tensor) -> Tensor:
        half = self.side // 2
        return F.avg_pool2d(F.pad(noisy, (half,) * 4, mode="replicate"), self.side, stride=1)

    def features(self, noisy: Tensor) -> list[Tensor]:
        return [noisy]


def read(path: Path) -> NDArray[np.float64]:
    """Read the middle of an image, ``(H, W, C)``."""
    image = read_stack(path)[0][0]
    top, left = (max(0, (side - SIDE) // 2) // 2 * 2 for side in image.shape[:2])
    part: NDArray[np.float64] = image[top : top + SIDE, left : left + SIDE, :3].astype(np.float64)
    return part


def folder(name: str, step: int = 1) -> list[tuple[str, NDArray[np.float64]]]:
    paths = sorted(path for path in (DATA / name).iterdir() if path.is_file())
    return [(path.stem, read(path)) for path in paths[::step]]


def round8(image: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.rint(image).clip(0, 255).astype(np.uint8)


def white() -> Iterator[Case]:
    """Noise that estimates assume, the same clipped to 8 bits, photons, and far too much noise."""
    for index, (name, clean) in enumerate(folder("photos/test/cbsd68", 6)):
        random = np.random.default_rng(index)
        for sigma in (10, 25, 50, 120):
            noisy = clean + random.normal(0, sigma, clean.shape)
            yield Case(f"white {sigma} {name}", (noisy / 255).astype(np.float32), clean)
        yield Case(f"8 bits 25 {name}", round8(clean + random.normal(0, 25, clean.shape)), clean)
        grey = clean.mean(axis=2, keepdims=True)
        counts = random.poisson(grey / 255 * 30).astype(np.uint16)
        yield Case(f"photons {name}", counts, grey * 30 / 255 * 255 / max(1, counts.max()))


def grainy() -> Iterator[Case]:
    """Noise with a grain."""
    for index, (name, clean) in enumerate(folder("photos/test/cbsd68", 6)):
        random = np.random.default_rng(100 + index)
        for blur, sigma in ((0.7, 8), (1.0, 12), (1.5, 8)):
            drawn = gaussian_filter(random.standard_normal(clean.shape), (blur, blur, 0))
            noisy = round8(clean + sigma * drawn / drawn.std())
            yield Case(f"grain {blur} {name}", noisy, clean)
        noisy = round8(clean + random.normal(0, 25, clean.shape))
        yield Case(f"enlarged {name}", enlarged(noisy), enlarged(round8(clean)).astype(float))


def enlarged(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    size = image.shape[1] * 3 // 2, image.shape[0] * 3 // 2
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))[:SIDE, :SIDE]


def structured() -> Iterator[Case]:
    """Lines, mosaics and impulses."""
    for index, (name, clean) in enumerate(folder("photos/test/cbsd68", 8)):
        random = np.random.default_rng(200 + index)
        grey = clean.mean(axis=2, keepdims=True)
        rows = random.normal(0, 10, (len(grey), 1, 1))
        noisy = round8(grey + rows + random.normal(0, 10, grey.shape))
        yield Case(f"lines {name}", noisy, grey)
        mosaic = (clean * (0.5, 1, 0.7))[..., 1].copy()
        mosaic[::2, ::2], mosaic[1::2, 1::2] = clean[::2, ::2, 0] / 2, clean[1::2, 1::2, 2] * 0.7
        noisy = round8(mosaic + random.normal(0, 8, mosaic.shape))[..., None]
        yield Case(f"mosaic {name}", noisy, mosaic[..., None])
        for share in (0.01, 0.03):
            draw, noisy = random.random(grey.shape), round8(grey)
            noisy[draw < share / 2], noisy[draw > 1 - share / 2] = 0, 255
            yield Case(f"impulses {share} {name}", noisy, grey)


def real() -> Iterator[Case]:
    """Captures of microscopes and photographs of cameras, at a stride of 1 and 2."""
    for name in ("microscopy", "camera"):
        pairs = zip(folder(f"{name}/noisy"), folder(f"{name}/clean"), strict=True)
        for (stem, noisy), (_, clean) in pairs:
            for model in ("photo", "stride 2"):
                yield Case(f"{name} {model} {stem}", round8(noisy), clean, model)


def spoiled() -> Iterator[Case]:
    """Models that leave or blur everything, with the limits of photo."""
    for index, (name, clean) in enumerate(folder("photos/test/cbsd68", 8)):
        random = np.random.default_rng(300 + index)
        for model, sigma in (("leaves", 15), ("leaves", 30), ("blurs 7", 5), ("blurs 3", 5)):
            noisy = (clean + random.normal(0, sigma, clean.shape)) / 255
            yield Case(f"{model} {sigma} {name}", noisy.astype(np.float32), clean, model)


def documents() -> Iterator[Case]:
    """Stained pages with photo and with a model of such pages; clean pages with noise."""
    pairs = zip(folder("documents/noisy"), folder("documents/clean"), strict=True)
    for index, ((stem, dirty), (_, clean)) in enumerate(pairs):
        dirty, clean = grey(dirty), grey(clean)
        for model in ("photo", *(["documents"] if stem in LEFT_OUT else [])):
            yield Case(f"stained {model} {stem}", round8(dirty), clean, model)
        sigma = (10, 25, 50)[index % 3]
        noise = np.random.default_rng(500 + index).normal(0, sigma, clean.shape)
        yield Case(f"page {sigma} {stem}", round8(clean + noise), clean)


def grey(image: NDArray[np.float64]) -> NDArray[np.float64]:
    return image.mean(2, keepdims=True) if image.shape[2] == 3 else image[..., :1]


def own() -> Iterator[Case]:
    """Captures of microscopes with a model that was trained on the noisy ones."""
    pairs = zip(folder("microscopy/noisy"), folder("microscopy/clean"), strict=True)
    for (stem, noisy), (_, clean) in pairs:
        yield Case(f"microscopy trained {stem}", round8(noisy), clean, "microscopy")


def photographs() -> Iterator[tuple[str, Picture]]:
    """Ordinary photographs with little noise, as cameras and programs save them."""
    paths = sorted((DATA / "photos/train").iterdir())
    random = np.random.default_rng(400)
    for path in paths[:: -(-len(paths) // JPEGS)]:
        stream = io.BytesIO()
        quality = int(random.integers(75, 99))
        Image.fromarray(round8(read(path))).save(stream, "JPEG", quality=quality)
        yield f"{path.stem} at {quality}", np.asarray(Image.open(stream))


def models(minutes: float) -> dict[str, Denoiser]:
    photo = unnoise.load("photo")
    plain = replace(photo.info, bounds=None)
    return {
        "microscopy": unnoise.train(DATA / "microscopy/noisy", minutes=minutes),
        "documents": pages(minutes),
        "photo": photo,
        "stride 2": Denoiser(photo.backend, replace(photo.info, strides=(2,))),
        **{
            name: Denoiser(TorchBackend(Window(side)), plain)
            for name, side in (("leaves", 1), ("blurs 3", 3), ("blurs 7", 7))
        },
    }


def pages(minutes: float) -> Denoiser:
    with tempfile.TemporaryDirectory() as place:
        for kind in ("noisy", "clean"):
            shutil.copytree(
                DATA / "documents" / kind,
                Path(place) / kind,
                ignore=shutil.ignore_patterns(*(f"{stem}.*" for stem in LEFT_OUT)),
            )
        return unnoise.train(
            f"{place}/noisy", targets=f"{place}/clean", channels=1, minutes=minutes
        )


def psnr(image: NDArray[Any], clean: NDArray[np.float64]) -> float:
    return float(-10 * np.log10(np.mean((image.astype(float) - clean) ** 2) / 255**2))


def truth(case: Case, result: Picture) -> tuple[str, float, float]:
    """Return "good", "bad" or "neither", and the PSNR of input and result."""
    scale = 255 if case.noisy.dtype.kind == "f" else 255 / 255
    if case.noisy.dtype == np.uint16:
        scale = 255 / max(1, int(case.noisy.max()))
    before, after = (psnr(each.astype(float) * scale, case.clean) for each in (case.noisy, result))
    gain = after - before
    return "good" if gain >= GOOD else "bad" if gain < BAD else "neither", before, after


def look(case: Case, denoiser: Denoiser) -> tuple[str, str, float | None, str]:
    """Return the truth, the verdict, the error of the PSNR, and a line with all of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        found = unnoise.inspect(denoiser, case.noisy, axes="YXC")
    kind, before, after = truth(case, found.image)
    psnr = "–" if found.psnr is None else f"{found.psnr:.1f}"
    line = f"{case.name}: {kind}, {before:.1f} -> {after:.1f} dB, estimated {psnr}, {found.verdict}"
    # For stretched images, the estimate is in another unit.
    plain = found.psnr is not None and not found.notes
    off = found.psnr - after if plain and found.psnr is not None else None
    return kind, found.verdict, off, f"{line}; {'; '.join(found.reasons)}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--final", action="store_true", help="use the fifth that is held back")
    parser.add_argument("--list", action="store_true", help="print each result")
    parser.add_argument("--minutes", type=float, default=1, help="length of each training")
    options = parser.parse_args()
    if not (DATA / "photos/test/cbsd68").is_dir():
        sys.exit(f"there are no images in {DATA}: set UNNOISE_DATA")
    print(describe_machine())
    known, counts = models(options.minutes), Counter[tuple[str, str]]()
    parts = white, grainy, structured, real, spoiled, documents, own
    cases = [case for part in parts for case in part()]
    chosen = [c for i, c in enumerate(cases) if (i % 5 == 4) == options.final]
    errors: list[float] = []
    for case in chosen:
        kind, verdict, off, line = look(case, known[case.model])
        errors += [] if off is None else [abs(off)]
        counts[kind, verdict] += 1
        if options.list:
            print(line, flush=True)
    good, bad = (sum(n for (kind, _), n in counts.items() if kind == k) for k in ("good", "bad"))
    verdicts = Counter[str]()
    for name, image in photographs():
        found = unnoise.inspect(known["photo"], image)
        verdicts[found.verdict] += 1
        if options.list and found.verdict != "trust":
            print(f"{name}: {found.verdict}; {'; '.join(found.reasons)}", flush=True)
    far = np.mean(np.array(errors) > FAR)
    count = verdicts.total()
    checked, rejected = (f"{verdicts[each] / count:.1%}" for each in ("check", "reject"))
    good_rejected = f"{counts['good', 'reject'] / good:.1%} of {good}"
    bad_not_trusted = f"{1 - counts['bad', 'trust'] / bad:.1%} of {bad}"
    print(f"| {len(chosen)} of {len(cases)} results | target | reached |")
    print("| --- | --- | --- |")
    print(f"| good ones (better by {GOOD:g} dB) that are rejected | <= 5 % | {good_rejected} |")
    print(f"| bad ones (by less than {BAD:g} dB) not trusted | >= 95 % | {bad_not_trusted} |")
    print(f"| estimated PSNR off by over {FAR:g} dB | <= 5 % | {far:.1%} of {len(errors)} |")
    print(f"| photographs as JPEG: check | <= 10 % | {checked} of {count} |")
    print(f"| photographs as JPEG: reject | <= 2 % | {rejected} of {count} |")


if __name__ == "__main__":
    main()
