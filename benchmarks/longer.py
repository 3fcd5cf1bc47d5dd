"""Training for longer: does the advice after a training agree with what twice the time brings?

    python benchmarks/longer.py [digits | microscopy ...] [--seeds 0 1 2 3] [--curves FOLDER]

Trains on the embedded digits, and on noisy microscopy captures alone, with 1/4 to 8 times the steps
that half a minute took on one core (1,000 and 800). The first table has the
advice of each training beside the gain of the next one, of twice the steps: on held-out images, or
for microscopy on all 24 captures against their clean versions. The second table has the gain of
the rest of a training, estimated on the way, beside the real one. Curves that are in FOLDER already
are not trained again.

The captures are in $UNNOISE_DATA (microscopy/).
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
from unnoise.training import LITTLE, REST, SCHEDULES, gain_of_rest, gain_of_twice
from unnoise.training.worth import qualities

STEPS = {"digits": 1000, "microscopy": 800}
FACTORS = (0.25, 0.5, 1, 2, 4, 8)
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
    if kind == "digits":
        return Path(kind)
    return Path(os.environ["UNNOISE_DATA"]) / "microscopy/noisy"


KINDS: dict[str, Callable[[unnoise.Denoiser], float]] = {
    "digits": of_held_out,
    "microscopy": of_microscopy,
}


def noise_of(kind: str, seed: int) -> float:
    """Return the part of the risk that is noise, as a training finds it."""
    settings = layer_settings({"data": str(data_of(kind)), "seed": seed, "steps": 1})
    assembly = assemble(settings, make_plan(settings, say=lambda _: None))
    return assembly.validator.noise(assembly.info.channels)


def trained(kind: str, seed: int, steps: int) -> Curve:
    """Train once; return the rows of the metrics, and the quality reached."""
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "run"
        source = str(data_of(kind))
        denoiser = unnoise.train(source, out=out, say=lambda _: None, steps=steps, seed=seed)
        rows = RunFolder(out).read_metrics()
    return {"steps": steps, "psnr": KINDS[kind](denoiser), "rows": rows}


def curves(kind: str, seed: int, folder: Path, most: float) -> list[Curve]:
    """Train with each length, or read what was trained before."""
    found: list[Curve] = []
    for factor in (each for each in FACTORS if each <= most):
        kept = folder / f"{kind}-{seed}-{factor}.json"
        if not kept.is_file():
            kept.write_text(json.dumps(trained(kind, seed, round(STEPS[kind] * factor))))
        found.append(json.loads(kept.read_text()))
    return found


def advice(kind: str, seed: int, found: list[Curve], noise: float) -> Iterator[bool]:
    """Print what each training says beside what the next gains; yield whether they agree."""
    for this, longer in pairwise(found):
        gain = gain_of_twice(this["rows"], noise, SCHEDULES["cosine"])
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
            estimate = gain_of_rest(rows[:i], noise)
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
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3])
    parser.add_argument("--curves", type=Path)
    parser.add_argument("--most", type=float, default=8, help="times the steps above, at most")
    given = parser.parse_args()
    print(describe_machine())
    with tempfile.TemporaryDirectory() as name:
        folder = given.curves or Path(name)
        folder.mkdir(exist_ok=True)
        every = {
            (kind, seed): (curves(kind, seed, folder, given.most), noise_of(kind, seed))
            for kind in given.kinds or KINDS
            for seed in given.seeds
        }
    print("| data, seed | steps | PSNR | twice, estimated, dB | advice | twice, dB | agree |")
    print("| --- | ---: | ---: | ---: | --- | ---: | --- |")
    right = [each for (kind, seed), both in every.items() for each in advice(kind, seed, *both)]
    print(f"{sum(right)} of {len(right)} agree\n")
    print("| data, seed | steps | said at | rest, estimated, dB | rest, dB |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for (kind, seed), both in every.items():
        rest(kind, seed, *both)


if __name__ == "__main__":
    main()
