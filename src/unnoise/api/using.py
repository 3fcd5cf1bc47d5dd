"""``unnoise.load``, ``add_noise`` and ``evaluate``: using a trained denoiser."""

from pathlib import Path
from typing import TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray

from unnoise.api.common import Say, Source, tell
from unnoise.assemble import choose_device
from unnoise.data import load_images
from unnoise.denoiser import Denoiser
from unnoise.errors import ConfigError
from unnoise.evaluation import Evaluation, compare
from unnoise.images import as_stack, from_float, to_float
from unnoise.noise import parse_noise
from unnoise.seeding import generator

Scalar = TypeVar("Scalar", bound=np.generic)


def load(path: str | Path, *, device: str = "auto") -> Denoiser:
    """Load a denoiser from a model file or a run folder.

    Raises:
        ModelFileError: The file is missing, damaged or of another format.
        ConfigError: The device cannot be used here.
    """
    return Denoiser.load(Path(path), device=str(choose_device(device)))


def add_noise(image: NDArray[Scalar], noise: str, *, seed: int = 0) -> NDArray[Scalar]:
    """Corrupt an image as training does.

    Args:
        image: ``(H, W)`` or ``(H, W, C)``, or a stack ``(N, H, W)`` or ``(N, H, W, C)``.
        noise: A spec, such as ``gaussian:0.1``; levels count from 0 to 1 of the value range.
        seed: Decides the noise.

    Returns:
        An array of the same shape and dtype. Integers are rounded and clipped to their range, as
        in a file; floats are not clipped unless the spec says so.
    """
    stack, layout = as_stack(image)
    clean = torch.from_numpy(to_float(stack))
    noisy = parse_noise(noise)(clean, generator(seed, "add_noise"))
    return cast("NDArray[Scalar]", from_float(noisy.numpy(), layout))


def evaluate(
    denoiser: Denoiser,
    data: Source,
    *,
    noise: str | None = None,
    limit: int = 1000,
    baselines: bool = True,
    seed: int = 0,
    data_dir: str | Path | None = None,
    say: Say = tell,
) -> Evaluation:
    """Measure a denoiser on clean images that it has not seen, beside classical methods.

    Args:
        denoiser: What to measure.
        data: A named dataset (its test part is taken), file, folder or array of clean images.
        noise: The corruption; None takes the one that the denoiser was trained for.
        limit: How many images at the most, from the first; 0 takes all.
        baselines: Whether to run the classical methods too.
        seed: Of the noise.
        data_dir: Where to look for named datasets first.
        say: Told messages, such as before a download.
    """
    spec = parse_noise(noise or denoiser.info.noise)
    images = load_images(data, split="test", data_dir=Path(data_dir) if data_dir else None, say=say)
    if limit < 0:
        raise ConfigError(f"limit is {limit}: it is a number of images, or 0 for all")
    clean = to_float(images.stack[: limit or None])
    noisy = spec(torch.from_numpy(clean), generator(seed, "evaluate")).numpy()
    return compare(
        denoiser.denoise_floats,
        clean,
        noisy,
        noise=str(spec),
        data=images.name,
        seed=seed,
        baselines=baselines,
    )
