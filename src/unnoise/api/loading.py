"""``unnoise.load``: a denoiser by its name or file, on the best device there is."""

from pathlib import Path
from typing import Literal

from unnoise.denoiser import Denoiser
from unnoise.denoiser.loading import ONNX, has_torch, locate
from unnoise.errors import ConfigError


def load(
    path: str | Path,
    *,
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16"] = "auto",
    compile: bool = False,  # noqa: A002  the word of torch
) -> Denoiser:
    """Load a denoiser.

    Args:
        path: A model file (``.safetensors``, or ``.onnx``, which runs without torch), a run folder,
            a repository ``hf://owner/name`` of Hugging Face or a folder like one, or a name of
            what comes with the package: ``photo`` is for photographs, grey and colour, with
            gaussian noise of any level up to 55/255 and with noise like a camera's;
            ``fluorescence`` for fluorescence micrographs, channel by channel.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        precision: Arithmetic of networks that correct their input, as all ``unet`` do; ``auto``
            takes bfloat16 where the hardware has it, else float32. It costs ``photo`` less than
            0.01 dB.
        compile: On a GPU: let torch compile the network for the first image of each size, which
            takes a minute and pays for many images.

    Raises:
        ModelFileError: The file is missing, damaged or of another format.
        ConfigError: The device cannot be used here, ``compile`` is set without a GPU, or what is
            asked for needs torch.
    """
    file = locate(path)
    if file.suffix == ONNX or not has_torch():
        if precision == "bf16" or compile:
            raise ConfigError(
                "bf16 and compile are for torch: leave them out, or use a .safetensors model with "
                "torch (pip install 'unnoise[train]')"
            )
        return Denoiser.load(file, device="cpu" if device == "auto" else device)
    from unnoise.devices import choose_bf16, choose_device

    place = choose_device(device)
    if compile and place.type != "cuda":
        raise ConfigError(
            f"compile is set and the device is {place}: it is for CUDA; elsewhere a compiled "
            "network is no faster"
        )
    bf16 = choose_bf16(precision, place)
    return Denoiser.load(file, device=str(place), bf16=bf16, compiles=compile)
