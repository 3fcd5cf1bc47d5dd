"""Make the gallery of the web page, and a noisy example for each model in the package.

The gallery has free photographs with and without noise, and one of digits.

    python tools/make_examples.py

The photographs come from scikit-image, which names their authors. They are in the public domain.
"""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import skimage.data
from fluorescence import membranes, normalised, nuclei, optics
from numpy.typing import NDArray

import unnoise
from unnoise.data import load_images
from unnoise.images import write_stack
from unnoise.pretrained import EXAMPLES as OF_MODELS

OUT = Path(__file__).parents[1] / "src/unnoise/server/examples"
HEIGHT, WIDTH = 256, 320
Image = NDArray[np.uint8]


class Example(NamedTuple):
    """One entry of the gallery."""

    file: str
    title: str
    credit: str
    image: Image
    noise: str


def crop(image: Image, top: int, left: int, step: int = 1) -> Image:
    """Cut out a part at a ``step``-th of the resolution, by means of ``step`` × ``step`` pixels."""
    height, width = (side // step * step for side in image.shape[:2])
    small = image[:height, :width].reshape(height // step, step, width // step, step, -1)
    part = small.mean((1, 3))[top : top + HEIGHT, left : left + WIDTH]
    made: Image = np.rint(part).astype(np.uint8)
    return made


def digits() -> Image:
    """Return a sheet of 60 digits."""
    stack = load_images("digits", split="test").stack[:60, ..., 0]
    return stack.reshape(6, 10, 28, 28).swapaxes(1, 2).reshape(168, 280).astype(np.uint8)


def fluorescence() -> Image:
    """Return a drawn scene of nuclei and membranes as a wide-field microscope sees it."""
    random = np.random.default_rng(4)
    scene = normalised(nuclei(random)) + 0.6 * normalised(membranes(random))
    made: Image = np.rint(220 * optics(scene, random).clip(0, 1)).astype(np.uint8)
    return made


EXAMPLES = (
    Example(
        "coffee.webp",
        "A cup, dim light",
        "Rachel Michetti, Pikolo Espresso Bar (CC0)",
        crop(skimage.data.coffee(), 80, 130),
        "gaussian:0.1,clip",
    ),
    Example(
        "cat.webp",
        "A cat, few photons",
        "Stéfan van der Walt (CC0)",
        crop(skimage.data.chelsea(), 20, 70),
        "poisson:40+gaussian:0.02,clip",
    ),
    Example(
        "astronaut.webp",
        "An astronaut, strong noise",
        "NASA (public domain)",
        crop(skimage.data.astronaut(), 0, 90),
        "gaussian:0.18,clip",
    ),
    Example(
        "rocket.webp",
        "A launch, clean: add noise yourself",
        "SpaceX (public domain)",
        crop(skimage.data.rocket(), 100, 170),
        "",
    ),
    Example(
        "digits.png",
        "Digits, which photo does not know",
        "MNIST: LeCun, Cortes, Burges (CC BY-SA 3.0)",
        digits(),
        "gaussian:0.2,clip",
    ),
)


def main() -> None:
    """Write the files and their list."""
    for example in EXAMPLES:
        image = example.image
        if example.noise:
            image = unnoise.add_noise(image, example.noise, seed=0)
        write_stack(OUT / example.file, image)
    made = {
        "photo": crop(skimage.data.astronaut(), 0, 90)[:, :HEIGHT],
        "fluorescence": fluorescence(),
    }
    noises = {"photo": "gaussian:0.1,clip", "fluorescence": "poisson:30+gaussian:0.02,clip"}
    for name, image in made.items():
        write_stack(OF_MODELS[name], unnoise.add_noise(image, noises[name], seed=0))
    rows = [{"file": e.file, "title": e.title, "credit": e.credit} for e in EXAMPLES]
    text = json.dumps(rows, indent=1, ensure_ascii=False)
    (OUT / "index.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
