"""Pictures and the report: what a person looks at."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from unnoise.api.common import ARRAY, Say, Source, silent, tell
from unnoise.api.using import evaluate, load
from unnoise.data import DATASETS, Images, load_images, split_indices
from unnoise.denoiser import Denoiser
from unnoise.errors import RunError
from unnoise.evaluation import Evaluation
from unnoise.images import to_float
from unnoise.noise import parse_noise
from unnoise.outputs import write_bytes, write_text
from unnoise.report import Page, draw_curves, draw_grid, render_page
from unnoise.runs import RunFolder, TrainConfig
from unnoise.seeding import generator


def draw_noise(
    data: Source,
    out: Path,
    *,
    noise: str | None = None,
    columns: int = 10,
    seed: int = 0,
    data_dir: Path | None = None,
    overwrite: bool = False,
    say: Say = tell,
) -> None:
    """Draw clean images over noisy ones as a PNG."""
    images = load_images(data, split="train", data_dir=data_dir, say=say)
    spec = parse_noise(noise or images.noise or "gaussian:0.1")
    clean = to_float(images.stack[:columns])
    noisy = spec(torch.from_numpy(clean), generator(seed, "show")).numpy()
    picture = draw_grid({"clean": clean, str(spec).replace(",", ",\n"): noisy}, columns=columns)
    write_bytes(out, picture, overwrite=overwrite)


def draw_preview(run: str | Path, *, columns: int = 10) -> Path:
    """Draw noisy, denoised and clean held-out images of a run into its ``preview.png``."""
    folder = RunFolder(Path(run))
    settings = folder.read_config()
    clean = to_float(_held_out(settings, silent).stack[:columns])
    examples = _examples(Denoiser.load(folder.path), settings, clean)
    write_bytes(folder.preview, draw_grid(examples, columns=columns))
    return folder.preview


def write_report(
    run: str | Path,
    *,
    device: str = "auto",
    limit: int = 1000,
    say: Say = tell,
) -> tuple[Path, Evaluation]:
    """Evaluate the model of a run on images it has not seen and write its ``report.html``.

    The images are the test part of a named dataset, or those that the run held out.

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
    images = _held_out(settings, say)
    assert settings.noise is not None
    evaluation = evaluate(
        denoiser, images.stack, noise=settings.noise, limit=limit, seed=settings.seed
    )
    evaluation = replace(evaluation, data=images.name)
    facts = denoiser.describe()
    trained = facts.pop("trained")
    metrics = folder.read_metrics()
    page = Page(
        title=f"{settings.model} on {settings.data}",
        facts={
            "noisy": f"{evaluation.mean('noisy', 'psnr'):.2f} dB",
            "denoised": f"{evaluation.mean('unnoise', 'psnr'):.2f} dB",
            "cost": f"{facts['kmacs_per_pixel']:.2f} kMAC/pixel",
            "speed": f"{evaluation.images_per_second['unnoise']:,.0f} images/s",
            "training": f"{trained['seconds']:,.0f} s",
        },
        examples=draw_grid(_examples(denoiser, settings, to_float(images.stack[:10]))),
        curves=draw_curves(metrics, noisy_psnr=trained["noisy_psnr"]) if metrics else None,
        table=evaluation.rows(),
        table_caption=evaluation.caption,
        model={name.replace("_", " "): value for name, value in facts.items()}
        | {f"trained, {name.replace('_', ' ')}": f"{value:g}" for name, value in trained.items()},
        config=folder.config.read_text(encoding="utf-8"),
    )
    write_text(folder.report, render_page(page))
    return folder.report, evaluation


def _held_out(settings: TrainConfig, say: Say) -> Images:
    """Return images that the run did not train on.

    Raises:
        RunError: It was trained on an array, which is not kept.
    """
    if settings.data == ARRAY:
        raise RunError("the run was trained on an array, which is not kept: evaluate() takes one")
    data_dir = Path(settings.data_dir) if settings.data_dir else None
    images = load_images(settings.data, split="test", data_dir=data_dir, say=say)
    if settings.data in DATASETS:
        return replace(images, name=f"{images.name}, test images")
    _, held_out = split_indices(len(images.stack), settings.validation, settings.seed)
    return replace(images, name=f"{images.name}, held-out images", stack=images.stack[held_out])


def _examples(
    denoiser: Denoiser, settings: TrainConfig, clean: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    assert settings.noise is not None
    spec = parse_noise(settings.noise)
    noisy = spec(torch.from_numpy(clean), generator(settings.seed, "preview")).numpy()
    return {"noisy": noisy, "denoised": denoiser.denoise_floats(noisy), "clean": clean}
