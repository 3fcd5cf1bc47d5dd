"""From a config to objects: the only file that knows every table."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import torch
from torch import nn

from unnoise.data import (
    NOISY_ONLY,
    TURNS,
    Material,
    Patches,
    Plan,
    Resident,
    Stream,
    prepare,
    takes_whole,
)
from unnoise.denoiser import keep_freed_memory, load_model
from unnoise.errors import ConfigError
from unnoise.models import Model, ModelArguments, build_model, restore
from unnoise.noise import parse_noise
from unnoise.objectives import LOSSES, OBJECTIVES, Objective
from unnoise.runs import ModelInfo, TrainConfig
from unnoise.seeding import generator
from unnoise.training import SCHEDULES, Held, Muon, Training, measure_steps, validator

DEFAULT_EPOCHS = 10  # of small whole images
DEFAULT_STEPS = 3000  # of patches
WHOLE_BATCH, PATCH_BATCH = 64, 8
HIGH_LR = 1.6e-2  # both found by measurement (docs/lab-notes.md)
DEFAULT_LR = {"unet": HIGH_LR, "autoencoder": HIGH_LR}
USUAL_LR = 3e-3
MUON_LR = 1e-2
FINE_TUNING = 0.3  # of the rate from scratch
VALIDATIONS = 20
COLOUR = 3
HALF_TURNS = (0, 2, 4, 6)
VALIDATION_SHARE = 0.05  # of the multiply-adds of a training


@dataclass(frozen=True)
class Assembly:
    """All that a config means for given images."""

    config: TrainConfig  # complete: noise, model, rates and length are filled in
    training: Training[Model]
    model: Model
    info: ModelInfo
    noisy_psnr: float | None  # dB, of the validation images, where they have clean versions
    notes: tuple[str, ...]  # what the user should know
    close: Callable[[], None]  # ends what reads files ahead


def complete(config: TrainConfig, plan: Plan) -> TrainConfig:
    """Fill in what depends on the images, all but the length of the training.

    Raises:
        UnnoiseError: A name or a noise spec that is wrong.
    """
    whole = takes_whole(plan)
    model = config.model
    if model == "auto" and config.init is None:
        model = "unet" if whole else "unet-s"
    lr = MUON_LR if config.optimizer == "muon" else DEFAULT_LR.get(model, USUAL_LR)
    return replace(
        config,
        noise=str(parse_noise(plan.noise)) if plan.noise else None,
        model=model,
        batch_size=config.batch_size or (WHOLE_BATCH if whole else PATCH_BATCH),
        lr=config.lr or (lr * FINE_TUNING if config.init else lr),
    )


def assemble(
    config: TrainConfig, plan: Plan, *, failed: Callable[[str], None] = lambda _: None
) -> Assembly:
    """Build everything that a training needs.

    Args:
        config: The settings.
        plan: The images and the method; a share of the images is held out.
        failed: Told of each file that cannot be read.

    Raises:
        ConfigError: Settings that contradict each other or the images.
        UnnoiseError: A name or a noise spec that is wrong.
    """
    config = complete(config, plan)
    if config.stride not in (None, 1) and (config.structure != "none" or takes_whole(plan)):
        what = "small images are taken whole" if takes_whole(plan) else "--structure masks a line"
        raise ConfigError(f"stride is {config.stride}, but {what}: leave --stride out")
    assert config.batch_size is not None
    assert config.lr is not None
    device = choose_device(config.device)
    name, model = _model(config, plan, device)  # before the images are read: it may be refused
    material = prepare(
        plan,
        batch_size=config.batch_size,
        side=config.patch,
        share=config.validation,
        stride=1 if config.structure != "none" else config.stride,
        # Half a turn leaves lines of noise where they are, a quarter does not.
        turns=tuple(range(TURNS)) if config.structure == "none" else HALF_TURNS,
        memory=config.memory,
        seed=config.seed,
        failed=failed,
    )
    objective = _objective(config, plan, clamped=material.ranges[-1].clamp)
    held = Held.of(material.held_out, material.ranges)
    batch = material.batches.at
    if device.type == "cpu":
        keep_freed_memory()  # 5 % of a step
    if device.type == "cuda":
        if config.compile:
            model.compile()
        if isinstance(material.batches, Patches) and Resident.fits(material.batches, device):
            batch = Resident(material.batches, device).at
    training = Training(
        model=model,
        apply=restore,
        objective=objective,
        batch=batch,
        batch_size=config.batch_size,
        validate=validator(objective, held, config.seed, device),
        optimizer=_optimizer(config, model),
        lr=config.lr,
        schedule=SCHEDULES[config.schedule],
        steps=config.steps or 1,
        seed=config.seed,
        average=config.average,
        select=not takes_whole(plan) or plan.objective in NOISY_ONLY,
        bf16=choose_bf16(config.precision, device),
    )
    training.steps = _steps(config, material, training, whole=takes_whole(plan))
    if training.select:
        # A forward pass is a third of a step.
        affordable = training.steps * config.batch_size * material.batches.pixels * 3
        affordable = round(VALIDATION_SHARE * affordable / held.pixels)
        training.validations = min(VALIDATIONS, max(1, affordable))
    config = replace(config, epochs=None, minutes=None, steps=training.steps)
    noisy_psnr = held.noisy_psnr(objective, config.seed)
    info = _info(config, plan, material, name, model)
    close = material.batches.close if isinstance(material.batches, Stream) else lambda: None
    return Assembly(config, training, model, info, noisy_psnr, material.notes, close)


def choose_device(name: str) -> torch.device:
    """Return the device of that name; ``auto`` takes cuda or mps where they are.

    Raises:
        ConfigError: There is no such device on this machine.
    """
    mps = torch.backends.mps.is_available()
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if mps else "cpu"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    # Which of these torch raises for a device that is not there depends on the kind of device.
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"device {name!r} cannot be used here: {reason}; try cpu or auto"
        ) from error
    return device


def choose_bf16(precision: str, device: torch.device) -> bool:
    """Whether to run in bfloat16: ``auto`` does where the hardware multiplies it."""
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cpu":
        # Without these instructions bf16 is emulated, a hundred times slower than fp32.
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def _objective(config: TrainConfig, plan: Plan, *, clamped: bool) -> Objective:
    build = OBJECTIVES[plan.objective]
    if config.grey and not (config.noise and plan.views[0][0].channels == COLOUR):
        raise ConfigError("--grey is for clean colour images that --noise makes noisy")
    if plan.objective == "supervised":
        noise = parse_noise(config.noise) if config.noise else None
        return build(LOSSES[config.loss], noise, clamped, config.grey)
    if config.loss != "mse":
        raise ConfigError(
            f"loss {config.loss} is for clean targets; {plan.objective} needs mse, whose best "
            "answer to a noisy target is its mean, the clean image"
        )
    if plan.objective == "neighbor2neighbor":
        return build(config.gamma)
    if plan.objective == "noise2void":
        return build(config.replacement, config.structure)
    return build()


def _model(config: TrainConfig, plan: Plan, device: torch.device) -> tuple[str, Model]:
    """Return the network and its name in the table of models."""
    if config.init is not None:
        start, model = load_model(config.init)
        name = start.model
    else:
        name = config.model
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(generator(config.seed, "weights").initial_seed())
            model = build_model(name, _arguments(config, plan))
    part = plan.views[0][0]
    if model.channels != part.channels:
        convert = f"pass --channels {model.channels}, or " if model.channels in (1, COLOUR) else ""
        raise ConfigError(
            f"--init {config.init} is a model of {model.channels} channels and the images have "
            f"{part.channels}: {convert}take another model"
        )
    if config.loss == "bce" and not model.bounded:
        raise ConfigError(
            f"loss bce needs outputs in [0, 1], which {name} does not promise: "
            "use --loss mse, or --model autoencoder"
        )
    if model.fixed_size not in (None, (part.height, part.width)) or (
        model.fixed_size and not takes_whole(plan)
    ):
        raise ConfigError(
            f"{name} takes images of one small size, and these are larger or of several sizes: "
            "take another network (unet takes any size), or cut the images to one size"
        )
    # The stubs of torch know memory_format only together with a tensor, so the result is Any.
    return name, model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]


def _arguments(config: TrainConfig, plan: Plan) -> ModelArguments:
    part = plan.views[0][0]
    if config.model == "autoencoder":
        return {"channels": part.channels, "size": (part.height, part.width)}
    if plan.objective == "noise2void" and config.replacement == "median":
        # The median is so good a guess that a network with shortcuts learns to pass pixels on.
        return {"channels": part.channels, "shortcuts": False}
    return {"channels": part.channels}


def _steps(
    config: TrainConfig, material: Material, training: Training[Model], *, whole: bool
) -> int:
    if config.steps:
        return config.steps
    if config.minutes:
        return measure_steps(training, config.minutes * 60)
    if config.epochs or whole:
        return (config.epochs or DEFAULT_EPOCHS) * material.batches.steps_per_epoch
    return DEFAULT_STEPS


def _optimizer(config: TrainConfig, model: nn.Module) -> torch.optim.Optimizer:
    assert config.lr is not None
    if config.optimizer == "muon":
        return Muon(model.parameters(), lr=config.lr)
    if config.optimizer == "sgd":
        return torch.optim.SGD(model.parameters(), lr=config.lr)
    return torch.optim.AdamW(
        model.parameters(), lr=config.lr, betas=(0.9, 0.99), weight_decay=1e-4, fused=True
    )


def _info(
    config: TrainConfig, plan: Plan, material: Material, name: str, model: Model
) -> ModelInfo:
    values = material.ranges[0]
    dtype = plan.views[0][0].dtype
    return ModelInfo(
        model=name,
        arguments=model.arguments,
        channels=model.channels,
        noise=config.noise or "",
        objective=f"{plan.objective}, {config.loss}",
        reason=plan.reason,
        data=plan.name,
        seed=config.seed,
        value_range=None if values.clamp else {"dtype": str(dtype), **asdict(values)},
        strides=material.strides,
    )
