"""From a config to objects: the only file that knows every table."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from unnoise.data import Batches, Images, split_indices
from unnoise.errors import ConfigError
from unnoise.images import to_float
from unnoise.metrics import psnr
from unnoise.models import Model, ModelArguments, build_model, restore
from unnoise.noise import Noise, parse_noise
from unnoise.objectives import LOSSES, OBJECTIVES
from unnoise.runs import ModelInfo, TrainConfig
from unnoise.seeding import generator
from unnoise.training import SCHEDULES, Training, measure_steps

DEFAULT_EPOCHS = 10
VALIDATION_IMAGES = 1000  # at most; the figure is then good to about 0.02 dB
VALIDATION_PIXELS = 100_000  # at once


@dataclass(frozen=True)
class Assembly:
    """All that a config means for given images."""

    config: TrainConfig  # complete: noise and length are filled in
    training: Training[Model]
    model: Model
    info: ModelInfo
    noisy_psnr: float  # dB, of the validation images


def assemble(config: TrainConfig, images: Images) -> Assembly:
    """Build everything that a training needs.

    Args:
        config: The settings.
        images: The images; a share of them is held out.

    Raises:
        ConfigError: Settings that contradict each other or the images.
        UnnoiseError: A name or a noise spec that is wrong.
    """
    noise = _noise(config, images)
    device = choose_device(config.device)
    held_in, held_out = split_indices(len(images.stack), config.validation, config.seed)
    batches = Batches(images.stack[held_in], config.batch_size, config.seed)
    validate, noisy_psnr = _validation(images.stack[held_out], noise, config.seed, device)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(config.seed, "weights").initial_seed())
        model = build_model(config.model, _arguments(config, images))
    # The stubs of torch know memory_format only together with a tensor.
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    if config.loss == "bce" and not model.bounded:
        raise ConfigError(
            f"loss bce needs outputs in [0, 1], which --model {config.model} does not promise: "
            "use --loss mse, or --model autoencoder"
        )
    training = Training(
        model=model,
        apply=restore,
        objective=OBJECTIVES["supervised"](noise, LOSSES[config.loss]),
        batch=batches.at,
        batch_size=config.batch_size,
        validate=validate,
        optimizer=_optimizer(config, model),
        lr=config.lr,
        schedule=SCHEDULES[config.schedule],
        steps=config.steps or 1,
        seed=config.seed,
        average=config.average,
        bf16=choose_bf16(config.precision, device),
    )
    if config.minutes:
        training.steps = measure_steps(training, config.minutes * 60)
    elif not config.steps:
        training.steps = (config.epochs or DEFAULT_EPOCHS) * batches.steps_per_epoch
    complete = TrainConfig(
        **{
            **config.__dict__,
            "noise": str(noise),
            "epochs": None,
            "minutes": None,
            "steps": training.steps,
        }
    )
    info = ModelInfo(
        model=config.model,
        arguments=model.arguments,
        channels=model.channels,
        noise=str(noise),
        objective=f"supervised, {config.loss}",
        data=images.name,
        seed=config.seed,
    )
    return Assembly(complete, training, model, info, noisy_psnr)


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


def _noise(config: TrainConfig, images: Images) -> Noise:
    spec = config.noise or images.noise
    if spec is None:
        raise ConfigError(
            f"{images.name} has no targets, so --noise must say how its clean images are to be "
            "corrupted, for example --noise gaussian:0..0.2"
        )
    return parse_noise(spec)


def _arguments(config: TrainConfig, images: Images) -> ModelArguments:
    _, height, width, channels = images.stack.shape
    if config.model == "autoencoder":
        return {"channels": channels, "size": (height, width)}
    return {"channels": channels}


def _optimizer(config: TrainConfig, model: nn.Module) -> torch.optim.Optimizer:
    if config.optimizer == "sgd":
        return torch.optim.SGD(model.parameters(), lr=config.lr)
    return torch.optim.AdamW(
        model.parameters(), lr=config.lr, betas=(0.9, 0.99), weight_decay=1e-4, fused=True
    )


def _validation(
    stack: NDArray[np.generic], noise: Noise, seed: int, device: torch.device
) -> tuple[Callable[[Model], float], float]:
    """Return what measures the PSNR (dB) of a network on noisy images, and their own PSNR."""
    clean = to_float(stack[:VALIDATION_IMAGES])
    noisy = noise(torch.from_numpy(clean), generator(seed, "validation"))

    chunk = max(1, VALIDATION_PIXELS // (clean.shape[2] * clean.shape[3]))

    def validate(network: Model) -> float:
        network.eval()
        with torch.inference_mode():
            parts = [
                restore(network, part.to(device, memory_format=torch.channels_last)).cpu()
                for part in torch.split(noisy, chunk)
            ]
        return float(psnr(torch.cat(parts).clamp(0, 1).numpy(), clean).mean())

    return validate, float(psnr(noisy.numpy(), clean).mean())
