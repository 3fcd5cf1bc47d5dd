"""Which method is chosen for noisy images alone, and would another one have been better?

    python benchmarks/method.py [choice] [quality] [--steps N] [--data FOLDER]

choice   for sets of images with known content: the method chosen for each image alone, counted,
         and the method chosen for all together; nothing is trained
quality  N steps of each method on lines, microscopy and photographs: which is better, by how much

The images are in FOLDER (photos/, microscopy/, mnist/), by default in $UNNOISE_DATA.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

sys.path.append(str(Path(__file__).parent))

from machine import describe_machine

import unnoise
from unnoise.data import Plan, choose_method, look_at
from unnoise.images import read_stack, to_channels

Image = NDArray[np.float64]
Pairs = list[tuple[Image, Image]]  # noisy and clean, (H, W) or (H, W, C)

SEED = 13
FEW = 40  # photographs of a set
DEFAULT, VOID = "neighbor2neighbor", "noise2void"
UNKNOWN = "(not known)"  # the better method was not measured


def photographs(folder: Path, *, grey: bool = True) -> Iterator[Image]:
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".png"))
    for path in paths[:: max(1, len(paths) // FEW)][:FEW]:
        image = read_stack(path)[0]
        yield (to_channels(image, 1)[0, ..., 0] if grey else image[0]).astype(np.float64)


def with_noise(images: Iterator[Image], std: float, rows: float = 0.0) -> Pairs:
    """Add white noise, and noise that rows share, without clipping."""
    pairs = []
    for number, clean in enumerate(images):
        random = np.random.default_rng([SEED, number])
        noise = std * random.standard_normal(clean.shape)
        noise += rows * random.standard_normal((len(clean), *[1] * (clean.ndim - 1)))
        pairs.append((clean + noise, clean))
    return pairs


def turned(pairs: Pairs) -> Pairs:
    return [(noisy.T, clean.T) for noisy, clean in pairs]


def mosaics(colours: Iterator[Image]) -> Iterator[Image]:
    """Keep one colour of each pixel, as in the raw file of a camera."""
    for image in colours:
        grey = image[..., 1] * 1.0
        grey[::2, ::2], grey[1::2, 1::2] = 0.5 * image[::2, ::2, 0], 0.7 * image[1::2, 1::2, 2]
        yield grey


def threads(width: float) -> Iterator[Image]:
    """Draw bent lines of 140 on a background of 10, ``width`` pixels wide."""
    for number in range(12):
        random, image = np.random.default_rng([SEED, number]), np.zeros((384, 384))
        for _ in range(3):
            place, angle = random.uniform(60, 320, 2), random.uniform(0, 6.28)
            for _ in range(360):
                angle += random.normal(0, 0.09)
                place = (place + 0.4 * np.array([np.sin(angle), np.cos(angle)])) % 384
                image[tuple(place.astype(int))] = 1
        soft = gaussian_filter(image, width / 2.355)  # full width at half maximum
        yield 10 + 140 * soft / soft.max()


def captures(folder: Path) -> Pairs:
    """Return microscopy captures and their references."""
    paths = sorted((folder / "noisy").iterdir())
    read = [
        [read_stack(side / p.name)[0][0, ..., 0] for p in paths]
        for side in (folder / "noisy", folder / "clean")
    ]
    return [(noisy, clean.astype(np.float64)) for noisy, clean in zip(*read, strict=True)]


def plan(images: list[Image]) -> Plan:
    found, _ = look_at(list(images), split="train")
    return choose_method(found, None, noise=None, objective="auto", channels=None)


def name_of(made: Plan) -> str:
    if made.stride is not None:
        return f"stride {made.stride}"
    return made.objective if made.structure == "none" else made.structure


def choice(data: Path, steps: int) -> None:  # noqa: ARG001  the signature of the table
    train, test = data / "photos/train", data / "photos/test/cbsd68"

    def noisy_photographs(std: float, rows: float = 0.0) -> Pairs:
        return with_noise(photographs(train), std, rows)

    sets: list[tuple[str, str, Callable[[], Pairs]]] = [
        *((f"photographs, noise {std}", DEFAULT, partial(noisy_photographs, std))
          for std in (5, 10, 25, 50)),
        *((f"CBSD68, noise {std}", DEFAULT,
           lambda std=std: with_noise(photographs(test, grey=False), std)) for std in (10, 25, 50)),
        *((f"BSD68, noise {std}", DEFAULT, lambda std=std: with_noise(photographs(test), std))
          for std in (10, 25, 50)),
        ("microscopy", DEFAULT, lambda: captures(data / "microscopy")),
        *((f"mosaics, noise {std}", "stride 2",
           lambda std=std: with_noise(mosaics(photographs(train, grey=False)), std))
          for std in (2, 10)),
        *((f"rows of {rows}, noise 10", "horizontal",
           partial(noisy_photographs, 10, rows)) for rows in (3, 10)),
        ("columns of 5, noise 10", "vertical",
         lambda: turned(noisy_photographs(10, 5))),
        *((f"lines 3 wide, noise {std}", VOID,
           lambda std=std: with_noise(threads(3), std)) for std in (3, 6, 12)),
        *((f"lines {width} wide, noise {std}", UNKNOWN,
           lambda width=width, std=std: with_noise(threads(width), std))
          for width in (2, 5) for std in (3, 6, 12)),
        *((f"lines {width} wide, noise {std}", DEFAULT,
           lambda width=width, std=std: with_noise(threads(width), std))
          for width in (8, 16) for std in (3, 6, 12)),
    ]  # fmt: skip
    print(f"{'images':<28} {'wanted':<18} {'all together':<18} {'seconds':>7}  each alone")
    for name, wanted, make in sets:
        noisy = [pair[0] for pair in make()]
        begun = time.process_time()
        together = name_of(plan(noisy))
        seconds = time.process_time() - begun
        alone = Counter(name_of(plan([image])) for image in noisy)
        listed = ", ".join(f"{count} {each}" for each, count in alone.most_common())
        print(f"{name:<28} {wanted:<18} {together:<18} {seconds:>7.2f}  {listed}", flush=True)


def rms(error: Image) -> float:
    return float(np.sqrt(np.mean(error**2)))


def quality(data: Path, steps: int) -> None:
    train = data / "photos/train"
    sets: list[tuple[str, Pairs, list[dict[str, str]]]] = [
        ("lines 3 wide, noise 6", with_noise(threads(3), 6), [{}]),
        ("lines 3 wide, noise 12", with_noise(threads(3), 12), [{}]),
        ("microscopy", captures(data / "microscopy"), [{}]),
        ("photographs, noise 10", with_noise(photographs(train), 10), [{}]),
        ("photographs, noise 25", with_noise(photographs(train), 25), [{}]),
        (
            "photographs, rows of 10, noise 10",
            with_noise(photographs(train), 10, 10),
            [{"structure": "none"}, {"structure": "horizontal"}],
        ),
    ]
    print(f"{steps} steps each; error: root of the mean square; bright: true value over 30")
    print(f"{'images':<34} {'method':<30} {'seconds':>7} {'error':>6} {'bright':>7}")
    for name, pairs, variants in sets:
        noisy = [rms(a - b) for a, b in pairs]
        bright = [rms((a - b)[b > 30]) for a, b in pairs]
        print(f"{name:<34} {'(noisy)':<38} {np.mean(noisy):>6.2f} {np.mean(bright):>7.2f}")
        for objective in (DEFAULT, VOID):
            for settings in variants:
                begun = time.perf_counter()
                denoiser = unnoise.train(
                    [pair[0] for pair in pairs],
                    steps=steps,
                    objective=objective,
                    seed=SEED,
                    say=lambda _: None,
                    **settings,  # type: ignore[arg-type]
                )
                seconds = time.perf_counter() - begun
                errors = [(denoiser(a).astype(np.float64) - b, b > 30) for a, b in pairs]
                called = " ".join([objective, *settings.values()])
                print(
                    f"{'':<34} {called:<30} {seconds:>7.0f} "
                    f"{np.mean([rms(e) for e, _ in errors]):>6.2f} "
                    f"{np.mean([rms(e[m]) for e, m in errors]):>7.2f}",
                    flush=True,
                )


BENCHMARKS: dict[str, Callable[[Path, int], None]] = {"choice": choice, "quality": quality}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", default=list(BENCHMARKS))
    parser.add_argument("--steps", type=int, default=300)
    default = os.environ.get("UNNOISE_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(default))
    options = parser.parse_args()
    print(describe_machine())
    for name in options.names:
        BENCHMARKS[name](options.data, options.steps)


if __name__ == "__main__":
    main()
