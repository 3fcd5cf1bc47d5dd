"""Add photographs that are as soft as camera files at full size, for the training of photo.

    python tools/soften.py PHOTOGRAPHS OUT

Photographs of data sets mostly have a half or a third of their first size, which makes them sharp.
A camera's own files are softer: lens, mosaic and noise reduction blur them. So this tool adds two
thirds of the photographs once more, as pieces that are enlarged 1.4 to 2.5 times.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

SHARE = 2 / 3
FACTORS = 1.4, 2.5
SIDE = 640  # pixels of an enlarged piece at most


def soften(photographs: Path, out: Path) -> int:
    """Write links to the photographs and the enlarged pieces into ``out``; return their number.

    Raises:
        ValueError: ``out`` is the folder of the photographs, which links would replace.
    """
    if out.resolve() == photographs.resolve():
        raise ValueError(f"{out} holds the photographs themselves: name another folder")
    out.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    paths = sorted(photographs.iterdir())
    for path in paths:
        (out / path.name).unlink(missing_ok=True)
        (out / path.name).symlink_to(path.resolve())
    chosen = random.permutation(len(paths))[: round(SHARE * len(paths))]
    for index in chosen:
        piece = enlarged(Image.open(paths[index]).convert("RGB"), random)
        piece.save(out / f"soft_{paths[index].stem}.png")
    return len(paths) + len(chosen)


def enlarged(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """Return a random piece of a photograph, enlarged by cubic interpolation."""
    factor = random.uniform(*FACTORS)
    width, height = (min(side, round(SIDE / factor)) for side in image.size)
    left = int(random.integers(image.width - width + 1))
    top = int(random.integers(image.height - height + 1))
    piece = image.crop((left, top, left + width, top + height))
    size = round(width * factor), round(height * factor)
    return piece.resize(size, Image.Resampling.BICUBIC)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("photographs", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    print(f"{soften(options.photographs, options.out)} photographs in {options.out}")


if __name__ == "__main__":
    main()
