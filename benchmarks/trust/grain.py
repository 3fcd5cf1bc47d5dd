"""Are estimated quality and verdicts right on noise with a grain, as in camera photographs?

    python benchmarks/trust/grain.py [MODEL] [--synthetic 24]

Without --synthetic, the photographs are the pairs in $UNNOISE_DATA/camera; with it, the middles
(256 × 256) of some of $UNNOISE_DATA/photos/train with the noise ``camera:400..6400``, a third of
them as JPEG. The constants of ``trust/spectrum.py`` and ``trust/quality.py`` were chosen on these.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import unnoise
from unnoise import Denoiser
from unnoise.images import read_stack, to_channels, to_float
from unnoise.noise import parse_noise
from unnoise.seeding import generator

Picture = NDArray[np.generic]
DATA = Path(os.environ.get("UNNOISE_DATA", "../shared/data"))
SIDE, FIRST, STEP = 256, 2, 17
SPECS = "camera:400..6400", "camera:400..6400", "camera:400..6400+jpeg:90"


@dataclass(frozen=True)
class Row:
    """Estimates and truth for one image: PSNR in dB, strength of the noise in [0, 1]."""

    name: str
    noisy: float
    true: float
    estimate: float | None
    reason: str | None
    level: float
    true_level: float
    verdict: str
    reasons: tuple[str, ...]


def trust_rows(denoiser: Denoiser, pairs: Iterable[tuple[str, Picture, Picture]]) -> Iterator[Row]:
    """Inspect images ``(H, W, C)`` uint8, each with its name and its clean version."""
    for name, noisy, clean in pairs:
        found = unnoise.inspect(denoiser, noisy)
        truth = clean.astype(np.float64)
        before, after = (
            float(np.mean((image.astype(np.float64) - truth) ** 2)) / 255**2
            for image in (noisy, found.image)
        )
        yield Row(
            name,
            _decibels(before),
            _decibels(after),
            found.psnr,
            found.psnr_untold,
            found.noise_level.std,
            before**0.5,
            found.verdict,
            found.reasons,
        )


def summary(rows: Sequence[Row]) -> dict[str, float]:
    """Return the figures of ``trust_rows``."""
    known = np.array(
        [(row.true, row.estimate) for row in rows if row.estimate is not None]
    ).reshape(-1, 2)
    off = known[:, 1] - known[:, 0]
    ranks = np.stack([np.argsort(np.argsort(column)) for column in known.T])
    verdicts = Counter(row.verdict for row in rows)
    return {
        "images": len(rows),
        "estimated": len(known),
        "mean absolute error, dB": float(np.abs(off).mean()) if len(off) else float("nan"),
        "mean error, dB": float(off.mean()) if len(off) else float("nan"),
        "rank correlation": float(np.atleast_2d(np.corrcoef(ranks))[0, 1])
        if len(off) > 1
        else float("nan"),
        "level over the true one": float(np.median([r.level / r.true_level for r in rows])),
        **{verdict: verdicts[verdict] for verdict in ("trust", "check", "reject")},
    }


def photographs() -> Iterator[tuple[str, Picture, Picture]]:
    """Yield the pairs of whole camera photographs."""
    for path in sorted((DATA / "camera/noisy").iterdir()):
        noisy, clean = (read_stack(p)[0][0] for p in (path, DATA / "camera/clean" / path.name))
        yield path.stem, noisy, clean


def synthetic(count: int) -> Iterator[tuple[str, Picture, Picture]]:
    """Yield the middles of photographs with the noise of cameras."""
    paths = sorted((DATA / "photos/train").iterdir())
    for index in range(count):
        path, spec = paths[(FIRST + STEP * index) % len(paths)], SPECS[index % len(SPECS)]
        whole = to_float(to_channels(read_stack(path)[0][..., :3], 3))[0]
        top, left = (max(0, (side - SIDE) // 2) for side in whole.shape[1:])
        clean = np.ascontiguousarray(whole[:, top : top + SIDE, left : left + SIDE])
        noise = parse_noise(spec)
        noisy = noise(torch.from_numpy(clean[None]), generator(1, "scene", index)).numpy()[0]
        yield f"{path.stem} {spec}", _round8(noisy), _round8(clean)


def _round8(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.moveaxis(np.rint(255 * image).clip(0, 255).astype(np.uint8), 0, -1)


def _decibels(error: float) -> float:
    return float(-10 * np.log10(max(error, 1e-9)))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", nargs="?", default="photo")
    parser.add_argument("--synthetic", type=int, metavar="COUNT")
    options = parser.parse_args()
    if not (DATA / "photos/train").is_dir():
        sys.exit(f"there are no images in {DATA}: set UNNOISE_DATA")
    pairs = synthetic(options.synthetic) if options.synthetic else photographs()
    rows = []
    for row in trust_rows(unnoise.load(options.model), pairs):
        rows.append(row)
        estimate = row.reason if row.estimate is None else f"{row.estimate:.2f}"
        print(
            f"{row.name}: {row.noisy:.2f} -> {row.true:.2f} dB, estimated {estimate}, {row.verdict}"
        )
        print(*(f"    {reason}\n" for reason in row.reasons), sep="", end="", flush=True)
    figures = summary(rows)
    print(f"| {' | '.join(figures)} |")
    print(f"|{' ---: |' * len(figures)}")
    print(f"| {' | '.join(f'{value:.3g}' for value in figures.values())} |")


if __name__ == "__main__":
    main()
