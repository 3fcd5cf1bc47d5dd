"""``unnoise report``, and the picture that a training leaves: what a person looks at first."""

from collections.abc import Sequence
from pathlib import Path

import torch

from unnoise.api.common import ARRAY, silent, tell
from unnoise.api.evaluating import measure, value_ranges
from unnoise.api.examples import cut_alike, held_out_examples
from unnoise.api.planning import make_plan
from unnoise.api.sharing import short
from unnoise.assemble import complete
from unnoise.data import (
    load_images,
    prepare,
    takes_whole,
)
from unnoise.datasets import NAMES
from unnoise.denoiser import Denoiser, Running
from unnoise.denoiser.description import in_words
from unnoise.errors import RunError
from unnoise.evaluation import Evaluation
from unnoise.images import ValueRange, to_float
from unnoise.noise import parse_noise
from unnoise.outputs import write_bytes, write_text
from unnoise.report import RunPage, draw_curves, draw_grid, render_page
from unnoise.runs import RunFolder, TrainConfig
from unnoise.seeding import generator
from unnoise.types import Array, Say

SHOWN = 10  # small images, and half as many large ones
SMALL = 64
NOISY = 0.025  # estimated noise from which on images are called noisy; of photographs it is 0.01


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
    running: Running = Running(),  # noqa: B008  frozen
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
    denoiser = running.load(folder.path)
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
    page = RunPage(
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
