"""``unnoise.load``: a denoiser by its name or file, on the best device there is."""

from inspect import cleandoc
from pathlib import Path

from unnoise.denoiser import Denoiser, Precision, Running


def load(
    path: str | Path,
    *,
    device: str = "auto",
    precision: Precision = "auto",
    compile: bool = False,  # noqa: A002  the word of torch
) -> Denoiser:
    """Load a denoiser.

    Args:
        path: A model file (``.safetensors``, or ``.onnx``, which runs without torch), a run folder,
            a repository ``hf://owner/name`` of Hugging Face or a folder like one, or the name of a
            model in the package: ``photo`` is for photographs, grey and colour, with gaussian noise
            of any level up to 55/255 and with noise like a camera's; ``fluorescence`` is for
            fluorescence micrographs, channel by channel.
        device: Where it runs; see below.
        precision: Likewise.
        compile: Likewise.

    Raises:
        ModelFileError: The file is missing, damaged or of another format.
        ConfigError: The device cannot be used here, ``compile`` is set without a GPU, or an option
            needs torch.
    """
    return Running(device=device, precision=precision, compile=compile).load(path)


load.__doc__ = f"{cleandoc(load.__doc__ or '')}\n\n{cleandoc(Running.__doc__ or '')}"
