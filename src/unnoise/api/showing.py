"""Pictures and the report: what a person looks at."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from unnoise.api.common import ARRAY, Source, silent, tell
from unnoise.api.evaluating import measure, value_ranges
from unnoise.api.examples import cut_alike, held_out_examples
from unnoise.api.loading import load
from unnoise.api.naming import short
from unnoise.api.planning import make_plan
from unnoise.assemble import complete
from unnoise.data import Images, load_images, load_pairs, prepare, side_of, takes_whole
from unnoise.datasets import NAMES
from unnoise.denoiser import Denoiser
from unnoise.denoiser.wording import in_words
from unnoise.errors import DataError, ImageError, RunError
from unnoise.evaluation import Evaluation
from unnoise.images import ReadOptions, ValueRange, ranges_of, to_float
from unnoise.noise import parse_noise
from unnoise.outputs import write_bytes, write_text
from unnoise.report import Page, draw_curves, draw_grid, render_page
from unnoise.runs import RunFolder, TrainConfig
from unnoise.seeding import generator
from unnoise.types import Array, Floats, Say

SHOWN = 10  # small images, and half as many large ones
SMALL = 64
NOISY = 0.025  # estimated noise from which on images are called noisy; of photographs it is 0.01


def draw_noise(
    data: Source,
    out: Path,
    *,
    noise: str | None = None,
    read: ReadOptions = ReadOptions(),  # noqa: B008  frozen
    columns: int = SHOWN,
    seed: int = 0,
    data_dir: Path | None = None,
    overwrite: bool = False,
    say: Say = tell,
) -> None:
    """Draw images as a PNG, and below them what a noise makes of them.

    Pairs are drawn as pairs. To images that are noisy already no noise is added, unless one is
    given. The rows are labelled as what is known of the images: ``clean`` and ``noisy`` by their
    names, ``noisy`` by the noise in them, else ``images``.
    """
    pairs = _pairs(data, read, say)
    if pairs and noise is None:
        rows, values, dtype = _rows({"noisy": pairs[0], "clean": pairs[1]}, columns)
        write_bytes(
            out, draw_grid(rows, columns=columns, values=values, dtype=dtype), overwrite=overwrite
        )
        return
    images = (
        pairs[1]
        if pairs
        else load_images(data, split="train", read=read, data_dir=data_dir, say=say)
    )
    label = "clean" if pairs else _label(data, images)
    rows, values, dtype = _rows({label: images}, columns)
    # Training counts levels in the range of all images.
    if values != ValueRange.nominal(dtype):
        say(f"levels count in the range of the values, {values} of {dtype}")
    if noise is None and label.startswith("noisy"):
        say("these images are noisy, so no noise is added; --noise adds one")
    else:
        spec = parse_noise(noise or images.noise or "gaussian:0.1")
        for note in spec.notes(rows[label].shape[1]):
            say(note)
        noisy = spec(torch.from_numpy(rows[label]), generator(seed, "show")).numpy()
        rows[f"with {spec}"] = noisy
    picture = draw_grid(rows, columns=columns, values=values, dtype=dtype)
    write_bytes(out, picture, overwrite=overwrite)


def _pairs(data: Source, read: ReadOptions, say: Say) -> tuple[Images, Images] | None:
    """Return the noisy and the clean images of a source of pairs; None of others."""
    if not isinstance(data, str | Path):
        return None
    try:
        return load_pairs(data, None, read=read, say=say)
    except DataError:  # pairs that do not match are images, too
        return None


def _label(data: Source, images: Images) -> str:
    """Return what images are, as far as it is known: by their names, or by their noise."""
    if images.noise is not None:
        return "clean"
    if isinstance(data, str | Path):
        told = side_of("/".join((*Path(data).absolute().parts[-2:], "image")))
        if told := told or side_of(Path(data).name):
            return told
    stacks = [stack for stack in images.stacks if min(stack.shape[1:3]) > SMALL]
    if not stacks:  # of small ones, edges look like noise
        return "images"
    values = ValueRange.of(stacks)
    step = -(-len(stacks) // SHOWN)
    level = float(np.median([_noise(stack[0], values) for stack in stacks[::step]]))
    return f"noisy, about {level:.2g}" if level >= NOISY else "images"


def _noise(image: Array, values: ValueRange) -> float:
    """Estimate the noise of an image from its wavelets (Donoho & Johnstone 1994), 1 is white."""
    from skimage.restoration import estimate_sigma

    floats = to_float(image[None, ..., :1], values)[0, 0]
    return float(np.nan_to_num(estimate_sigma(floats)))


def _rows(
    sides: dict[str, Images], columns: int
) -> tuple[dict[str, Floats], ValueRange, np.dtype[np.generic]]:
    """Return some images of each side, scaled; the values that 0 and 1 are, and their dtype."""
    every = [[image for stack in images.stacks for image in stack] for images in sides.values()]
    for side, images in zip(every, sides.values(), strict=True):
        if len({(image.dtype, image.shape[2]) for image in side}) > 1:
            raise ImageError(
                f"the images of {images.name} have several dtypes or numbers of channels, and a "
                "picture shows one kind: name those of one kind"
            )
    shown = cut_alike(list(zip(*(side[:columns] for side in every), strict=True)))
    ranges = ranges_of(every)
    rows = {
        name: to_float(view, values)
        for name, view, values in zip(sides, shown, ranges, strict=True)
    }
    return rows, ranges[0], shown[0].dtype


def draw_preview(run: str | Path) -> Path:
    """Draw examples of a run, before and after denoising, into its ``preview.png``.

    One that is there is of the model that is there, and stays.
    """
    folder = RunFolder(Path(run))
    if folder.preview.is_file():
        return folder.preview
    settings = folder.read_config()
    scenes = _shown(settings, folder)
    write_bytes(folder.preview, _draw_examples(Denoiser.load(folder.path), settings, scenes))
    return folder.preview


def write_report(
    run: str | Path,
    *,
    device: str = "auto",
    limit: int = 1000,
    say: Say = tell,
) -> tuple[Path, Evaluation | None]:
    """Evaluate the model of a run on images it has not seen and write its ``report.html``.

    The images are the test part of a named dataset, or what the run held out; without clean images
    there is no evaluation, and the report shows examples and the risk.

    Raises:
        RunError: The folder holds no finished run.
    """
    folder = RunFolder(Path(run))
    settings = folder.read_config()
    if not folder.model.is_file():
        raise RunError(
            f"{folder.path} has no {folder.model.name}: the training was not finished; "
            f"go on with it (unnoise train --resume --out {folder.path})"
        )
    denoiser = load(folder.path, device=device)
    name, scenes = _held_out(settings, folder, say)
    evaluation = None
    if denoiser.info.trained.get("psnr") is not None:
        pairs = [(scene[0][None], scene[-1][None]) for scene in scenes]
        evaluation = measure(
            denoiser, pairs, spec=settings.noise or "", name=name, limit=limit, seed=settings.seed
        )
    facts = denoiser.describe()
    trained = facts["trained"]
    metrics = folder.read_metrics()
    page = Page(
        title=f"A denoiser trained on {short(settings.data)}",
        facts=_facts(evaluation, facts, trained),
        examples=_draw_examples(denoiser, settings, _shown(settings, folder)),
        curves=draw_curves(metrics, noisy_psnr=trained.get("noisy_psnr")) if metrics else None,
        table=evaluation.rows() if evaluation else [],
        table_caption=evaluation.caption if evaluation else "",
        model=in_words(facts),
        config=folder.config.read_text(encoding="utf-8"),
    )
    write_text(folder.report, render_page(page))
    return folder.report, evaluation


def _facts(
    evaluation: Evaluation | None, facts: dict[str, object], trained: dict[str, float]
) -> dict[str, str]:
    cost = f"{facts['kmacs_per_pixel']:.2f} kMAC/pixel"
    seconds = f"{trained['seconds']:,.0f} s"
    if evaluation is None:
        method = str(facts["objective"]).split(",")[0]
        return {"method": method, "cost": cost, "training": seconds}
    return {
        "noisy": f"{evaluation.mean('noisy', 'psnr'):.2f} dB",
        "denoised": f"{evaluation.mean('unnoise', 'psnr'):.2f} dB",
        "cost": cost,
        "speed": f"{evaluation.images_per_second['unnoise']:,.0f} images/s",
        "training": seconds,
    }


def _held_out(
    settings: TrainConfig, folder: RunFolder, say: Say
) -> tuple[str, list[tuple[Array, ...]]]:
    """Return images that the run did not train on: the views of each scene, ``(H, W, C)``.

    Raises:
        RunError: It was trained on an array, which is not kept.
    """
    if ARRAY in (settings.data, settings.targets):
        raise RunError("the run was trained on an array, which is not kept: evaluate() takes one")
    if settings.data in NAMES:
        data_dir = Path(settings.data_dir) if settings.data_dir else None
        images = load_images(settings.data, split="test", data_dir=data_dir, say=say)
        return f"{images.name}, test images", [(image,) for image in images.stack]
    plan = make_plan(settings, run=folder.path, say=say)
    settings = complete(settings, plan)
    assert settings.batch_size is not None
    material = prepare(
        plan,
        batch_size=settings.batch_size,
        side=settings.patch,
        share=settings.validation,
        stride=1,
        memory=settings.memory,
        values=settings.range and ValueRange.given(*settings.range),
        seed=settings.seed,
        failed=say,
    )
    return f"{plan.name}, held-out parts", material.held_out


def _shown(settings: TrainConfig, folder: RunFolder) -> list[tuple[Array, ...]]:
    """Return held-out scenes for a person to look at: small images, or the best of large ones."""
    if settings.data not in NAMES and ARRAY not in (settings.data, settings.targets):
        plan = make_plan(settings, run=folder.path)
        if not takes_whole(plan):
            found = held_out_examples(
                plan, count=SHOWN // 2, share=settings.validation, seed=settings.seed
            )
            if found:
                return found
    return _held_out(settings, folder, silent)[1]


def _draw_examples(
    denoiser: Denoiser, settings: TrainConfig, scenes: Sequence[tuple[Array, ...]]
) -> bytes:
    """Draw rows of examples: noisy, denoised and, where there are any, clean images."""
    small = max(scenes[0][0].shape[:2]) <= SMALL
    shown = scenes[:SHOWN] if small else scenes[:: -(-len(scenes) // (SHOWN // 2))]
    views = cut_alike(shown)
    ranges = value_ranges(denoiser, *([view] for view in (views * 2)[:2]))
    floats = [to_float(view, values) for view, values in zip(views, ranges, strict=False)]
    noisy = floats[0]
    if settings.noise:
        random = generator(settings.seed, "preview")
        noisy = parse_noise(settings.noise)(torch.from_numpy(noisy), random).numpy()
    rows = {"noisy": noisy, "denoised": denoiser.denoise_floats(noisy)}
    if "psnr" in denoiser.info.trained:
        rows["clean"] = floats[-1]
    return draw_grid(rows, values=ranges[0], dtype=views[0].dtype)
