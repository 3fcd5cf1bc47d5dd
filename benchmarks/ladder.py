"""No ladder: the pattern that a stride leaves in flat places, before and after its removal.

    python benchmarks/ladder.py table [MODEL]      photographs and wide-field microscopy
    python benchmarks/ladder.py picture OUT.webp   the picture of docs/own-images.md

The images of the table are in $UNNOISE_DATA. The photographs are crops of photos/train with blurred
gaussian noise, denoised by ``photo``. MODEL must have been trained on the wide-field captures.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from machine import describe_machine
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from own_images import grainy, psnr, read_grey

import unnoise
from unnoise.denoiser.networks import deinterleave, interleave, level
from unnoise.images import read_stack, write_stack

Floats = NDArray[np.float32]
SIDE = 240  # side of a crop: a multiple of every stride times the size multiple of the network
BLOCK = 24  # pixels of a side, a multiple of 2, 3 and 4
FLAT = 0.1  # of the blocks
BESIDE = 3  # distance from a frequency of the stride, so large that a window does not mix them


def pattern(image: Floats, clean: Floats, stride: int) -> float:
    """Return the energy of the pattern of a stride in ``(C, H, W)``, in levels of 255, squared.

    The power at the frequencies k / stride, less the mean power of the frequencies beside them, in
    the blocks of 24 × 24 pixels where the clean image varies least. It is the variance of a pattern
    of that period, plus the noise at these frequencies.
    """
    power = flat_power(image, clean)
    total = 0.0
    for y in range(0, BLOCK, BLOCK // stride):
        for x in range(0, BLOCK, BLOCK // stride):
            if x or y:
                near = [
                    power[(y + down) % BLOCK, (x + right) % BLOCK]
                    for down, right in ((0, BESIDE), (0, -BESIDE), (BESIDE, 0), (-BESIDE, 0))
                ]
                total += power[y, x] - float(np.mean(near))
    return float(total)


def fine_error(image: Floats, clean: Floats, stride: int) -> float:
    """Return the energy of the error in flat places that one interleaved image cannot show.

    The energy above half a cycle per stride, along either axis, in levels of 255, squared.
    """
    power = flat_power(image - clean, clean)
    frequencies = np.abs(np.fft.fftfreq(BLOCK))
    fine = np.maximum.outer(frequencies, frequencies) > 0.5 / stride
    # The window spreads each frequency: energies add up with the mean of its square.
    window = np.hanning(BLOCK + 1)[:BLOCK]
    return float(power[fine].sum() * window.sum() ** 4 / (BLOCK * np.square(window).sum()) ** 2)


def flat_power(image: Floats, clean: Floats) -> NDArray[np.float64]:
    """Return the mean power spectrum of the blocks in which the clean image varies least."""
    found, true = (blocks(255 * each.mean(0).astype(np.float64)) for each in (image, clean))
    flattest = np.argsort(true.var((1, 2)))[: max(8, round(FLAT * len(true)))]
    window = np.outer(*[np.hanning(BLOCK + 1)[:BLOCK]] * 2)
    chosen = found[flattest] - found[flattest].mean((1, 2), keepdims=True)
    power = (np.abs(np.fft.fft2(chosen * window)) ** 2).mean(0)
    scaled: NDArray[np.float64] = power / window.sum() ** 2
    return scaled


def blocks(image: NDArray[np.float64]) -> NDArray[np.float64]:
    down, right = (length // BLOCK for length in image.shape)
    whole = image[: down * BLOCK, : right * BLOCK].reshape(down, BLOCK, right, BLOCK)
    return whole.transpose(0, 2, 1, 3).reshape(-1, BLOCK, BLOCK)


def both(denoiser: unnoise.Denoiser, noisy: Floats, stride: int) -> tuple[Floats, Floats]:
    """Denoise ``(C, H, W)`` at a stride: the joined result, and the same without the pattern."""
    network = denoiser.backend.at(len(noisy))
    joined = interleave(network.run(deinterleave(noisy[None], stride)), stride)
    return joined[0].clip(0, 1), level(joined, noisy[None], stride)[0].clip(0, 1)


def photographs(data: Path, grain: float, strength: float) -> Iterator[tuple[Floats, Floats]]:
    """Yield noisy and clean crops ``(3, H, W)``."""
    for seed, path in enumerate(sorted((data / "photos/train").glob("*.jpg"))[5::33][:12]):
        photo = middle(read_stack(path)[0][0])
        noisy = grainy(photo, strength, grain, seed)
        yield floats(noisy), floats(photo)


def microscopy(data: Path) -> Iterator[tuple[Floats, Floats]]:
    """Yield the wide-field captures, noisy and clean."""
    for path in sorted((data / "microscopy/noisy").glob("WideField*.png")):
        clean = read_grey(data / "microscopy/clean" / path.name)
        yield floats(read_grey(path)[..., None]), floats(clean[..., None])


def middle(image: NDArray[np.generic]) -> NDArray[np.generic]:
    top, left = ((length - SIDE) // 2 for length in image.shape[:2])
    return image[top : top + SIDE, left : left + SIDE]


def floats(image: NDArray[np.generic]) -> Floats:
    return np.ascontiguousarray(np.moveaxis(image, -1, 0), np.float32) / np.float32(255)


def table(data: Path, model: str | None) -> None:
    photo = unnoise.load("photo")
    sets = [
        (f"photographs, grain {grain}, noise {strength}", stride, photo, (grain, strength))
        for stride, grain in ((2, 0.75), (3, 1.1))
        for strength in (10, 25)
    ]
    print(
        "| images | stride | PSNR | pattern: clean | before | after | fine error: before | after |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, stride, denoiser, noise in sets:
        report(name, stride, denoiser, photographs(data, *noise))
    if model:
        report("wide-field, own model", 2, unnoise.load(model), microscopy(data))


def report(
    name: str,
    stride: int,
    denoiser: unnoise.Denoiser,
    images: Iterator[tuple[Floats, Floats]],
) -> None:
    rows = []
    for noisy, clean in images:
        made = both(denoiser, noisy, stride)
        energies = [pattern(each, clean, stride) for each in (clean, *made)]
        energies += [fine_error(each, clean, stride) for each in made]
        rows.append([psnr(each, clean, 1) for each in made] + energies)
    before, after, *energies = np.mean(rows, axis=0)
    worst = min(row[1] - row[0] for row in rows)
    listed = " | ".join(f"{energy:.3f}" for energy in energies)
    print(f"| {name} | {stride} | {before:.2f} → {after:.2f} (worst {worst:+.2f}) | {listed} |")


def picture(out: Path) -> None:
    """Draw a flat place of a sample image of scikit-image: noisy, before, after."""
    from skimage.data import astronaut

    photo = astronaut()[:480, :480]
    noisy = floats(grainy(photo, 25, 0.75, 0))
    denoiser = unnoise.load("photo")
    images = (noisy, *both(denoiser, noisy, 2))
    side, zoom = 48, 5
    windows = sliding_window_view(floats(photo).mean(0), (side, side))[::8, ::8]
    dark = windows.mean((2, 3)) < 4 * 25 / 255  # because noise is cut off at 0 there
    spread = np.where(dark, np.inf, windows.std((2, 3)))
    top, left = (8 * int(i) for i in np.unravel_index(spread.argmin(), spread.shape))
    parts = [image.mean(0)[top : top + side, left : left + side] for image in images]
    mean = float(parts[1].mean())
    for name, part in zip(("noisy", "before", "after"), parts, strict=True):
        print(f"{name}: varies by {255 * part.std():.2f} of 255")
    stretched = [
        (0.5 + gain * (part - mean)).clip(0, 1).repeat(zoom, 0).repeat(zoom, 1)
        for gain, part in zip((2, 6, 6), parts, strict=True)
    ]
    gap = np.ones((side * zoom, 8))
    row = np.concatenate([stretched[0], gap, stretched[1], gap, stretched[2]], axis=1)
    write_stack(out, (255 * row + 0.5).astype(np.uint8))


def main() -> None:
    what, *rest = sys.argv[1:] or [""]
    if what == "picture" and len(rest) == 1:
        picture(Path(rest[0]))
        return
    where = os.environ.get("UNNOISE_DATA")
    if what != "table" or not where:
        sys.exit(f"{__doc__}\nset UNNOISE_DATA to the folder with microscopy/ and photos/")
    print(describe_machine())
    table(Path(where), rest[0] if rest else None)


if __name__ == "__main__":
    main()
