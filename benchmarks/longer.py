"""Training for longer: does the advice after a training agree with what twice the time brings?

    python benchmarks/longer.py [digits | photographs | microscopy ...] [--seeds 0 1]
        [--curves FOLDER]

Trains on the embedded digits, on photographs with gaussian noise of 25/255, and on noisy microscopy
captures alone, with 1/4 to 8 times the steps that half a minute takes here. The first table has the
advice of each training beside the gain of the next one, of twice the steps: on held-out images, or
for microscopy on all 24 captures against their clean versions. The second table has the gain of
the rest of a training, estimated on the way, beside the real one. Curves that are in FOLDER already
are not trained again.

The images are in $UNNOISE_DATA (photos/, microscopy/).
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe_machine
from own_images import psnr, read_grey

import unnoise
from unnoise.api.planning import make_plan
from unnoise.assemble import assemble
from unnoise.runs import RunFolder, layer_settings
from unnoise.training import LITTLE, REST, expected, gained
from unnoise.training.worth import qualities

FIRST = 0.5  # minutes
FACTORS = (1, 0.25, 0.5, 2, 4, 8)  # of the steps that FIRST takes; it is measured first
NOISE = "gaussian:0.098"  # 25/255
Curve = dict[str, Any]


def of_held_out(denoiser: unnoise.Denoiser) -> float:
    return denoiser.info.trained["psnr"]


def of_microscopy(denoiser: unnoise.Denoiser) -> float:
    captures = data_of("microscopy").parent
    scores = []
    for path in sorted((captures / "noisy").glob("*.png")):
        noisy, clean = read_grey(path), read_grey(captures / "clean" / path.name)
        scores.append(psnr(denoiser(noisy), clean, 255))
    return float(np.mean(scores))


def data_of(kind: str) -> Path:
    folders = {"microscopy": "microscopy/noisy", "photographs": "photos/train"}
    return Path(os.environ["UNNOISE_DATA"]) / folders[kind] if kind in folders else Path(kind)


KINDS: dict[str, tuple[dict[str, Any], Callable[[unnoise.Denoiser], float]]] = {
    "digits": ({}, of_held_out),
    "photographs": ({"noise": NOISE}, of_held_out),
    "microscopy": ({}, of_microscopy),
}


def noise_of(kind: str, seed: int) -> float:
    """Return the part of the risk that is noise, as a training finds it."""
    settings = layer_settings({"data": str(data_of(kind)), "seed": seed, "steps": 1})
    assembly = assemble(settings, make_plan(settings, say=lambda _: None))
    return assembly.validator.noise(assembly.info.channels)


def trained(kind: str, seed: int, length: dict[str, float]) -> Curve:
    """Train once; return the steps, the rows of the metrics, and the quality reached."""
    settings, measure = KINDS[kind]
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "run"
        asked: dict[str, Any] = {**settings, **length, "seed": seed}
        denoiser = unnoise.train(str(data_of(kind)), out=out, say=lambda _: None, **asked)
        rows = RunFolder(out).read_metrics()
    reached = denoiser.info.trained
    steps, seconds = int(reached["steps"]), reached["seconds"]
    return {"steps": steps, "seconds": seconds, "psnr": measure(denoiser), "rows": rows}


def curves(kind: str, seed: int, folder: Path) -> list[Curve]:
    """Train with each length, or read what was trained before; sort by length."""
    found: list[Curve] = []
    for factor in FACTORS:
        kept = folder / f"{kind}-{seed}-{factor}.json"
        if not kept.is_file():
            steps = round(found[0]["steps"] * factor) if found else 0
            length = {"steps": steps} if found else {"minutes": FIRST}
            kept.write_text(json.dumps(trained(kind, seed, length)))
        found.append(json.loads(kept.read_text()))
    return sorted(found, key=lambda curve: curve["steps"])


def advice(kind: str, seed: int, found: list[Curve], noise: float) -> Iterator[bool]:
    """Print what each training says beside what the next gains; yield whether they agree."""
    for this, longer in pairwise(found):
        gain = gained(this["rows"], noise)
        if gain is None:
            continue
        more = longer["psnr"] - this["psnr"]
        agree = (gain >= LITTLE) == (more >= LITTLE)
        said = "try twice" if gain >= LITTLE else "hardly worth it"
        print(
            f"| {kind}, {seed} | {this['steps']:,} | {this['psnr']:.2f} | {gain:.2f} | {said} | "
            f"{more:+.2f} | {'yes' if agree else 'no'} |"
        )
        yield agree


def rest(kind: str, seed: int, found: list[Curve], noise: float) -> None:
    """Print when a training would say that its rest gains little, and what the rest gained."""
    for curve in found:
        rows, best = curve["rows"], qualities(curve["rows"], noise)
        for i in range(1, len(rows)):
            estimate = expected(rows[:i], noise)
            if estimate is not None and estimate < REST:
                share = rows[i - 1]["step"] / curve["steps"]
                print(
                    f"| {kind}, {seed} | {curve['steps']:,} | {share:.0%} | {estimate:.3f} | "
                    f"{best[-1] - best[i - 1]:.3f} |"
                )
                break


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("kinds", nargs="*", metavar="KIND")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--curves", type=Path)
    given = parser.parse_args()
    print(describe_machine())
    with tempfile.TemporaryDirectory() as name:
        folder = given.curves or Path(name)
        folder.mkdir(exist_ok=True)
        every = {
            (kind, seed): (curves(kind, seed, folder), noise_of(kind, seed))
            for kind in given.kinds or KINDS
            for seed in given.seeds
        }
    print("| data, seed | steps | PSNR | second half, dB | advice | twice the steps, dB | agree |")
    print("| --- | ---: | ---: | ---: | --- | ---: | --- |")
    right = [each for (kind, seed), both in every.items() for each in advice(kind, seed, *both)]
    print(f"{sum(right)} of {len(right)} agree\n")
    print("| data, seed | steps | said at | rest, estimated, dB | rest, dB |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for (kind, seed), both in every.items():
        rest(kind, seed, *both)


if __name__ == "__main__":
    main()
