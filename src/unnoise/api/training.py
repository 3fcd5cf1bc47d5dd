"""``unnoise.train``: from settings to a trained denoiser and its run folder."""

from contextlib import ExitStack
from pathlib import Path
from typing import Literal

from unnoise.api.common import ARRAY, Report, Source, silent, tell
from unnoise.api.running import Run
from unnoise.denoiser import Denoiser
from unnoise.errors import ConfigError
from unnoise.runs import RunFolder, Setting, choose_settings
from unnoise.training import joined
from unnoise.types import Say

TIMEOUT = 300.0  # seconds


def train(
    data: Source | None = None,
    *,
    targets: Source | None = None,
    noise: str | None = None,
    noisy: Source | None = None,
    objective: Literal["auto", "supervised", "noise2noise", "neighbor2neighbor", "noise2void"]
    | None = None,
    axes: str | None = None,
    array: str | None = None,
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
    accumulate: int | None = None,
    patch: int | None = None,
    lr: float | None = None,
    loss: Literal["mse", "l1", "root-l1", "bce"] | None = None,
    optimizer: Literal["adamw", "muon", "sgd"] | None = None,
    schedule: Literal["cosine", "constant"] | None = None,
    average: bool | None = None,
    gamma: float | None = None,
    replacement: Literal["uniform", "median"] | None = None,
    structure: Literal["auto", "none", "horizontal", "vertical"] | None = None,
    stride: int | None = None,
    memory: float | None = None,
    max_pixels: int | None = None,
    nodata: float | None = None,
    nan: Literal["refuse", "keep"] | None = None,
    range: tuple[float, float] | None = None,  # noqa: A002  the word of the option
    validation: float | None = None,
    seed: int | None = None,
    precision: Literal["auto", "fp32", "bf16"] | None = None,
    compile: bool | None = None,  # noqa: A002  the word of torch
    device: str | None = None,
    data_dir: str | None = None,
    preset: str | None = None,
    config: str | Path | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    timeout: float = TIMEOUT,
    say: Say = tell,
    report: Report = silent,
) -> Denoiser:
    """Train a denoiser, with all processes that ``torchrun`` started.

    Every setting that is None comes from ``config``, else from ``preset``, else from the defaults;
    the settings and their defaults are those of ``unnoise train --help``.

    With ``resume``, a run in ``out`` is gone on with, to the same weights as if it had not been
    stopped; where there is none, it begins; where it is complete, its denoiser is returned. What is
    None then is as in the run, and what is not must be as in the run, except for ``device``,
    ``compile``, ``data_dir``, and a length that is longer: the run is trained further.

    Args:
        data: A named dataset (``digits``, ``mnist``, ``fashion-mnist``), a file, folder or pattern,
            or an array: ``(H, W)``, ``(H, W, C)``, ``(N, H, W, C)``, others with ``axes``; or a
            list of arrays of any sizes. Tensors of torch and pictures of PIL are arrays, too.
        targets: The clean version of each image, found by name; or an array of the same shape.
        noise: What corrupts clean images, such as ``gaussian:0.3,clip``. Without targets and
            noise, the images are taken as noisy. ``auto`` estimates it from ``noisy``.
        noisy: Noisy images of any scenes, whose noise is estimated (``unnoise.noise_model``).
        objective: ``supervised``, ``noise2noise``, ``neighbor2neighbor``, ``noise2void``, or
            ``auto``: what the images allow.
        axes: Of files or the array, such as ``ZYX``, where it cannot be told.
        array: Of a ``.npz`` archive: the name of the array that holds the images.
        channels: 1 turns all images to grey, 3 to colour.
        grey: Share of clean colour images that is turned to grey.
        model: ``unet``, ``unet-s``, ``unet-slim``, ``unet-m``, ``unet-l``, ``autoencoder``,
            ``autoencoder-m``, ``mlp``, or ``auto``.
        init: A model whose network and weights to start from: fine-tuning.
        intervals: Train bounds beside the image, between which this share of pixels shall lie.
        freeze: Leave the weights of ``init`` as they are, and train the bounds only.
        epochs: Train for so many passes over the data,
        steps: or so many batches,
        minutes: or about so long; one of the three.
        batch_size: Images or patches a batch, of all processes together.
        accumulate: Compute each batch in so many pieces, one after the other, in less memory.
        patch: Side of the patches that are cut from larger images, in pixels.
        lr: The highest learning rate.
        loss: ``mse``, ``l1`` or ``bce``.
        optimizer: ``muon``, ``adamw`` or ``sgd``.
        schedule: ``cosine`` or ``constant`` learning rate.
        average: Whether to deliver the moving average of the weights.
        gamma: Weight of the regulariser of neighbor2neighbor.
        replacement: ``uniform`` or ``median``, for noise2void.
        structure: ``horizontal`` or ``vertical`` where pixels of noisy images share noise along
            it, ``none``, or ``auto``: what the images show.
        stride: Sub-sampling stride for noisy images only, where their noise is correlated, or
            where they are a mosaic; None to look at the images.
        memory: GiB of images that are kept in memory; more are streamed from files.
        max_pixels: An image of more is refused; 0 for no limit.
        nodata: The value that stands for no data: left out, as are masked values of an array.
        nan: ``keep`` takes NaN and infinity as no data, ``refuse`` refuses them.
        range: The values that are black and white; None finds them in the data.
        validation: Share of the images, or of each image, held out.
        seed: Decides weights, split, order and noise.
        precision: ``auto``, ``fp32`` or ``bf16``.
        compile: On a GPU: whether torch compiles the network first.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        data_dir: Where to look for named datasets first.
        preset: A named set of settings: ``classic`` or ``features``.
        config: A TOML file of settings.
        out: The run folder to write; None keeps nothing on disk.
        resume: Whether to go on with the run in that folder.
        overwrite: Whether a run in that folder may be replaced.
        timeout: Seconds that a process waits for the others, where torchrun started several.
        say: Told messages, such as before a download; standard error without it.
        report: Told the progress.

    Returns:
        The trained denoiser; calibrated on the first process, which also writes the run folder.

    Raises:
        UnnoiseError: One of its kinds, saying what was got, what is allowed and what to try.
    """
    given: dict[str, Setting | None] = {
        "data": _name(data),
        "targets": _name(targets),
        "noise": noise,
        "noisy": _name(noisy),
        "objective": objective,
        "axes": axes,
        "array": array,
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
        "accumulate": accumulate,
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
        "nodata": nodata,
        "nan": nan,
        "range": range,
        "validation": validation,
        "seed": seed,
        "precision": precision,
        "compile": compile,
        "device": device,
        "data_dir": data_dir,
    }
    said = {name: value for name, value in given.items() if value is not None}
    now = choose_settings(said, preset=preset, file=Path(config) if config else None)
    if resume and overwrite:
        raise ConfigError(
            "--resume goes on with a run, and --overwrite removes it: pass one of them"
        )
    if resume and out is None:
        raise ConfigError("--resume needs --out, the run folder to go on with")
    folder = RunFolder(Path(out)) if out is not None else None
    with ExitStack() as closing:
        with joined(seconds=timeout) as world:
            run = Run(folder, world, say, report, closing)
            if run.goes_on(now, resume=resume):
                trained = run.go_on(now, data, targets)
            else:
                trained = run.begin(now, data, targets, noisy, overwrite=overwrite)
        return run.finish(trained)


def _name(source: Source | None) -> str | None:
    if source is None:
        return None
    return str(source) if isinstance(source, str | Path) else ARRAY
