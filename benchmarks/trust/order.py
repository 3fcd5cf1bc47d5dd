"""Are models put in the right order on one image, without its clean version?

    python benchmarks/trust/order.py [--captures 2 3 4] [--every 17] [--minutes 1]

The models are simple filters at several strengths, photo at several strengths and strides, and two
models that are trained on the noisy microscopy for --minutes each. The images are the middles
(256 × 256) of microscopy captures and of some images of BSD68, with white noise of 15, 25 and 50.
The constants of ``trust/grain.py`` and ``trust/risk.py`` were chosen on the first captures and the
first photograph, which are left out here. Pairs that differ by 0.5 dB or more count. The images are
in $UNNOISE_DATA.
"""

import argparse
import itertools
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import unnoise
from unnoise.api.training import train as train_denoiser
from unnoise.evaluation import Tuned, available_baselines, tune
from unnoise.images import read_stack, to_channels, to_float
from unnoise.trust import Grain, Risk, error_estimator, estimate_risk, noise_for

Floats = NDArray[np.float32]
Denoise = Callable[[Floats], Floats]
DATA = Path(os.environ.get("UNNOISE_DATA", "../shared/data"))
SIDE = 256
CLEAR = 0.5  # dB
SETTINGS = {
    "gaussian": (0.5, 0.8, 1.2, 1.8, 2.5),
    "median": (3, 5),
    "total variation": (0.03, 0.08, 0.15, 0.3),
    "non-local means": (0.04, 0.12),
    "wavelet": (0.05, 0.1),
}
ESTIMATES = "generalised", "plain"


@dataclass(frozen=True)
class Scene:
    name: str
    kind: str
    noisy: Floats
    clean: Floats


def scenes(captures: Sequence[int], every: int) -> Iterator[Scene]:
    for path in sorted((DATA / "microscopy/noisy").iterdir()):
        if int(path.stem[-1]) in captures:
            noisy, clean = _grey(path), _grey(DATA / "microscopy/clean" / path.name)
            kind = "wide-field" if path.name.startswith("WideField") else "microscopy"
            yield Scene(path.stem, kind, noisy, clean)
    photographs = sorted((DATA / "photos/test/cbsd68").iterdir())[every // 2 :: every]
    for number, (path, sigma) in enumerate(itertools.product(photographs, (15, 25, 50))):
        clean = _grey(path)
        noise = np.random.default_rng([sigma, number]).standard_normal(clean.shape)
        noisy = (clean + sigma / 255 * noise).astype(np.float32)
        yield Scene(f"{path.stem}, sigma {sigma}", f"white, {sigma}", noisy, clean)


def _grey(path: Path) -> Floats:
    stack, _ = read_stack(path)
    grey = to_float(to_channels(stack[..., :3], 1).astype(stack.dtype))[0]
    top, left = (max(0, (side - SIDE) // 2) for side in grey.shape[1:])
    return np.ascontiguousarray(grey[:, top : top + SIDE, left : left + SIDE])


def train(minutes: float) -> dict[str, Denoise]:
    quiet: Callable[[str], None] = lambda _: None  # noqa: E731  shorter than a function
    folder = DATA / "microscopy/noisy"
    models = {
        "trained": train_denoiser(folder, minutes=minutes, say=quiet),
        "trained, noise2void": train_denoiser(
            folder, minutes=minutes, objective="noise2void", say=quiet
        ),
    }
    return {name: model.denoise_floats for name, model in models.items()}


def given(paths: list[Path]) -> dict[str, Denoise]:
    return {path.name: unnoise.load(path, device="cpu").denoise_floats for path in paths}


def candidates(trained: dict[str, Denoise]) -> dict[str, Denoise]:
    found: dict[str, Denoise] = {
        f"{name} {setting:g}": Tuned(name, setting)
        for name, settings in SETTINGS.items()
        for setting in settings
    }
    photo = unnoise.load("photo", device="cpu", precision="fp32")
    whole = _remembered(photo.denoise_floats)
    found["photo"] = whole
    for stride in (2, 3):
        info = replace(photo.info, strides=(stride,))
        found[f"photo, stride {stride}"] = unnoise.Denoiser(photo.backend, info).denoise_floats
    for strength in (0.4, 0.7, 0.9):
        found[f"photo, strength {strength}"] = _mixed(whole, strength)
    return found | trained


def _remembered(denoise: Denoise) -> Denoise:
    """Return a function that computes the result of each image once."""
    last: dict[bytes, Floats] = {}

    def denoise_once(images: Floats) -> Floats:
        key = images.tobytes()
        if key not in last:
            while len(last) > 1:
                last.pop(next(iter(last)))
            last[key] = denoise(images)
        return last[key]

    return denoise_once


def _mixed(denoise: Denoise, strength: float) -> Denoise:
    return lambda images: images + np.float32(strength) * (denoise(images) - images)


def white(noise: Grain) -> Grain:
    """Return the same noise as if it were white, which plain SURE assumes."""
    alone = np.zeros_like(noise.correlation)
    alone[len(alone) // 2, len(alone) // 2] = 1
    return replace(noise, correlation=alone)


def decibels(error: float) -> float:
    return float(-10 * np.log10(error))


@dataclass(frozen=True)
class Judged:
    true: float
    risks: dict[str, Risk]


def judge_all(scene: Scene, models: dict[str, Denoise]) -> dict[str, Judged]:
    noise = noise_for(scene.noisy, models.values())
    found = {}
    for name, model in models.items():
        made: list[Floats] = []

        def denoise(images: Floats, model: Denoise = model, made: list[Floats] = made) -> Floats:
            made.append(model(images))
            return made[-1]

        risks = {"generalised": estimate_risk(denoise, scene.noisy, noise, most=1)}
        alone = white(noise)
        risks["plain"] = (
            risks["generalised"]
            if noise.white
            else estimate_risk(denoise, scene.noisy, alone, most=1)
        )
        found[name] = Judged(decibels(float(np.mean((made[0][0] - scene.clean) ** 2))), risks)
    return found


class Counts:
    """Pairs of one kind: which were ordered rightly, and which were reported as different."""

    def __init__(self) -> None:
        self.right: dict[str, list[bool]] = defaultdict(list)
        self.apart: list[bool] = []
        self.right_apart: list[bool] = []
        self.off: list[float] = []

    def add(self, found: dict[str, Judged]) -> None:
        for one, other in itertools.combinations(found.values(), 2):
            if abs(one.true - other.true) < CLEAR:
                continue
            for name in ESTIMATES:
                less = one.risks[name].error < other.risks[name].error
                self.right[name].append(less == (one.true > other.true))
            apart = not one.risks["generalised"].same(other.risks["generalised"])
            self.apart.append(apart)
            if apart:
                self.right_apart.append(self.right["generalised"][-1])
        estimates = [(each.risks["generalised"].psnr, each.true) for each in found.values()]
        self.off += [psnr - true for psnr, true in estimates if psnr is not None]

    def row(self, name: str) -> str:
        cells = [name, str(len(self.apart))]
        cells += [f"{np.mean(self.right[each]):.1%}" for each in ESTIMATES]
        cells += [f"{np.mean(self.apart):.0%}", f"{np.mean(self.right_apart):.1%}"]
        cells += [f"{np.median(self.off):+.2f}, {np.median(np.abs(self.off)):.2f}"]
        return f"| {' | '.join(cells)} |"


def order(images: Iterator[Scene], models: dict[str, Denoise]) -> None:
    counts: dict[str, Counts] = defaultdict(Counts)
    for scene in images:
        found = judge_all(scene, models)
        for kind in (scene.kind, "all"):
            counts[kind].add(found)
        print(scene.name, counts["all"].row("so far"), file=sys.stderr, flush=True)
    print(
        "| images | pairs | right | by plain SURE | reported as different | right of these | "
        "estimated minus true PSNR, median and median absolute, dB |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name in sorted(counts):
        print(counts[name].row(name), flush=True)


def filters(images: Iterator[Scene]) -> None:
    """The mean PSNR of each filter with the default parameter, and with the chosen one."""
    found: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    seconds = []
    for scene in images:
        for name in available_baselines():
            start = time.perf_counter()
            tuned = tune(name, scene.noisy, error_estimator(scene.noisy))
            seconds.append(time.perf_counter() - start)
            both = tune(name, scene.noisy), tuned
            default, chosen = (
                decibels(float(np.mean((each(scene.noisy[None])[0] - scene.clean) ** 2)))
                for each in both
            )
            found[scene.kind, name].append((default, chosen))
    print("\n| images | filter | default parameter, dB | chosen, dB |")
    print("| --- | --- | ---: | ---: |")
    for (kind, name), values in sorted(found.items()):
        default, chosen = np.mean(values, axis=0)
        print(f"| {kind} | {name} | {default:.2f} | {chosen:.2f} |")
    print(f"\n{np.mean(seconds):.1f} s for a filter and an image of {SIDE} × {SIDE} pixels")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--captures", type=int, nargs="*", default=[2, 3, 4])
    parser.add_argument("--every", type=int, default=17)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--models", type=Path, nargs="*", help="instead of training")
    options = parser.parse_args()
    if not (DATA / "photos/test/cbsd68").is_dir():
        sys.exit(f"there are no images in {DATA}: set UNNOISE_DATA")
    trained = given(options.models) if options.models else train(options.minutes)
    images = options.captures, options.every
    order(scenes(*images), candidates(trained))
    filters(itertools.islice(scenes(*images), 0, None, 4))


if __name__ == "__main__":
    main()
