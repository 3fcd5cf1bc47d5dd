"""Pictures and the report: what a person looks at."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from unnoise.api.common import ARRAY, Array, Say, Source, silent, tell
from unnoise.api.evaluating import measure, value_ranges
from unnoise.api.loading import load
from unnoise.api.planning import make_plan
from unnoise.assemble import complete
from unnoise.data import NAMES, load_images, prepare, takes_whole
from unnoise.denoiser import Denoiser
from unnoise.errors import ImageError, RunError
from unnoise.evaluation import Evaluation
from unnoise.images import ReadOptions, ValueRange, to_float
from unnoise.noise import parse_noise
from unnoise.outputs import write_bytes, write_text
from unnoise.report import Page, draw_curves, draw_grid, render_page
from unnoise.runs import RunFolder, TrainConfig
from unnoise.seeding import generator

Floats = NDArray[np.float32]
SHOWN_SIDE = 256  # pixels of an image that are shown
SHOWN = 10  # small images, and half as many large ones
SMALL = 64


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
    """Draw clean images over noisy ones as a PNG."""
    images = load_images(data, split="train", read=read, data_dir=data_dir, say=say)
    spec = parse_noise(noise or images.noise or "gaussian:0.1")
    if len({(stack.dtype, stack.shape[3]) for stack in images.stacks}) > 1:
        raise ImageError(
            f"the images of {images.name} have several dtypes or numbers of channels, and a "
            "picture shows one kind: name those of one kind"
        )
    (clean,) = _same_size([[image for stack in images.stacks for image in stack[:columns]]])
    # Training counts levels in the range of all images.
    values = ValueRange.of([image for stack in images.stacks for image in stack])
    if values != ValueRange.nominal(clean.dtype):
        say(f"levels count in the range of the values, {values} of {clean.dtype}")
    floats = to_float(clean[:columns], values)
    noisy = spec(torch.from_numpy(floats), generator(seed, "show")).numpy()
    picture = draw_grid({"clean": floats, str(spec).replace(",", ",\n"): noisy}, columns=columns)
    write_bytes(out, picture, overwrite=overwrite)


def draw_preview(run: str | Path) -> Path:
    """Draw examples of a run, before and after denoising, into its ``preview.png``.

    One that is there is of the model that is there, and stays.
    """
    folder = RunFolder(Path(run))
    if folder.preview.is_file():
        return folder.preview
    settings = folder.read_config()
    scenes = _shown(settings, folder)
    picture = draw_grid(_examples(Denoiser.load(folder.path), settings, scenes))
    write_bytes(folder.preview, picture)
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
    trained = facts.pop("trained")
    metrics = folder.read_metrics()
    page = Page(
        title=f"{denoiser.info.model} on {settings.data}",
        facts=_facts(evaluation, facts, trained),
        examples=draw_grid(_examples(denoiser, settings, _shown(settings, folder))),
        curves=draw_curves(metrics, noisy_psnr=trained.get("noisy_psnr")) if metrics else None,
        table=evaluation.rows() if evaluation else [],
        table_caption=evaluation.caption if evaluation else "",
        model={name.replace("_", " "): value for name, value in facts.items()}
        | {f"trained, {name.replace('_', ' ')}": f"{value:g}" for name, value in trained.items()},
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
    """Return scenes for a person to look at: small held-out images, or some of the large ones.

    What is held out of large images may be thin strips, which show little.
    """
    if settings.data not in NAMES and ARRAY not in (settings.data, settings.targets):
        plan = make_plan(settings, run=folder.path)
        if not takes_whole(plan):
            every = -(-len(plan.views[0]) // (SHOWN // 2))
            together = list(zip(*plan.views, strict=True))[::every]
            found = []
            for parts in together:
                with suppress(ImageError):  # training left it out, too
                    found.append(tuple(part.peek(0) for part in parts))
            if found:
                return found
    return _held_out(settings, folder, silent)[1]


def _examples(
    denoiser: Denoiser, settings: TrainConfig, scenes: Sequence[tuple[Array, ...]]
) -> dict[str, Floats]:
    """Return rows of examples: noisy, denoised and, where there are any, clean images."""
    small = max(scenes[0][0].shape[:2]) <= SMALL
    shown = scenes[:SHOWN] if small else scenes[:: -(-len(scenes) // (SHOWN // 2))]
    views = _same_size([[scene[i] for scene in shown] for i in range(len(shown[0]))])
    ranges = value_ranges(denoiser, *([view] for view in (views * 2)[:2]))
    floats = [to_float(view, values) for view, values in zip(views, ranges, strict=False)]
    noisy = floats[0]
    if settings.noise:
        random = generator(settings.seed, "preview")
        noisy = parse_noise(settings.noise)(torch.from_numpy(noisy), random).numpy()
    rows = {"noisy": noisy, "denoised": denoiser.denoise_floats(noisy)}
    if "psnr" in denoiser.info.trained:
        rows["clean"] = floats[-1]
    return rows


def _same_size(views: Sequence[Sequence[Array]]) -> list[Array]:
    """Cut the middle out of images ``(H, W, C)``, of all views alike, and stack each view."""
    height, width = (min(SHOWN_SIDE, *(image.shape[axis] for image in views[0])) for axis in (0, 1))
    return [
        np.stack(
            [
                image[(image.shape[0] - height) // 2 :, (image.shape[1] - width) // 2 :][
                    :height, :width
                ]
                for image in view
            ]
        )
        for view in views
    ]
