"""Draw the gallery of the docs: images before and after, each by commands that it shows.

    python tools/gallery.py [NAME...]

Writes docs/gallery/: a picture for each entry, ``entries.json`` with commands, seconds and
verdicts, and ``index.md``, which is made from it. With names, only these entries are made again.
The images come from scikit-image and from this package, and are free; each entry says where its
noise comes from.
"""

import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
import tifffile
from PIL import Image, ImageDraw, ImageFont
from skimage import data

import unnoise
from unnoise.images import write_stack
from unnoise.outputs import write_text
from unnoise.pretrained import EXAMPLES

ROOT = Path(__file__).parents[1]
GALLERY = ROOT / "docs/gallery"
SIDE, QUALITY = 1100, 82  # width in pixels, and quality of WebP
WORDS = (
    "noise light grain pixel image clean photon sample verdict model risk stride depth of the a in"
)
SHOWN = ROOT / "src/unnoise/server/examples"
sys.path.append(str(ROOT / "benchmarks"))

from machine import describe_machine  # noqa: E402  beside the benchmarks

Make = Callable[[Path], None]


@dataclass(frozen=True)
class Entry:
    """One picture. ``commands`` run in a folder that ``make`` filled; the last draws it."""

    title: str
    source: str  # of image and noise
    make: Make
    commands: tuple[str, ...]
    judged: str  # the arguments of ``unnoise inspect``
    text: str = ""


def copied(path: Path, name: str) -> Make:
    """Return what copies a file of the package."""

    def make(folder: Path) -> None:
        (folder / name).write_bytes(path.read_bytes())

    return make


def drawn(image: Callable[[], Any], name: str, spec: str = "") -> Make:
    """Return what writes an image of scikit-image, with noise."""

    def make(folder: Path) -> None:
        pixels = np.asarray(image())
        if spec:
            pixels = unnoise.add_noise(pixels, spec, seed=0)
        write_stack(folder / name, pixels)

    return make


def film(folder: Path) -> None:
    """Write 24 frames that move by half a pixel each, with few photons."""
    coins = np.asarray(data.coins())
    frames = np.stack([coins[20:212, 4 + step // 2 : 260 + step // 2] for step in range(24)])
    noisy = unnoise.add_noise(frames, "poisson:12", axes="TYX", seed=0)
    tifffile.imwrite(folder / "film.tif", noisy, imagej=True, metadata={"axes": "TYX"})


def pages(folder: Path) -> None:
    """Write typeset pages with stains; all but one also clean, to learn from."""
    random = np.random.default_rng(0)
    for number in range(9):
        page = Image.new("L", (480, 360), 255)
        words = random.choice(WORDS.split(), (18, 9))
        ImageDraw.Draw(page).multiline_text(
            (14, 10), "\n".join(map(" ".join, words)), 0, ImageFont.load_default(15), spacing=4
        )
        clean = np.asarray(page)
        stained = unnoise.add_noise(clean, "stain:0.6+gaussian:0.04", seed=number)
        pairs = {"stained": stained, "clean": clean} if number else {".": stained}
        for where, pixels in pairs.items():
            (folder / where).mkdir(exist_ok=True)
            write_stack(folder / where / f"page-{number}.png", pixels)


def photo(image: str, *options: str) -> tuple[str, ...]:
    """Return the command that draws what ``photo`` makes of an image."""
    return (" ".join(["unnoise figure photo", image, *options, "--out picture.webp"]),)


ENTRIES = {
    "cat": Entry(
        "A cat, few photons",
        "Stéfan van der Walt, CC0; photon noise was added",
        copied(SHOWN / "cat.webp", "cat.webp"),
        photo("cat.webp"),
        "photo cat.webp",
    ),
    "cup": Entry(
        "A cup in dim light",
        "Rachel Michetti, CC0; noise was added",
        copied(SHOWN / "coffee.webp", "cup.webp"),
        photo("cup.webp", "--strength 0.8 --chroma-strength 1"),
        "photo cup.webp",
        "A fifth of the grain in brightness stays, and none of the noise of colours.",
    ),
    "portrait": Entry(
        "Strong noise",
        "NASA, public domain; gaussian noise was added, cut off at black and white",
        copied(SHOWN / "astronaut.webp", "portrait.webp"),
        photo("portrait.webp"),
        "photo portrait.webp",
    ),
    "motorcycle": Entry(
        "A camera at ISO 6,400",
        "Middlebury stereo data, by way of scikit-image; camera:6400 was added",
        drawn(lambda: data.stereo_motorcycle()[0], "motorcycle.png", "camera:6400"),
        photo("motorcycle.png"),
        "photo motorcycle.png",
        "Noise as a developed photograph has it: after the colour mosaic and noise reduction.",
    ),
    "night": Entry(
        "Hot pixels",
        "SpaceX, public domain; gaussian noise and hot pixels were added",
        drawn(data.rocket, "night.png", "gaussian:0.05+salt-pepper:0.002"),
        photo("night.png", "--hot-pixels"),
        "photo night.png",
        "--hot-pixels replaces single bright and dark pixels first.",
    ),
    "fluorescence": Entry(
        "Fluorescence",
        "drawn by this project, with the noise of a microscope",
        copied(EXAMPLES["fluorescence"], "cells.png"),
        ("unnoise figure fluorescence cells.png --out picture.webp",),
        "fluorescence cells.png",
    ),
    "film": Entry(
        "A time-lapse: the frames beside each frame",
        "coins of Pompeii, Brooklyn Museum, by way of scikit-image; photon noise was added",
        film,
        (
            "unnoise train film.tif --steps 600 --out run",
            "unnoise figure run film.tif --index 12 --out picture.webp",
        ),
        "run film.tif",
        "Trained on the noisy film alone. Neighbouring frames have other noise.",
    ),
    "page": Entry(
        "A stained page",
        "typeset for this picture; stains and noise were added",
        pages,
        (
            "unnoise train stained/ --targets clean/ --steps 800 --out run",
            "unnoise figure run page-0.png --out picture.webp",
        ),
        "run page-0.png",
        "Trained on eight other pages and their clean versions.",
    ),
    "self": Entry(
        "One image alone",
        "brick, CC0 Textures, by way of scikit-image; gaussian noise was added",
        drawn(data.brick, "wall.png", "gaussian:0.1"),
        (
            "unnoise denoise wall.png --model self --minutes 2 --keep run --out clean/",
            "unnoise figure run wall.png --out picture.webp",
        ),
        "run wall.png",
        "No model and no other image: trained on this file.",
    ),
    "digits": Entry(
        "Digits",
        "MNIST (LeCun, Cortes, Burges), CC BY-SA 3.0; gaussian noise was added",
        copied(SHOWN / "digits.png", "digits.png"),
        (
            "unnoise train digits --steps 3000 --out run",
            "unnoise figure run digits.png --out picture.webp",
        ),
        "run digits.png",
    ),
    "hubble": Entry(
        "Do not trust: a grain that the model does not know",
        "Hubble deep field, NASA, public domain; its own noise, scaled and compressed",
        drawn(data.hubble_deep_field, "galaxies.png"),
        photo("galaxies.png"),
        "photo galaxies.png",
        "This noise is blurred, and photo takes half of it for faint galaxies. "
        "Train on such images: --model self.",
    ),
    "drawing": Entry(
        "Do not trust: nothing like a photograph",
        "MNIST (LeCun, Cortes, Burges), CC BY-SA 3.0; gaussian noise was added",
        copied(SHOWN / "digits.png", "digits.png"),
        photo("digits.png"),
        "photo digits.png",
        "The strokes look clean, and some are invented: photo has never seen a digit.",
    ),
}


def main() -> None:
    """Make the entries, and the page of all."""
    GALLERY.mkdir(exist_ok=True)
    kept = GALLERY / "entries.json"
    found = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    for name in sys.argv[1:] or ENTRIES:
        found[name] = run(name, ENTRIES[name])
        print(f"{name}: {found[name]['seconds']} s, {found[name]['verdict']}", flush=True)
        write_text(kept, json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    write_text(GALLERY / "index.md", page(found))


def run(name: str, entry: Entry) -> dict[str, Any]:
    """Run the commands of an entry; return what they took and what the verdict is."""
    with tempfile.TemporaryDirectory() as folder:
        entry.make(Path(folder))
        start = time.perf_counter()
        for command in entry.commands:
            called(command, folder)
        seconds = time.perf_counter() - start
        picture: Any = pyvips.Image.thumbnail(str(Path(folder, "picture.webp")), SIDE)
        picture.write_to_file(str(GALLERY / f"{name}.webp"), Q=QUALITY)
        rows = json.loads(called(f"unnoise inspect {entry.judged} --json", folder))
    worst = max(rows, key=lambda row: ("trust", "check", "reject").index(row["verdict"]))
    return {
        "machine": describe_machine(),
        "seconds": round(seconds),
        "verdict": worst["verdict"],
        "reasons": worst["reasons"],
    }


def called(command: str, folder: str) -> str:
    """Run a command of unnoise in a folder, and return what it prints."""
    words = shlex.split(command)
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def page(found: dict[str, dict[str, Any]]) -> str:
    """Return the page: each entry with its commands, time, verdict and reasons."""
    machines = sorted({each["machine"] for each in found.values()})
    blocks = [
        "# Gallery",
        "Each picture was made by the commands below it (`python tools/gallery.py`), on "
        f"{'; '.join(machines)}. Seconds are of all commands, training included. The part with the "
        "most structure is enlarged. The verdicts are those of `unnoise inspect`; the last two "
        "say that the result should not be trusted.",
    ]
    for name, entry in ENTRIES.items():
        if name not in found:  # not made yet
            continue
        told = found[name]
        reasons = "".join(f"\n- {reason}" for reason in told["reasons"])
        blocks += [
            f"## {entry.title}",
            f"![Before, after, and what was removed]({name}.webp)",
            "<!-- not run: files of this entry -->\n```sh\n" + "\n".join(entry.commands) + "\n```",
            f"{entry.text} {told['seconds']} s. Verdict: **{told['verdict']}**.{reasons}".strip(),
            f"Image: {entry.source}.",
        ]
    return "\n\n".join(blocks) + "\n"


if __name__ == "__main__":
    main()
