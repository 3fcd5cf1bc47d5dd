"""What does denoising keep? Clean photographs, JPEG without noise, fine texture under camera noise.

    python benchmarks/photo/keeps.py [--model photo ...] [--crops docs/photo-crops.png]

Uses the test photographs, for the final figures. The gradient energy is taken from brightness, in
the quarter of the 16 × 16 blocks where the clean image has most, relative to the clean image.
Ringing is the standard deviation from the original in its flat parts, at most 4 pixels from a
strong edge. --crops writes a picture at 200 %, before and after. The images are in $UNNOISE_DATA.
"""

import argparse
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import binary_dilation, generic_gradient_magnitude, sobel

sys.path.append(str(Path(__file__).parents[1]))

from machine import describe_machine

import unnoise
from unnoise import Denoiser
from unnoise.images import read_stack
from unnoise.metrics import psnr, ssim
from unnoise.noise import parse_noise
from unnoise.seeding import generator

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]
DATA = Path(os.environ.get("UNNOISE_DATA", "../shared/data"))
SPECS = "camera:400", "camera:1600", "camera:6400"
BLOCK = 16
JPEG = 75
STRONG, FLAT, NEAR = 0.3, 0.02, 4  # of the Sobel gradient of brightness; pixels
CROP, ZOOM = 128, 2
CROPS = (  # file, row, column, noise that is added
    ("camera/noisy/d800_iso6400_3.png", 330, 270, None),
    ("camera/noisy/d800_iso6400_1.png", 90, 110, None),
    ("photos/test/cbsd68/0057.png", 150, 60, "camera:3200"),
    ("photos/test/cbsd68/0063.png", 100, 60, "camera:3200"),
)


def photographs() -> Iterator[Floats]:
    for path in sorted((DATA / "photos/test/cbsd68").glob("*.png")):
        yield read(path)


def read(path: Path) -> Floats:
    """Read a photograph, ``(3, H, W)`` in [0, 1]."""
    picture = read_stack(path)[0][0][..., :3] / np.float32(255)
    return np.ascontiguousarray(np.moveaxis(picture, -1, 0), np.float32)


def denoised(denoiser: Denoiser, image: Floats) -> Floats:
    result: Floats = denoiser.denoise_floats(image[None])[0].clip(0, 1)
    return result


def with_noise(clean: Floats, spec: str, place: int) -> Floats:
    drawn = parse_noise(spec)(torch.from_numpy(clean[None]), generator(0, "keeps", place))
    noisy: Floats = drawn[0].numpy()
    return noisy


def compressed(image: Floats) -> Floats:
    stream = io.BytesIO()
    picture = np.moveaxis(np.rint(255 * image).astype(np.uint8), 0, -1)
    Image.fromarray(picture).save(stream, "JPEG", quality=JPEG)
    again = np.asarray(Image.open(stream), np.float32) / np.float32(255)
    return np.ascontiguousarray(np.moveaxis(again, -1, 0))


def steepness(image: Floats) -> Doubles:
    """Return the gradient of brightness, in [0, 1] a pixel."""
    found: Doubles = generic_gradient_magnitude(image.mean(0, dtype=np.float64), sobel) / 8
    return found


def block_energy(image: Floats) -> Doubles:
    """Return the energy of the gradient of each block."""
    energy = steepness(image) ** 2
    rows, columns = (side // BLOCK for side in energy.shape)
    blocks = energy[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    found: Doubles = blocks.mean((1, 3))
    return found


def energy_ratio(result: Floats, clean: Floats) -> float:
    true, ours = block_energy(clean), block_energy(result)
    textured = true >= np.quantile(true, 0.75)
    return float(ours[textured].sum() / true[textured].sum())


def flat_near_edges(clean: Floats) -> Mask:
    steep = steepness(clean)
    near: Mask = binary_dilation(steep > STRONG / 2, iterations=NEAR) & (steep < FLAT / 2)
    return near


def decibels(image: Floats, clean: Floats) -> float:
    return float(psnr(image[None], clean[None])[0])


def show_clean(models: dict[str, Denoiser]) -> None:
    print("| clean photographs | mean PSNR, dB | lowest |")
    print("| --- | ---: | ---: |")
    for name, model in models.items():
        values = [decibels(denoised(model, clean), clean) for clean in photographs()]
        print(f"| {name} | {np.mean(values):.2f} | {min(values):.2f} |", flush=True)


def show_jpeg(models: dict[str, Denoiser]) -> None:
    print(f"| JPEG of quality {JPEG} | PSNR, dB | smallest gain | ringing, of 255 |")
    print("| --- | ---: | ---: | ---: |")
    pairs = [(clean, compressed(clean)) for clean in photographs()]
    before = np.array([decibels(image, clean) for clean, image in pairs])
    for name, model in {"the file": None, **models}.items():
        results = [image if model is None else denoised(model, image) for _, image in pairs]
        values = np.array([decibels(r, c) for r, (c, _) in zip(results, pairs, strict=True)])
        off = [
            (result - clean)[:, flat_near_edges(clean)].ravel()
            for result, (clean, _) in zip(results, pairs, strict=True)
        ]
        ringing = 255 * np.sqrt(np.mean(np.concatenate(off) ** 2))
        least = (values - before).min()
        print(f"| {name} | {values.mean():.2f} | {least:+.2f} | {ringing:.2f} |", flush=True)


def show_texture(models: dict[str, Denoiser]) -> None:
    print("| noise | method | PSNR, dB | SSIM | gradient energy in textured blocks |")
    print("| --- | --- | ---: | ---: | ---: |")
    for spec in SPECS:
        pairs = [(c, with_noise(c, spec, place)) for place, c in enumerate(photographs())]
        for name, model in {"noisy": None, **models}.items():
            rows = []
            for clean, noisy in pairs:
                result = noisy.clip(0, 1) if model is None else denoised(model, noisy)
                alike = float(ssim(result[None], clean[None])[0])
                rows.append((decibels(result, clean), alike, energy_ratio(result, clean)))
            mean = np.mean(rows, axis=0)
            print(
                f"| `{spec}` | {name} | {mean[0]:.2f} | {mean[1]:.4f} | {mean[2]:.3f} |", flush=True
            )


def draw(model: Denoiser, path: Path) -> None:
    """Write crops side by side, the noisy ones above the denoised ones."""
    side, gap, title = CROP * ZOOM, 4, 14
    sheet = Image.new("RGB", ((side + gap) * len(CROPS) - gap, 2 * (side + title)), "white")
    words = ImageDraw.Draw(sheet)
    for column, (name, top, left, spec) in enumerate(CROPS):
        image = read(DATA / name)
        noisy = image if spec is None else with_noise(image, spec, column)
        rows = (("before", noisy.clip(0, 1)), ("after", denoised(model, noisy)))
        for row, (said, shown) in enumerate(rows):
            crop = shown[:, top : top + CROP, left : left + CROP]
            picture = Image.fromarray(np.moveaxis(np.rint(255 * crop).astype(np.uint8), 0, -1))
            place = column * (side + gap), row * (side + title) + title
            sheet.paste(picture.resize((side, side), Image.Resampling.NEAREST), place)
            words.text(
                (place[0] + 4, place[1] - title + 1), f"{said}, {spec or 'as taken'}", "black"
            )
    sheet.save(path)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", nargs="+", default=["photo"])
    parser.add_argument("--crops", type=Path, help="write the picture instead, of the first model")
    options = parser.parse_args()
    if not (DATA / "photos/test/cbsd68").is_dir():
        sys.exit(f"there are no images in {DATA}: set UNNOISE_DATA")
    models = {Path(name).stem: unnoise.load(name, device="cpu") for name in options.model}
    if options.crops:
        draw(models[Path(options.model[0]).stem], options.crops)
        return
    print(describe_machine())
    for show in (show_clean, show_jpeg, show_texture):
        show(models)
        print()


if __name__ == "__main__":
    main()
