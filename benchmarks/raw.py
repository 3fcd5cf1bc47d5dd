"""Mosaics and raw files: how to denoise them, what is taken for one, and what LibRaw costs.

    python benchmarks/raw.py designs [--final]   ways to denoise a mosaic with ``photo``
    python benchmarks/raw.py alarms              real images and mosaics that are taken for mosaics
    python benchmarks/raw.py cost                seconds of a raw file of 24 megapixels

Mosaics are made of photographs of $UNNOISE_DATA: linear light, a camera that is less sensitive to
red and blue, Poisson noise of FULL electrons at white, and read noise of 3 electrons. Designs are
chosen on photos/train; ``--final`` measures them on CBSD68.
"""

import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe_machine
from scipy.ndimage import convolve

import unnoise
from unnoise.facts import MOSAIC, is_mosaic, phases
from unnoise.images import ReadOptions, open_image
from unnoise.images.mosaic import PLACES

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from raws import BLACK, GAINS, WHITE, mosaic_of, stored, write_dng

IMAGES, SIDE = 12, 384  # of each set; pixels of a side
FIRST = "developed first, then denoised (no mosaic any more)"
FULL, READ = (2000, 400, 100), 3.0  # electrons at white, and of read noise
LEAST, MOST = -BLACK / (WHITE - BLACK), (65535 - BLACK) / (WHITE - BLACK)  # that files hold
Floats = Any
Denoise = Callable[[Floats], Floats]


def linear(values: Floats) -> Floats:
    """Return the light of values of sRGB (IEC 61966-2-1)."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def srgb(light: Floats) -> Floats:
    """Return the values of sRGB of light."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def photographs(data: Path, *, final: bool, count: int = IMAGES) -> Iterator[Floats]:
    """Yield photographs, linear, of even sides."""
    folder = data / ("photos/test/cbsd68" if final else "photos/train")
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith("div2k"))
    for path in paths[:: len(paths) // count][:count]:
        with open_image(path) as reader:
            image: Floats = reader.image(0)[:SIDE, :SIDE, :3]
        yield linear(image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2] / 255)


def apart(mosaic: Floats) -> list[Floats]:
    """Return red, both greens and blue."""
    return [mosaic[row::2, column::2] for row, column in PLACES["RGGB"]]


def together(colours: list[Floats]) -> Floats:
    """Return the mosaic of red, both greens and blue."""
    mosaic = np.empty((2 * colours[0].shape[0], 2 * colours[0].shape[1]))
    for colour, (row, column) in zip(colours, PLACES["RGGB"], strict=True):
        mosaic[row::2, column::2] = colour
    return mosaic


def demosaic(mosaic: Floats) -> Floats:
    """Return colours ``(H, W, 3)``, balanced, in sRGB: interpolated between neighbours."""
    known = np.zeros((3, *mosaic.shape))
    for channel, (row, column) in zip((0, 1, 1, 2), PLACES["RGGB"], strict=True):
        known[channel, row::2, column::2] = 1
    cross = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]]) / 4
    square = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 4
    kernels = (square, cross, square)
    colours = [
        convolve(mosaic * mask, kernel, mode="mirror") / gain
        for mask, kernel, gain in zip(known, kernels, GAINS, strict=True)
    ]
    return srgb(np.stack(colours, axis=-1))


def designs(denoiser: unnoise.Denoiser) -> dict[str, Denoise]:
    """Return ways to denoise a mosaic, whose values are linear and from 0 to 1."""

    def stack(image: Floats, channels: str, detail: float = 0.0) -> Floats:
        kept = np.clip(image, LEAST, MOST)
        result = denoiser(stored(kept), axes="YXC", channels=channels, detail=detail)
        return (result - float(BLACK)) / (WHITE - BLACK)

    def each(mosaic: Floats, detail: float = 0.0) -> Floats:
        found = stack(np.stack(apart(mosaic), -1), "separate", detail)
        return together(list(np.moveaxis(found, -1, 0)))

    def curved(mosaic: Floats) -> Floats:
        return linear(np.clip(each(srgb(mosaic)), 0, 1))

    def colours(mosaic: Floats) -> Floats:
        red, *greens, blue = apart(mosaic)
        gains = np.divide(1, GAINS)
        found = [stack(np.stack([red, one, blue], -1) * gains, "together") for one in greens]
        (r1, g1, b1), (r2, g2, b2) = (np.moveaxis(one / gains, -1, 0) for one in found)
        return together([(r1 + r2) / 2, g1, g2, (b1 + b2) / 2])

    def whole(mosaic: Floats) -> Floats:
        return stack(mosaic[..., None], "separate")[..., 0]

    return {
        "noisy": lambda mosaic: mosaic,
        "as a plain grey image": whole,
        "each colour by itself (--mosaic)": each,
        "each colour by itself, with --detail 1": partial(each, detail=1.0),
        "each colour by itself, in the curve of sRGB": curved,
        "red, one green and blue as colours, twice": colours,
    }


def psnr(image: Floats, clean: Floats) -> float:
    """Return the PSNR of values from 0 to 1."""
    return float(-10 * np.log10(np.mean((image - clean) ** 2)))


def compare_designs(data: Path, *, final: bool) -> None:
    """Print the PSNR of the mosaic, and of its development."""
    warnings.simplefilter("ignore")
    photo = unnoise.load("photo")
    ways = designs(photo)
    print(f"| design | {' | '.join(f'{full} electrons' for full in FULL)} |")
    print("| --- |" + " --- |" * len(FULL))
    cells: dict[str, list[str]] = {name: [] for name in (*ways, FIRST)}
    for full in FULL:
        random = np.random.default_rng(0)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in cells}
        for image in photographs(data, final=final):
            clean = mosaic_of(image)
            noisy = random.poisson(clean * full) + random.normal(0, READ, clean.shape)
            noisy = np.clip(noisy / full, LEAST, 1)
            for name, way in ways.items():
                result = way(noisy)
                developed = psnr(demosaic(result), demosaic(clean))
                found[name].append((psnr(result, clean), developed))
            picture = np.rint(demosaic(noisy) * 65535).astype(np.uint16)
            result = photo(picture, axes="YXC", channels="together") / 65535
            found[FIRST].append((np.nan, psnr(result, demosaic(clean))))
        for name, values in found.items():
            mosaic, developed = np.mean(values, axis=0)
            cells[name].append(f"{mosaic:.2f}, {developed:.2f}".replace("nan", "–"))
    for name, row in cells.items():
        print(f"| {name} | {' | '.join(row)} |")


def count_alarms(data: Path) -> None:
    """Print how many real images, and how many mosaics, are taken for mosaics."""
    for kind in ("photos", "camera", "documents", "microscopy", "timelapse"):
        counts = np.zeros(3, int)
        for path in sorted((data / kind).rglob("*")):
            if path.suffix not in (".png", ".jpg", ".webp", ".tif"):
                continue
            with open_image(path) as reader:
                image = reader.image(0)[..., : reader.channels].astype(float)
            planes = [image.mean(2)] + [image[..., k] for k in range(image.shape[2])]
            for plane in (each[..., None] for each in planes):
                counts += (1, (phases(plane) or 0) > MOSAIC, is_mosaic(plane))
        print(f"{kind}: {counts[0]} images, {counts[1]} above the limit, {counts[2]} refused")
    for full in (None, *FULL):
        random, found = np.random.default_rng(0), []
        for image in photographs(data, final=True, count=68):
            mosaic = mosaic_of(image)
            if full is not None:
                mosaic = (
                    random.poisson(mosaic * full) + random.normal(0, READ, mosaic.shape)
                ) / full
            found.append(is_mosaic(mosaic[..., None]))
        print(f"mosaics, {full or 'all'} electrons: {sum(found)} of {len(found)} known")


def measure_cost() -> None:
    """Print the seconds to open and to develop, here and in a process of its own."""
    import rawpy

    random = np.random.default_rng(0)
    values = stored(np.clip(random.normal(0.2, 0.02, (4000, 6000)), 0, 1))
    with tempfile.TemporaryDirectory() as folder:
        for name, part in (("64 × 96", values[:64, :96]), ("4000 × 6000", values)):
            path = write_dng(Path(folder) / "a.dng", part)
            started = time.perf_counter()
            with open_image(path, ReadOptions()) as reader:
                opened = time.perf_counter()
                reader.image(0)
                done = time.perf_counter()
            print(f"{name}: opened in {opened - started:.2f} s, developed in {done - opened:.2f} s")
            started = time.perf_counter()
            with rawpy.imread(str(path)) as raw:
                raw.postprocess(output_bps=16, no_auto_bright=True, use_camera_wb=True)
            print(f"{name}: LibRaw in this process takes {time.perf_counter() - started:.2f} s")


def main() -> None:
    """Run what is asked for."""
    data = Path(os.environ.get("UNNOISE_DATA", ""))
    command, *rest = sys.argv[1:] or [""]
    if command not in ("designs", "alarms", "cost") or not (data / "photos").is_dir():
        sys.exit(f"{__doc__}\nset UNNOISE_DATA to the folder with photos/")
    print(describe_machine())
    if command == "designs":
        compare_designs(data, final="--final" in rest)
    elif command == "alarms":
        count_alarms(data)
    else:
        measure_cost()


if __name__ == "__main__":
    main()
