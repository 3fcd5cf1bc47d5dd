"""Are the warnings right? Every figure of docs/trust-benchmark.md.

    python benchmarks/trust/trust.py [--minutes 0.7] [--out docs]

Trains unnoise on mnist, fashion-mnist and the digits in the package for --minutes each, and on the
noisy microscopy for four times as long; photo comes from the package. No training saw the test
images. The images are in $UNNOISE_DATA.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parents[1]))

from machine import describe_machine
from scores import auroc, compare

import unnoise
from unnoise import Denoiser
from unnoise.data import load_images
from unnoise.images import read_stack, to_channels, to_float
from unnoise.metrics import psnr
from unnoise.noise import parse_noise
from unnoise.seeding import generator
from unnoise.trust import WIDE, glance, read_calibration
from unnoise.trust.familiarity import familiarity

Floats = NDArray[np.float32]
Images = Floats | Sequence[Floats]
DATA = Path(os.environ.get("UNNOISE_DATA", "../shared/data"))
SIGMAS = 15, 25, 50
SEED = 0
SOME = 400  # small images of each test set
Row = tuple[str, str, str]


def corrupt(clean: Floats, spec: str, *place: int | str) -> Floats:
    noise = parse_noise(spec)
    noisy: Floats = noise(torch.from_numpy(clean), generator(SEED, "trust", *place)).numpy()
    return noisy


def small(name: str, split: Literal["train", "test"], count: int) -> Floats:
    say: Callable[[str], None] = lambda _: None  # noqa: E731  shorter than a function
    return to_float(load_images(name, split=split, data_dir=DATA, say=say).stack[:count])


def files(folder: str, channels: int | None = None) -> list[Floats]:
    """Read images ``(C, H, W)`` from a folder, in the order of their names."""
    found = []
    for path in sorted((DATA / folder).iterdir()):
        stack, _ = read_stack(path)
        wanted = channels or (1 if stack.shape[3] < 3 else 3)
        found.append(to_float(to_channels(stack[..., :3], wanted).astype(stack.dtype))[0])
    return found


def photographs(channels: int) -> Iterator[tuple[int, Floats, Floats]]:
    """Yield sigma, clean and noisy images of CBSD68 (of BSD68 if grey)."""
    for number, clean in enumerate(files("photos/test/cbsd68", channels)):
        for sigma in SIGMAS:
            yield sigma, clean, corrupt(clean[None], f"gaussian:{sigma / 255}", sigma, number)[0]


def scored(denoiser: Denoiser, noisy: Images) -> NDArray[np.float64]:
    """Return the distance of each image from the training images, relative to the limit."""
    calibration = read_calibration(denoiser.info.calibration)
    assert calibration is not None
    found = [
        familiarity(denoiser.denoise_floats(each[None])[0], calibration.kinds) for each in noisy
    ]
    return np.array([each.excess for each in found if each is not None])


def alarms(denoiser: Denoiser, noisy: Images) -> tuple[float, float]:
    """Return the shares of images whose verdict is not trust: by inspect, and by denoise."""
    calibration = read_calibration(denoiser.info.calibration)
    assert calibration is not None
    looks = [glance(denoiser, _middle(each), calibration).verdict for each in noisy]
    whole = [unnoise.inspect(denoiser, np.moveaxis(each, 0, -1)).verdict for each in noisy]
    inspected, denoised = (float(np.mean([v != "trust" for v in f])) for f in (whole, looks))
    return inspected, denoised


def _middle(image: Floats, side: int = WIDE) -> Floats:
    top, left = (max(0, (length - side) // 2) for length in image.shape[1:])
    return image[:, top : top + side, left : left + side]


def unlike(models: dict[str, Denoiser]) -> Iterator[Row]:
    """Familiarity, and the table of other scores."""
    pairs = ("mnist", "fashion-mnist", 0.995), ("fashion-mnist", "mnist", 0.97)
    for own, other, wanted in pairs:
        model = models[own]
        ours, theirs = (
            corrupt(small(name, "test", SOME), model.info.noise, name) for name in (own, other)
        )
        found = auroc(scored(model, ours), scored(model, theirs))
        yield f"familiarity: {own} against {other}, AUROC", f">= {wanted}", f"{found:.4f}"
        share, looks = alarms(model, ours)
        yield f"false alarms of {own}: inspect, denoise", "<= 5 %", f"{share:.1%}, {looks:.1%}"
    photo = models["photo"]
    pictures = [noisy for _, _, noisy in photographs(3)][::2] + [n for _, _, n in photographs(1)][
        ::2
    ]
    scores = scored(photo, pictures)
    others: dict[str, Images] = {
        "documents": files("documents/noisy"),
        "digits of mnist": list(small("mnist", "test", SOME)),
        "noisy digits of mnist": list(corrupt(small("mnist", "test", SOME), "gaussian:0.1", 9)),
    }
    for name, images in others.items():
        found = auroc(scores, scored(photo, images))
        yield f"familiarity: photo against {name}, AUROC", ">= 0.95", f"{found:.4f}"
    share, looks = alarms(photo, pictures)
    yield (
        "false alarms of photo on (C)BSD68: inspect, denoise",
        "<= 5 %",
        f"{share:.1%}, {looks:.1%}",
    )


def quality(photo: Denoiser, microscopy: Denoiser) -> Iterator[Row]:
    """PSNR estimated without a reference beside the true one."""
    for name, channels in (("BSD68", 1), ("CBSD68", 3)):
        off: dict[int, list[float]] = {sigma: [] for sigma in SIGMAS}
        for sigma, clean, noisy in photographs(channels):
            estimate = unnoise.inspect(photo, np.moveaxis(noisy, 0, -1)).psnr
            if estimate is not None:
                off[sigma].append(estimate - _psnr(photo, noisy, clean))
        each = " / ".join(f"{np.abs(off[sigma]).mean():.2f}" for sigma in SIGMAS)
        mean = np.mean([np.abs(off[sigma]).mean() for sigma in SIGMAS])
        shift = np.concatenate(list(off.values())).mean()
        text = f"{mean:.2f} ({each}; mean difference {shift:+.2f})"
        yield f"estimated PSNR, {name} at 15, 25, 50: mean absolute error", "<= 0.3 dB", text
    captures, averages = files("microscopy/noisy", 1), files("microscopy/clean", 1)
    for name, model in (("photo", photo), ("its own model, of noisy images only", microscopy)):
        # In 8 bits like the files: floats that use less than half of 0 to 1 would be stretched.
        inspected = [
            unnoise.inspect(model, np.rint(255 * each[0]).astype("u1")) for each in captures
        ]
        every = [_psnr(model, a, b) for a, b in zip(captures, averages, strict=True)]
        pairs = [(f.psnr, psnr) for f, psnr in zip(inspected, every, strict=True) if f.psnr]
        guessed, true = map(list, zip(*pairs, strict=True))
        text = f"{_rank_correlation(guessed, true):.3f} "
        text += f"(estimated {np.mean(guessed):.1f} dB, true {np.mean(true):.1f}, of {len(pairs)})"
        hidden = [found.psnr_hidden for found in inspected if found.psnr_hidden is not None]
        if hidden:
            text += f"; from hidden pixels {_rank_correlation(hidden, every):.3f}"
        yield f"estimated PSNR, real microscopy, {name}: rank correlation", ">= 0.8", text


def intervals(models: dict[str, Denoiser]) -> Iterator[Row]:
    """Share of pixels inside bounds of 90 %."""
    mnist = models["mnist"]
    clean = small("mnist", "test", 2000)
    inside = _inside(mnist, corrupt(clean, mnist.info.noise, "intervals"), clean)
    yield "intervals of 90 %, mnist test images: coverage", "88 to 93 %", f"{inside:.1%}"
    for name, channels in (("BSD68", 1), ("CBSD68", 3)):
        found: dict[int, list[float]] = {sigma: [] for sigma in SIGMAS}
        for sigma, image, noisy in photographs(channels):
            found[sigma].append(_inside(models["photo"], noisy[None], image[None]))
        means = [float(np.mean(found[sigma])) for sigma in SIGMAS]
        each = " / ".join(f"{mean:.1%}" for mean in means)
        text = f"{np.mean(means):.1%} ({each})"
        yield f"intervals of 90 %, {name} at 15, 25, 50: coverage", "88 to 93, each >= 85 %", text


def structure(photo: Denoiser, digits: Denoiser) -> Iterator[Row]:
    """Share of photographs for which inspect and denoise report removed structure."""
    noisy = [n for _, _, n in photographs(1)][::3]
    for name, model, wanted in (("digits", digits, ">= 95 %"), ("photo", photo, "<= 5 %")):
        flagged = []
        for each in noisy:
            reasons = unnoise.inspect(model, each[0]).reasons
            flagged.append(any("structure was removed" in reason for reason in reasons))
        yield f"removed structure: {name} on BSD68 at sigma 15", wanted, f"{np.mean(flagged):.1%}"


def cost(photo: Denoiser) -> Iterator[Row]:
    """Time of inspect, and of the inspection in denoise, relative to denoising."""
    calibration = read_calibration(photo.info.calibration)
    assert calibration is not None
    noisy = next(n for s, _, n in photographs(1) if s == 25)
    image = np.tile(noisy, (1, 2, 2))[:, :512, :512]
    for name, work, wanted in (
        ("inspect", lambda: unnoise.inspect(photo, image[0]), "<= 4"),
        ("the warnings of denoise", lambda: glance(photo, _middle(image), calibration), "<= 0.25"),
    ):
        times: dict[str, list[float]] = {"this": [], "denoising": []}
        for _ in range(7):
            for key, call in (("this", work), ("denoising", lambda: photo(image[0]))):
                start = time.perf_counter()
                call()
                times[key].append(time.perf_counter() - start)
        ratio = np.median(times["this"][1:]) / np.median(times["denoising"][1:])
        yield (
            f"cost of {name}, 512 × 512 grey, photo: relative to denoising",
            wanted,
            f"{ratio:.2f}",
        )


def other_scores(models: dict[str, Denoiser]) -> Iterator[str]:
    yield "| trained on, against | score | AUROC | false alarms |"
    yield "| --- | --- | ---: | ---: |"
    for own, other in (("mnist", "fashion-mnist"), ("fashion-mnist", "mnist")):
        model = models[own]
        held = _noisy(model, own, "train", 600)
        ours, theirs = (_noisy(model, name, "test", SOME) for name in (own, other))
        for name, found, wrong in compare(model, held, ours, theirs):
            yield f"| {own}, {other} | {name} | {found:.4f} | {wrong:.1%} |"


def _noisy(model: Denoiser, name: str, split: Literal["train", "test"], count: int) -> Floats:
    return corrupt(small(name, split, count), model.info.noise, name, split)


def _inside(model: Denoiser, noisy: Floats, clean: Floats) -> float:
    restored = model.denoise_floats(noisy)
    below, above = model.find_distances(noisy, restored)
    return float(((clean >= restored - below) & (clean <= restored + above)).mean())


def _psnr(model: Denoiser, noisy: Floats, clean: Floats) -> float:
    return float(psnr(model.denoise_floats(noisy[None]), clean[None])[0])


def _rank_correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's."""
    first, second = (np.argsort(np.argsort(values)).astype(float) for values in (one, other))
    return float(np.corrcoef(first, second)[0, 1])


def train(minutes: float) -> dict[str, Denoiser]:
    quiet: Callable[[str], None] = lambda _: None  # noqa: E731  shorter than a function
    options: dict[str, Any] = {"minutes": minutes, "data_dir": str(DATA), "say": quiet}
    models = {
        name: unnoise.train(name, intervals=0.9 if name == "mnist" else None, **options)
        for name in ("mnist", "fashion-mnist", "digits")
    }
    options["minutes"] = 4 * minutes
    models["microscopy"] = unnoise.train(DATA / "microscopy/noisy", **options)
    return models | {"photo": unnoise.load("photo")}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=0.7)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    options = parser.parse_args()
    if not (DATA / "photos/test/cbsd68").is_dir():
        sys.exit(f"there are no images in {DATA}: set UNNOISE_DATA")
    models = train(options.minutes)
    lines = [
        "# May the warnings be trusted?",
        f"\nWritten by `make bench-trust`: {describe_machine()}. Models of "
        f"{options.minutes:g} minutes each (microscopy {4 * options.minutes:g}), photo from the "
        f"package; seed {SEED}.",
        "\n| | target | reached |\n| --- | --- | --- |",
    ]
    parts: tuple[Callable[[], Iterator[Row]], ...] = (
        lambda: unlike(models),
        lambda: quality(models["photo"], models["microscopy"]),
        lambda: intervals(models),
        lambda: structure(models["photo"], models["digits"]),
        lambda: cost(models["photo"]),
    )
    for part in parts:
        for row in part():
            lines.append(f"| {' | '.join(row)} |")
            print(lines[-1], flush=True)
    lines.append("\n## Scores of familiarity that were tried\n")
    for line in other_scores(models):
        lines.append(line)
        print(line, flush=True)
    (options.out / "trust-benchmark.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
