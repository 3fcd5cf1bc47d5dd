"""Which model of the package does `denoise` choose without --model? Counted over images.

    python benchmarks/choice.py [--only TEXT] [--names] [--photographs 68] [--fluorescence MODEL]

Noise is gaussian, clipped to 8 bits. Neither model is made for digits and pages. The captures of
microscopy/ were in the training of fluorescence; --fluorescence replaces it with another model,
such as a run that left some out. --names prints the images for which another model was chosen than
the one made for their set. The images are in $UNNOISE_DATA.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from machine import describe_machine
from numpy.typing import NDArray
from own_images import read_grey

import unnoise
from unnoise.api.denoising import choose, load_built_ins
from unnoise.denoiser import DenoiseOptions, Running
from unnoise.images import open_image, read_stack, write_stack
from unnoise.seeding import generator

DATA = Path(os.environ.get("UNNOISE_DATA", "../shared/data"))
SIGMAS = 0, 15, 50  # of 255
DIGITS = 50

Image = NDArray[np.uint8]
Named = Iterator[tuple[str, Image]]


def with_noise(image: Image, sigma: float, index: int) -> Image:
    """Add noise that depends on the place."""
    noise = torch.randn(image.shape, generator=generator(0, "choice", int(sigma), index)).numpy()
    return np.rint(image + sigma * noise).clip(0, 255).astype(np.uint8)


def files(folder: str) -> list[Path]:
    """Return the images in a folder of the data."""
    return sorted((DATA / folder).iterdir())


def pictures(folder: str) -> Named:
    """Read the files of a folder unchanged."""
    for path in files(folder):
        yield path.name, read_stack(path)[0][0].astype(np.uint8)


def greys(folder: str, sigma: float, most: int) -> Named:
    """Read photographs as grey, with noise."""
    for index, path in enumerate(files(folder)[:most]):
        yield path.name, with_noise(read_grey(path), sigma, index)[..., None]


def digits(sigma: float) -> Named:
    """Read test digits, with noise."""
    stack, _ = read_stack(DATA / "mnist/t10k-images-idx3-ubyte.gz")
    for index, image in enumerate(stack[:DIGITS]):
        yield str(index), with_noise(image.astype(np.uint8), sigma, index)


def sets(photographs: int) -> Iterator[tuple[str, str | None, Named]]:
    """Yield each set: its name, the model that is made for it, its images."""
    for side in ("noisy", "clean"):
        yield f"microscopy, {side}", "fluorescence", pictures(f"microscopy/{side}")
    for sigma in SIGMAS:
        yield f"BSD68, grey, {sigma}", "photo", greys("photos/test/cbsd68", sigma, photographs)
    for sigma in SIGMAS:
        yield f"Set12, grey, {sigma}", "photo", greys("photos/test/set12", sigma, photographs)
    yield "camera, grey", "photo", greys("camera/noisy", 0, photographs)
    yield "camera, colour", "photo", pictures("camera/noisy")
    yield "documents, grey", None, greys("documents/noisy", 0, photographs)
    for sigma in (0, 50):
        yield f"digits of MNIST, {sigma}", None, digits(sigma)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", default="", help="sets whose names hold this text")
    parser.add_argument("--names", action="store_true")
    parser.add_argument("--photographs", type=int, default=68, help="images of each set, at most")
    parser.add_argument("--fluorescence", type=Path, help="a model file or a run folder")
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"there are no images in {DATA}: set UNNOISE_DATA")
    models = load_built_ins(Running(device="cpu"))
    if options.fluorescence:
        models["fluorescence"] = unnoise.load(options.fluorescence, device="cpu")
    print(describe_machine())
    print(f"{'images':<24}" + "".join(f"{name:>14}" for name in models) + f"{'made for':>14}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.png"
        for name, right, images in sets(options.photographs):
            if options.only not in name:
                continue
            counts, others = Counter[str](), []
            for image_name, image in images:
                write_stack(path, image)
                with open_image(path) as reader:
                    chosen = choose(models, reader, DenoiseOptions())
                counts[chosen.name] += 1
                if chosen.name != right:
                    others.append(f"{image_name}: {chosen.name}, {chosen.why}")
            row = "".join(f"{counts[model]:>14}" for model in models)
            print(f"{name:<24}{row}{right or 'neither':>14}", flush=True)
            for other in others if options.names and right else ():
                print(f"    {other}")


if __name__ == "__main__":
    main()
