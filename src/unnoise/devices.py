"""Where a model runs, on how many cores, and in what arithmetic.

Torch is imported only where it is asked: ONNX Runtime needs the number of cores alone.
"""

import os
from typing import TYPE_CHECKING

from unnoise.errors import ConfigError

if TYPE_CHECKING:
    import torch


def usable_cores() -> int:
    """Return the cores that the system gives this process, or all where it does not say."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def local_gpu() -> "torch.device":
    """Return the GPU of this process, by its rank on this machine if ``torchrun`` started it."""
    import torch

    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


def choose_device(name: str) -> "torch.device":
    """Return the device of that name; ``auto`` takes cuda or mps where they are.

    Raises:
        ConfigError: There is no such device on this machine.
    """
    import torch

    mps = torch.backends.mps.is_available()
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if mps else "cpu"
    try:
        device = torch.device(name)
        if device == torch.device("cuda"):
            device = local_gpu()
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # by the absent device
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"device {name!r} cannot be used here: {reason}; try cpu or auto"
        ) from error
    return device


def choose_bf16(precision: str, device: "torch.device") -> bool:
    """Whether to run in bfloat16: ``auto`` does where the hardware multiplies it."""
    if precision != "auto":
        return precision == "bf16"
    import torch

    if device.type == "cpu":
        # Without these instructions bf16 is emulated, a hundred times slower than fp32.
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
