"""Check on real and synthetic stacks whether neighbouring images help, and where films are cut.

    python benchmarks/neighbours_facts.py [--data FOLDER]

For each stack and noise, the first table gives how much better the pixels of an image are predicted
with 1, 2 and 3 neighbours to each side, in percent, with the standard error. The
figures are of the median image; behind them stands for how many of the images neighbours help by
the limits of ``unnoise.facts``. The second table gives the likeness of pairs of
frames. The films, photographs, digits and micrographs are in FOLDER.
"""

import argparse
import gzip
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

sys.path.append(str(Path(__file__).parent))

from machine import describe_machine

from unnoise.facts import UNLIKE, gain, likeness, noise_correlation
from unnoise.images import read_stack

Image = NDArray[np.float64]
Stack = Sequence[Image]
PLACES = 4  # images of a stack of which the median is printed


def gaussian(image: Image, random: np.random.Generator, level: float = 0.1) -> Image:
    return image + level * random.standard_normal(image.shape)


def grain(image: Image, random: np.random.Generator, level: float = 0.1) -> Image:
    drawn = gaussian_filter(random.standard_normal(image.shape), (0.7, 0.7, 0))
    return np.asarray(image + level * drawn / drawn.std())


def poisson(image: Image, random: np.random.Generator) -> Image:
    counts = random.poisson(30 * image.clip(0)) / 30
    return np.asarray(counts + 0.02 * random.standard_normal(image.shape))


NOISES: dict[str, Callable[[Image, np.random.Generator], Image]] = {
    "none": lambda image, _: image,
    "white 0.1": gaussian,
    "grain 0.1": grain,
    "poisson:30": poisson,
}


def read(path: Path) -> Stack:
    return [np.asarray(page, np.float64) / 255 for page in read_stack(path)[0]]


def photographs(data: Path, pattern: str, every: int, side: int) -> Stack:
    files = sorted((data / "photos/train").glob(pattern))[::every]
    grey = [read(path)[0][:side, :side].mean(2, keepdims=True) for path in files]
    return [image for image in grey if image.shape[:2] == (side, side)]


def digits(data: Path) -> Stack:
    values = gzip.decompress((data / "mnist/t10k-images-idx3-ubyte.gz").read_bytes())
    return list(np.frombuffer(values, np.uint8, offset=16).reshape(-1, 28, 28, 1)[:77] / 255)


def shaded(stack: Stack) -> Stack:
    """Return images that one lens has darkened in the corners."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, side) for side in stack[0].shape[:2]), indexing="ij")
    return [image * (1 - 0.3 * (x**2 + y**2))[..., None] for image in stack]


def barred(image: Image) -> Image:
    return np.pad(image[30:-30], ((30, 30), (0, 0), (0, 0)))


def blobs(step: float) -> Stack:
    """Return seven slices, ``step`` apart, of gaussian blobs of sigma 6 in all directions."""
    random, side = np.random.default_rng(0), 256
    y, x = np.mgrid[:side, :side]
    slices = np.zeros((7, side, side))
    for _ in range(300):
        top, left, depth = random.uniform((0, 0, -130), (side, side, 130))
        disc = np.exp(-((y - top) ** 2 + (x - left) ** 2) / 72)
        for place in range(7):
            slices[place] += np.exp(-(((place - 3) * step - depth) ** 2) / 72) * disc
    return list(slices[..., None] / slices.max())


def square(speed: int) -> Stack:
    """Return seven images of a bright square that moves."""
    images = np.zeros((7, 128, 128, 1))
    for place, image in enumerate(images):
        image[20 + place * speed : 50 + place * speed, 40:70] = 0.8
    return list(images)


def panned(image: Image, speed: int) -> Stack:
    return [image[10:266, speed * place : speed * place + 256] for place in range(7)]


def spotted(stack: Stack) -> Stack:
    """Return images with the same 0.2 % hot pixels."""
    hot = np.random.default_rng(5).random(stack[0].shape) < 0.002
    return [np.where(hot, 1.0, image) for image in stack]


def unrelated(data: Path) -> Iterator[tuple[str, Stack, int]]:
    """Yield the names of stacks, their images, and how many images lie between neighbours."""
    photos = photographs(data, "*.jpg", 17, 320)
    for at in (0, 8, 16):
        yield f"photographs {at} to {at + 6}", photos[at : at + 7], 1
    yield "photographs of 512 pixels", photographs(data, "div2k*", 5, 512), 1
    yield "photographs, one vignette", shaded(photos[4:11]), 1
    yield "photographs, black bars", [barred(image) for image in photos[4:11]], 1
    yield "no structure, one vignette", shaded([np.full((256, 256, 1), 0.7)] * 7), 1
    yield "digits", digits(data), 1
    for step in (20, 30):
        yield f"blobs, {step / 6:.1f} sigma apart", blobs(step), 1
    yield "the same, one vignette", shaded(blobs(30)), 1


def related(data: Path) -> Iterator[tuple[str, Stack, int]]:
    photos = photographs(data, "*.jpg", 17, 320)
    for name in ("water", "brightfield"):
        film = read(data / f"timelapse/{name}.tif")
        for stride in (1, 2, 4, 8, 16):
            yield f"{name}, every {stride}.", film, stride
        yield f"{name}, shuffled", [film[i] for i in np.random.default_rng(0).permutation(50)], 1
    yield "one photograph", [photos[2]] * 7, 1
    yield "one digit", [digits(data)[3]] * 7, 1
    for speed in (1, 2, 4, 10):
        yield f"pan of {speed} pixels", panned(photos[2], speed), 1
    for speed in (1, 3, 6):
        yield f"square, {speed} pixels", square(speed), 1
    for step in (1, 6, 12):
        yield f"blobs, {step / 6:.1f} sigma apart", blobs(step), 1
    yield "photographs, hot pixels", spotted(photos[:7]), 1


def measure(name: str, stack: Stack, stride: int, kinds: Sequence[str] = tuple(NOISES)) -> None:
    for kind in kinds:
        random = np.random.default_rng(1)
        noisy = [NOISES[kind](image, random) for image in stack]
        cells = [
            cell(noisy, stride, count) for count in (1, 2, 3) if 2 * count * stride < len(stack)
        ]
        print(f"{name:<28} {kind:<11} {' '.join(cells)}", flush=True)


def cell(stack: Stack, stride: int, count: int) -> str:
    """Return the median figures of some images, and how many of them neighbours help."""
    away = [sign * k * stride for k in range(1, count + 1) for sign in (-1, 1)]
    first, last = count * stride, len(stack) - count * stride - 1
    places = {first + (last - first) * k // (PLACES - 1) for k in range(PLACES)}
    found = []
    for place in places:
        correlation = noise_correlation(stack[place])
        distance = correlation.stride if correlation else 1
        found.append(gain(stack[place], [stack[place + k] for k in away], distance=distance))
    known = sorted((each for each in found if each), key=lambda each: each.better)
    if not known:
        return f"{'unknown':>22}"
    middle, helped = known[len(known) // 2], sum(each.helps for each in known)
    return f"{100 * middle.better:8.2f} ±{100 * middle.error:6.2f} {helped}/{len(places)}  "


def captures(data: Path) -> None:
    """Measure captures of one field, with one neighbour before and one after."""
    names = sorted({path.name[:-6] for path in (data / "microscopy/noisy").glob("*.png")})
    for name in names:
        files = [data / f"microscopy/noisy/{name}_{k}.png" for k in (1, 2, 3)]
        measure(f"captures, {name}"[:28], [read(path)[0] for path in files] * 2, 1, ["none"])


def pairs(data: Path) -> Iterator[tuple[str, list[tuple[Image, Image]]]]:
    photos = photographs(data, "*.jpg", 10, 321)
    large = photographs(data, "div2k*", 3, 560)

    def part(image: Image, top: int, left: int, side: int = 256) -> Image:
        return image[top : top + side, left : left + side]

    two = [(part(a, 0, 0), part(b, 0, 0)) for a, b in pairwise(photos)]
    yield "cut, 256 pixels", two
    yield "cut, one vignette", [tuple(shaded(pair)) for pair in two]  # type: ignore[misc]
    yield "cut, black bars", [(barred(a), barred(b)) for a, b in two]
    yield (
        "cut, 512 pixels",
        [(part(a, 0, 0, 512), part(b, 0, 0, 512)) for a, b in pairwise(large)],
    )
    yield (
        "cut, film to photograph",
        [(part(read(data / "timelapse/brightfield.tif")[0], 0, 0), a) for a, _ in two],
    )
    yield "still", [(part(a, 10, 10), part(a, 10, 10)) for a in photos]
    yield "pan of 10, 256 pixels", [(part(a, 10, 10), part(a, 10, 20)) for a in photos]
    yield "pan of 22 and 30", [(part(a, 10, 10), part(a, 32, 40)) for a in photos]
    yield "pan of 10, 512 pixels", [(part(a, 10, 10, 512), part(a, 10, 20, 512)) for a in large]
    yield (
        "zoom of 5 %",
        [(part(a, 10, 10), part(zoom(a, (1.05, 1.05, 1), order=1), 20, 20)) for a in photos],
    )
    yield (
        "flash, clipped",
        [(part(a, 10, 10), (1.8 * part(a, 10, 10) + 0.1).clip(0, 1)) for a in photos],
    )
    yield "fade, 60 to 40 %", [(0.6 * part(a, 10, 10), 0.4 * part(a, 10, 10)) for a in photos]
    for name in ("water", "brightfield"):
        film = read(data / f"timelapse/{name}.tif")
        for stride in (1, 16):
            yield f"{name}, every {stride}.", [(film[k], film[k + stride]) for k in range(0, 32, 4)]


def alike(name: str, both: list[tuple[Image, Image]]) -> None:
    kinds: dict[str, Callable[[Image, np.random.Generator], Image]] = {
        "none": NOISES["none"],
        "white 0.1": gaussian,
        "white 0.2": lambda image, random: gaussian(image, random, 0.2),
        "grain 0.2": lambda image, random: grain(image, random, 0.2),
    }
    for kind, noise in kinds.items():
        random = np.random.default_rng(1)
        found = [likeness(noise(a, random), noise(b, random)) for a, b in both]
        known = [each for each in found if each is not None]
        low, middle, high = np.quantile(known, (0, 0.5, 1)) if known else (np.nan,) * 3
        cuts = sum(each < UNLIKE for each in known)
        figures = f"{low:7.2f} {middle:7.2f} {high:7.2f}"
        print(f"{name:<28} {kind:<11} {figures} {cuts:5} {len(both) - len(known):8} {len(both):5}")


def speed() -> None:
    image = np.random.default_rng(0).random((512, 512, 1))
    tasks: dict[str, Callable[[], object]] = {
        f"gain, {count} neighbours": lambda count=count: gain(image, [image[::-1]] * count)  # type: ignore[misc]
        for count in (2, 4, 6)
    }
    tasks["likeness"] = lambda: likeness(image, image[::-1])
    for name, task in tasks.items():
        task()
        begun = time.perf_counter()
        for _ in range(10):
            task()
        print(f"{name}, 512 × 512 pixels: {100 * (time.perf_counter() - begun):.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("UNNOISE_DATA", "../shared/data")
    )
    data = parser.parse_args().data
    print(describe_machine())
    print(f"{'better by, %':<28} {'noise':<11} {'1 a side':>16} {'2 a side':>22} {'3 a side':>22}")
    for title, stacks in (("UNRELATED", unrelated), ("RELATED", related)):
        print(title)
        for stack in stacks(data):
            measure(*stack)
    captures(data)
    columns = f"{'lowest':>7} {'median':>7} {'highest':>7}  cuts  unknown    of"
    print(f"\n{'likeness':<28} {'noise':<11} {columns}")
    for name, both in pairs(data):
        alike(name, both)
    speed()


if __name__ == "__main__":
    main()
