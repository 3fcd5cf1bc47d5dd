"""``unnoise.train``: from settings to a trained denoiser and its run folder."""

import copy
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from unnoise.api.calibrating import calibrated
from unnoise.api.common import ARRAY, Report, Say, Source, silent, tell
from unnoise.api.planning import make_plan
from unnoise.assemble import Assembly, assemble
from unnoise.data import NAMES, Plan
from unnoise.denoiser import Denoiser
from unnoise.denoiser.torch_engine import TorchEngine
from unnoise.errors import RunError
from unnoise.models import Bounds
from unnoise.runs import RunFolder, Setting, TrainConfig, layer_settings
from unnoise.training import Progress, Validation
from unnoise.training import train as run_training


def train(
    data: Source | None = None,
    *,
    targets: Source | None = None,
    noise: str | None = None,
    objective: Literal["auto", "supervised", "noise2noise", "neighbor2neighbor", "noise2void"]
    | None = None,
    axes: str | None = None,
    channels: Literal[1, 3] | None = None,
    grey: float | None = None,
    model: str | None = None,
    init: str | Path | None = None,
    intervals: float | None = None,
    freeze: bool | None = None,
    epochs: int | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    batch_size: int | None = None,
    patch: int | None = None,
    lr: float | None = None,
    loss: Literal["mse", "l1", "bce"] | None = None,
    optimizer: Literal["adamw", "muon", "sgd"] | None = None,
    schedule: Literal["cosine", "constant"] | None = None,
    average: bool | None = None,
    gamma: float | None = None,
    replacement: Literal["uniform", "median"] | None = None,
    structure: Literal["none", "horizontal", "vertical"] | None = None,
    stride: int | None = None,
    memory: float | None = None,
    max_pixels: int | None = None,
    validation: float | None = None,
    seed: int | None = None,
    precision: Literal["auto", "fp32", "bf16"] | None = None,
    compile: bool | None = None,  # noqa: A002  the word of torch
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
        data: A named dataset (``digits``, ``mnist``, ``fashion-mnist``), a file, folder or pattern,
            or an array: ``(H, W)``, ``(H, W, C)``, ``(N, H, W, C)``, others with ``axes``.
        targets: The clean version of each image, found by name; or an array of the same shape.
        noise: What corrupts clean images, such as ``gaussian:0.3,clip``. Without targets and
            noise, the images are taken as noisy.
        objective: ``supervised``, ``noise2noise``, ``neighbor2neighbor``, ``noise2void``, or
            ``auto``: what the images allow.
        axes: Of files or the array, such as ``ZYX``, where it cannot be told.
        channels: 1 turns all images to grey, 3 to colour.
        grey: Share of clean colour images that is turned to grey.
        model: ``unet``, ``unet-s``, ``unet-m``, ``unet-l``, ``autoencoder``, ``autoencoder-m``,
            ``mlp``, or ``auto``.
        init: A model whose network and weights to start from: fine-tuning.
        intervals: Train bounds beside the image, between which this share of pixels shall lie.
        freeze: Leave the weights of ``init`` as they are, and train the bounds only.
        epochs: Train for so many passes over the data,
        steps: or so many batches,
        minutes: or about so long; one of the three.
        batch_size: Images or patches a batch.
        patch: Side of the patches that are cut from larger images, in pixels.
        lr: The highest learning rate.
        loss: ``mse``, ``l1`` or ``bce``.
        optimizer: ``muon``, ``adamw`` or ``sgd``.
        schedule: ``cosine`` or ``constant`` learning rate.
        average: Whether to deliver the moving average of the weights.
        gamma: Weight of the regulariser of neighbor2neighbor.
        replacement: ``uniform`` or ``median``, for noise2void.
        structure: ``horizontal`` or ``vertical`` for noise2void where noise is correlated so.
        stride: Sub-sampling stride for noisy images only, where their noise is correlated.
        memory: GiB of images that are kept in memory; more are streamed from files.
        max_pixels: An image of more is refused; 0 for no limit.
        validation: Share of the images, or of each image, held out.
        seed: Decides weights, split, order and noise.
        precision: ``auto``, ``fp32`` or ``bf16``.
        compile: On a GPU: whether torch compiles the network first.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        data_dir: Where to look for named datasets first.
        preset: A named set of settings: ``classic`` or ``features``.
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
    said: dict[str, Setting | None] = {
        "data": _name(data),
        "targets": _name(targets),
        "noise": noise,
        "objective": objective,
        "axes": axes,
        "channels": channels,
        "grey": grey,
        "model": model,
        "init": None if init is None else str(init),
        "intervals": intervals,
        "freeze": freeze,
        "epochs": epochs,
        "steps": steps,
        "minutes": minutes,
        "batch_size": batch_size,
        "patch": patch,
        "lr": lr,
        "loss": loss,
        "optimizer": optimizer,
        "schedule": schedule,
        "average": average,
        "gamma": gamma,
        "replacement": replacement,
        "structure": structure,
        "stride": stride,
        "memory": memory,
        "max_pixels": max_pixels,
        "validation": validation,
        "seed": seed,
        "precision": precision,
        "compile": compile,
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
    assembly, plan = _assemble(settings, data, targets, folder, say)
    if folder:
        settings = assembly.config
        if settings.init is not None:
            # Kept with the run, and it may be the model in this very folder, which begin() removes.
            Denoiser.load(settings.init).save(folder.init, overwrite=True)
            settings = replace(settings, init=str(folder.init))
        folder.begin(settings, assembly.training.state(), note=plan.note)
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
    if ARRAY in (settings.data, settings.targets):
        raise RunError(f"{folder.path} was trained on an array, which is not kept: train it again")
    state = folder.load()
    changed = RunError(
        f"the checkpoint in {folder.path} does not fit the images of {settings.data}, which "
        "were changed since: put the old ones back, or train anew with another --out"
    )
    assembly, plan = _assemble(settings, None, None, folder, say)
    if plan.note != folder.read_note():
        raise changed
    try:
        assembly.training.restore(state)
    except (KeyError, RuntimeError, ValueError) as error:
        raise changed from error
    say(f"going on from step {assembly.training.step} of {assembly.training.steps}")
    return _run(assembly, folder, report)


def _assemble(
    settings: TrainConfig,
    data: Source | None,
    targets: Source | None,
    folder: RunFolder | None,
    say: Say,
) -> tuple[Assembly, Plan]:
    """Choose the method, read the images and build everything; say what was chosen."""
    plan = make_plan(settings, data, targets, run=folder.path if folder else None, say=say)
    failures: list[str] = []

    def failed(failure: str) -> None:
        failures.append(failure)
        say(f"skipped: {failure}")

    for failure in plan.failures:
        failed(failure)
    assembly = assemble(settings, plan, failed=failed)
    if failures:
        say(f"{len(failures)} files were skipped")
    if plan.name not in NAMES:
        say(f"{plan.count} images of {plan.name}; {plan.objective}: {plan.reason}")
    for note in (*assembly.notes, *([plan.hint] if plan.hint else [])):
        say(note)
    return assembly, plan


def _name(source: Source | None) -> str | None:
    if source is None:
        return None
    return ARRAY if isinstance(source, np.ndarray) else str(source)


def _run(assembly: Assembly, folder: RunFolder | None, report: Report) -> Denoiser:
    """Train, keeping the run folder up to date, and make the denoiser."""
    training = assembly.training
    # Rows after the checkpoint belong to steps that will be taken again.
    rows = [row for row in folder.read_metrics() if row["step"] <= training.step] if folder else []

    def keep(progress: Progress) -> None:
        report(progress)
        if progress.validation is not None:
            rows.append(_row(progress, progress.validation))
            if folder:
                folder.write_metrics(rows)

    def save(state: dict[str, Any]) -> None:
        if folder:
            folder.save(state)

    try:
        run_training(training, report=keep, save=save)
    finally:
        assembly.close()
    network = copy.deepcopy(assembly.network)  # leaves behind what torch compiled
    network.load_state_dict(training.result())
    reached = training.validate(network)
    trained = {
        "steps": float(training.steps),
        "images": float(training.steps * training.batch_size),
        "seconds": round(training.seconds, 1),
        "risk": reached.risk,
    }
    noisy_psnr = assembly.held.noisy_psnr(assembly.objective, training.seed)
    if reached.psnr is not None and noisy_psnr is not None:
        trained["noisy_psnr"] = round(noisy_psnr, 3)
        trained["psnr"] = round(reached.psnr, 3)
    bounds = network if isinstance(network, Bounds) else None
    engine = TorchEngine(
        bounds.model if bounds else network,
        distances=bounds.distances if bounds else None,
        device=str(training.device),
        bf16=training.bf16,
    )
    denoiser = Denoiser(engine, replace(assembly.info, trained=trained))
    started = time.perf_counter()
    info = calibrated(denoiser, assembly)
    trained["calibration_seconds"] = round(time.perf_counter() - started, 1)
    denoiser.info = replace(info, trained=trained)
    if folder:
        denoiser.save(folder.model, overwrite=True)
    return denoiser


def _row(progress: Progress, validation: Validation) -> dict[str, float]:
    """Return a row of the metrics; NaN where there is no clean image to compare with."""
    return {
        "step": progress.step,
        "steps": progress.steps,
        "loss": progress.loss,
        "images_per_second": progress.images_per_second,
        "seconds": progress.seconds,
        "risk": validation.risk,
        "psnr": math.nan if validation.psnr is None else validation.psnr,
    }
