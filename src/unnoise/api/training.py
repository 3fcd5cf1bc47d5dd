"""``unnoise.train``: from settings to a trained denoiser and its run folder."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from unnoise.api.common import ARRAY, Array, Report, Say, Source, silent, tell
from unnoise.assemble import Assembly, assemble
from unnoise.data import Images, load_images
from unnoise.denoiser import Denoiser
from unnoise.errors import RunError
from unnoise.runs import RunFolder, Setting, TrainConfig, layer_settings
from unnoise.training import Progress
from unnoise.training import train as run_training


def train(
    data: Source | None = None,
    *,
    noise: str | None = None,
    model: str | None = None,
    epochs: int | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    loss: Literal["mse", "l1", "bce"] | None = None,
    optimizer: Literal["adamw", "sgd"] | None = None,
    schedule: Literal["cosine", "constant"] | None = None,
    average: bool | None = None,
    validation: float | None = None,
    seed: int | None = None,
    precision: Literal["auto", "fp32", "bf16"] | None = None,
    device: str | None = None,
    data_dir: str | None = None,
    preset: str | None = None,
    config: str | Path | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
    say: Say = tell,
    report: Report = silent,
) -> Denoiser:
    """Train a denoiser.

    Every setting that is None comes from ``config``, else from ``preset``, else from the defaults;
    the settings and their defaults are those of ``unnoise train --help``.

    Args:
        data: A named dataset (``digits``, ``mnist``, ``fashion-mnist``), a file or folder of clean
            images of one size, or an array ``(N, H, W)`` or ``(N, H, W, C)``.
        noise: What corrupts them, such as ``gaussian:0.3,clip``.
        model: ``unet`` or ``autoencoder``.
        epochs: Train for so many passes over the data,
        steps: or so many batches,
        minutes: or about so long; one of the three.
        batch_size: Images a batch.
        lr: The highest learning rate.
        loss: ``mse``, ``l1`` or ``bce``.
        optimizer: ``adamw`` or ``sgd``.
        schedule: ``cosine`` or ``constant`` learning rate.
        average: Whether to deliver the moving average of the weights.
        validation: Share of the images held out.
        seed: Decides weights, split, order and noise.
        precision: ``auto``, ``fp32`` or ``bf16``.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        data_dir: Where to look for named datasets first.
        preset: A named set of settings: ``classic``.
        config: A TOML file of settings.
        out: The run folder to write; None keeps nothing on disk.
        overwrite: Whether a run in that folder may be replaced.
        say: Told messages, such as before a download; standard error without it.
        report: Told the progress.

    Returns:
        The trained denoiser.

    Raises:
        UnnoiseError: One of its kinds, saying what was got, what is allowed and what to try.
    """
    array = data if isinstance(data, np.ndarray) else None
    said: dict[str, Setting | None] = {
        "data": ARRAY if array is not None else None if data is None else str(data),
        "noise": noise,
        "model": model,
        "epochs": epochs,
        "steps": steps,
        "minutes": minutes,
        "batch_size": batch_size,
        "lr": lr,
        "loss": loss,
        "optimizer": optimizer,
        "schedule": schedule,
        "average": average,
        "validation": validation,
        "seed": seed,
        "precision": precision,
        "device": device,
        "data_dir": data_dir,
    }
    settings = layer_settings(
        {name: value for name, value in said.items() if value is not None},
        preset=preset,
        file=Path(config) if config else None,
    )
    folder = RunFolder(Path(out)) if out is not None else None
    if folder:
        folder.check_free(overwrite=overwrite)
    images = _load(settings, array, say)
    assembly = assemble(settings, images)
    if folder:
        folder.begin(assembly.config, assembly.training.state())
    return _run(assembly, folder, report)


def resume(
    out: str | Path,
    *,
    say: Say = tell,
    report: Report = silent,
) -> Denoiser:
    """Go on with a run that was stopped, to the same weights as if it had not been.

    Raises:
        RunError: The folder holds no run, or no checkpoint to go on from.
    """
    folder = RunFolder(Path(out))
    settings = folder.read_config()
    if settings.data == ARRAY:
        raise RunError(f"{folder.path} was trained on an array, which is not kept: train it again")
    state = folder.load()
    assembly = assemble(settings, _load(settings, None, say))
    try:
        assembly.training.restore(state)
    except (KeyError, RuntimeError, ValueError) as error:
        raise RunError(
            f"the checkpoint in {folder.path} does not fit the images of {settings.data}, which "
            "were changed since: put the old ones back, or train anew with another --out"
        ) from error
    say(f"going on from step {assembly.training.step} of {assembly.training.steps}")
    return _run(assembly, folder, report)


def default_out(
    said: dict[str, Setting], *, preset: str | None = None, config: Path | None = None
) -> Path:
    """Return the run folder that ``unnoise train`` writes where none was said."""
    settings = layer_settings(said, preset=preset, file=config)
    return Path("runs") / f"{Path(settings.data).stem}-{settings.model}"


def _load(settings: TrainConfig, array: Array | None, say: Say) -> Images:
    return load_images(
        settings.data if array is None else array,
        split="train",
        data_dir=Path(settings.data_dir) if settings.data_dir else None,
        say=say,
    )


def _run(assembly: Assembly, folder: RunFolder | None, report: Report) -> Denoiser:
    """Train, keeping the run folder up to date, and make the denoiser."""
    training = assembly.training
    # Rows after the checkpoint belong to steps that will be taken again.
    rows = [row for row in folder.read_metrics() if row["step"] <= training.step] if folder else []
    reached = {"psnr": rows[-1]["psnr"]} if rows else {}

    def keep(progress: Progress) -> None:
        report(progress)
        if progress.psnr is None:
            return
        reached["psnr"] = progress.psnr
        rows.append({name: float(value) for name, value in progress.__dict__.items()})
        if folder:
            folder.write_metrics(rows)

    def save(state: dict[str, Any]) -> None:
        if folder:
            folder.save(state)

    run_training(training, report=keep, save=save)
    if not rows or rows[-1]["step"] < training.steps:
        # It was stopped between its last checkpoint and the validation that follows it.
        reached["psnr"] = training.validate(training.best)
    trained = {
        "steps": float(training.steps),
        "images": float(training.steps * training.batch_size),
        "seconds": round(training.seconds, 1),
        "noisy_psnr": round(assembly.noisy_psnr, 3),
        **{name: round(value, 3) for name, value in reached.items()},
    }
    assembly.model.load_state_dict(training.best.state_dict())
    info = replace(assembly.info, trained=trained)
    denoiser = Denoiser(assembly.model, info, device=str(training.device))
    if folder:
        denoiser.save(folder.model, overwrite=True)
    return denoiser
