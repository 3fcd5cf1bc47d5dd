"""Does a verdict say where a model of several images has smeared what moved?

    python benchmarks/trust/smeared.py [--minutes 2]

First, results of known truth: a result ``x - s (x - m)``, where m is the mean of the images beside
it, with kept noise. Then models of the objective ``interpolation`` that are trained for some
minutes on the film $UNNOISE_DATA/timelapse/water.tif (every frame, every 8th) with added noise.
"""

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

import unnoise
from unnoise.images import open_image
from unnoise.trust import inspect
from unnoise.trust.among import Among
from unnoise.trust.noise_level import NoiseLevel
from unnoise.trust.smeared import Smeared, smeared
from unnoise.trust.spectrum import LAGS, Spectrum
from unnoise.trust.verdict import LOST, MOST_LOST
from unnoise.types import Doubles, Floats

FILM = Path(os.environ.get("UNNOISE_DATA", "../shared/data")) / "timelapse/water.tif"
SIDE, DEPTH, SEEDS = 160, 5, 20
SHARES = 0.0, 0.3, 0.5, 1.0
STRENGTHS = 0.02, 0.05, 0.1, 0.2
GRAIN = 0.7  # pixels of a Gaussian filter
MOVING = 0.02  # of the scale: change of a pixel that counts as movement, in the truth


def scene(kind: str, seed: int) -> Floats:
    """Return five clean images ``(5, H, W)``; things move by 4 pixels between two of them."""
    random = np.random.default_rng(seed)
    wide = SIDE + 40
    back = 0.5 + 0.8 * 0.1 * gaussian_filter(random.standard_normal((wide, wide)), 3) * 8
    places, ways = random.uniform(0, SIDE, (40, 2)), random.uniform(0, 2 * np.pi, 40)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    images = []
    for time in range(-(DEPTH // 2), DEPTH // 2 + 1):
        shift = 20 + (4 * time if kind == "camera" else 0)
        image = back[20 : 20 + SIDE, shift : shift + SIDE].copy()
        if kind == "square":
            image[70:94, 60 + 4 * time : 84 + 4 * time] += 0.25
        if kind == "particles":
            for (y, x), way in zip(places, ways, strict=True):
                down = rows - y - 4 * time * np.sin(way)
                right = columns - x - 4 * time * np.cos(way)
                image -= 0.2 * np.exp(-(down**2 + right**2) / (2 * 2.5**2))
        if kind == "flicker":
            image *= 1 + 0.05 * (time % 2)
        images.append(image)
    return np.stack(images).astype(np.float32)


def noise_of(shape: tuple[int, ...], seed: int, *, grain: bool) -> Doubles:
    """Return noise of standard deviation 1 for images ``(N, H, W)``."""
    noise = np.random.default_rng(seed).standard_normal(shape)
    if grain:
        noise = np.stack([gaussian_filter(image, GRAIN) for image in noise])
    scaled: Doubles = noise / float(noise.std())
    return scaled


def judged(kind: str, strength: float, share: float, seed: int, *, grain: bool) -> Smeared | None:
    """Judge a result that has lost this share of what moved."""
    clean = scene(kind, seed)
    noisy = (clean + strength * noise_of(clean.shape, seed + 1000, grain=grain)).astype(np.float32)
    middle = DEPTH // 2
    known = clean[middle] - share * (clean[middle] - clean[[middle - 1, middle + 1]].mean(0))

    def denoise(images: Floats) -> Floats:
        """Keep smooth noise, as a network does that sees all images but the middle one."""
        found = images.reshape(-1, *clean.shape) - clean
        kept = np.delete(found, middle, axis=1).mean(1)
        made: Floats = known + np.stack([gaussian_filter(each, 1.5) for each in kept])
        return made[:, None]

    result = denoise(noisy[None])[0]
    among = Among(noisy[:, None], result, (DEPTH,), denoise, hidden=True)
    variance = strength**2
    if not grain:
        return smeared(among, among.shaken(NoiseLevel(strength, 0.0, variance)), white=True)
    apart = np.hypot(*np.mgrid[-LAGS : LAGS + 1, -LAGS : LAGS + 1])
    shared = np.exp(-(apart**2) / (4 * GRAIN**2))[None, None]
    spectrum = Spectrum(shared, np.array([[0.0, 1.0]]), np.full((1, 2), variance), 1.0)
    return smeared(among, among.shaken(spectrum), white=False)


def synthetic() -> None:
    """Print the estimates of results of known truth."""
    print("| scene | noise | " + " | ".join(f"lost {share:g}" for share in SHARES) + " |")
    print("| --- | --- |" + " --- |" * len(SHARES))
    false, good = 0, 0
    for kind, strength, grain in product(
        ("square", "particles", "camera", "still", "flicker"), STRENGTHS, (False, True)
    ):
        cells = []
        for share in SHARES:
            all_found = [judged(kind, strength, share, seed, grain=grain) for seed in range(SEEDS)]
            found = [each for each in all_found if each]
            checked = sum(each.least > LOST for each in found)
            rejected = sum(each.least > MOST_LOST for each in found)
            if share == 0:  # if nothing moves, all shares are alike
                false, good = false + checked, good + SEEDS
            mean = f"{np.mean([each.share for each in found]):.2f}" if found else "–"
            cells.append(f"{mean}; {checked}, {rejected} of {SEEDS}")
        print(f"| {kind} | {strength}{', grain' if grain else ''} | " + " | ".join(cells) + " |")
    print(f"false alarms: {false} of {good}, {100 * false / good:.1f} %")


@dataclass(frozen=True)
class Judged:
    """One frame of the film: truth and estimates."""

    psnr: float
    estimate: float | None
    lost: float  # of the movement by 0.02 or more
    found: Smeared | None
    verdict: str


def of_film(every: int, strength: float, minutes: float, *, grain: bool) -> Iterator[Judged]:
    """Train on every n-th frame of the film with noise, and judge some of the results."""
    with open_image(FILM) as film:
        images = [film.image(index)[..., 0] for index in range(0, film.count, every)]
    clean = np.stack(images).astype(np.float32) / 255
    noisy = clean + strength * noise_of(clean.shape, 0, grain=grain).astype(np.float32)
    denoiser = unnoise.train(
        noisy, axes="TYX", range=(0, 1), depth="5", objective="interpolation", minutes=minutes
    )
    middle = DEPTH // 2
    for index in np.linspace(middle, len(clean) - 1 - middle, 4).astype(int):
        seen = np.moveaxis(noisy[index - middle : index + middle + 1], 0, -1)
        found = inspect(denoiser, noisy[index], together=seen)
        error = clean[index] - found.image
        moved = clean[index] - clean[[index - 1, index + 1]].mean(0)
        moved[np.abs(moved) < MOVING] = 0
        yield Judged(
            float(-10 * np.log10(np.mean(error**2))),
            found.psnr,
            float(np.sum(error * moved) / np.sum(moved**2)),
            found.smeared,
            found.verdict,
        )


def trained(minutes: float) -> None:
    """Print the estimates of trained models beside the truth."""
    print("| frames | noise | PSNR, dB | estimated | lost | estimated | verdicts |")
    print("| --- | --- | ---: | ---: | ---: | --- | --- |")
    for every, strength, grain in (
        (1, 0.1, False),
        (1, 0.1, True),
        (8, 0.1, False),
        (1, 0.03, False),
        (8, 0.03, False),
    ):
        rows = list(of_film(every, strength, minutes, grain=grain))
        known = [row.estimate for row in rows if row.estimate is not None]
        said = [f"{row.found.share:.2f} ± {row.found.doubt:.2f}" for row in rows if row.found]
        print(
            f"| every {every} | {strength}{', grain' if grain else ''} | "
            f"{np.mean([row.psnr for row in rows]):.2f} | "
            f"{f'{np.mean(known):.2f}' if known else '–'} | "
            f"{np.mean([row.lost for row in rows]):.2f} | {', '.join(said) or 'not seen'} | "
            f"{', '.join(row.verdict for row in rows)} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=2.0, help="of each training; 0 for none")
    options = parser.parse_args()
    synthetic()
    if options.minutes:
        trained(options.minutes)


if __name__ == "__main__":
    main()
