"""How well is noise estimated from noisy photographs? The added spec beside the estimated one.

    python benchmarks/noise_models.py [--data FOLDER] [--count 20]

Adds each noise to photographs of FOLDER/photos/train and rounds them to 8 bits. Prints the spec
estimated from all of them together. The last column is for each photograph alone: the median error
of the level, in percent, and the number of photographs in which noise was found.
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parent))

from machine import describe_machine

import unnoise
from unnoise.facts import NoiseSample, noise_sample
from unnoise.images import LUMA, read_stack
from unnoise.noise import parse_noise
from unnoise.noise.fitting import fit_noise

Image = NDArray[np.uint8]

NOISES = (
    "gaussian:0",
    "gaussian:0.02",
    "gaussian:0.05",
    "gaussian:0.02..0.06",
    "poisson:50",
    "poisson:100+gaussian:0.02",
    "grain:0.03(luma=0.4 chroma=1)",
    "grain:0.015(luma=0.7 chroma=1.5)",
    "grain:0.03(luma=1 chroma=2)",
    "grain:0.03(luma=1.5 chroma=3)",
    "grain:0.015(luma=0.7 chroma=1.5)+chroma:0.02(width=1.5)",
    "gaussian:0.03+rows:0.02",
    "gaussian:0.03+salt-pepper:0.02",
)


def spec_of(samples: list[NoiseSample]) -> str:
    found = fit_noise(samples)
    return "none" if found is None else str(found.noise)


def measured(images: list[Image]) -> list[NoiseSample]:
    found = (noise_sample(image / 255, step=1 / 255) for image in images)
    return [each for each in found if each is not None]


def level(spec: str) -> float:
    term = parse_noise(spec).chains[0].terms[0]
    return (term.low + term.high) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    default = os.environ.get("UNNOISE_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--count", type=int, default=20)
    options = parser.parse_args()
    paths = sorted((options.data / "photos" / "train").glob("*.jpg"))
    paths = paths[:: len(paths) // options.count][: options.count]
    colour = [read_stack(path)[0][0] for path in paths]
    grey = [np.rint(image @ np.array(LUMA))[..., None].astype(np.uint8) for image in colour]
    print(describe_machine())
    print(f"| photographs | added | found in {len(paths)} together | each alone: error, found in |")
    print("| --- | --- | --- | --- |")
    for kind, clean in (("colour", colour), ("grey", grey)):
        for spec in NOISES:
            noisy = [
                unnoise.add_noise(image, spec, axes="YXC", range=(0, 255), seed=seed)
                for seed, image in enumerate(clean)
            ]
            samples = measured(noisy)
            alone = [one for each in samples if (one := spec_of([each])) != "none"]
            same = parse_noise(spec).chains[0].terms[0]
            off = [
                abs(level(one) / same.low - 1)
                for one in alone
                if one.startswith(same.name) and same.low == same.high > 0
            ]
            error = f"{100 * np.median(off):.0f} %, " if off else ""
            print(f"| {kind} | `{spec}` | `{spec_of(samples)}` | {error}{len(alone)} |", flush=True)


if __name__ == "__main__":
    main()
