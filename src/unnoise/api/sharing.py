"""A denoiser for other programs and people: exported, served, and named in titles."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from unnoise.api.denoising import load
from unnoise.denoiser import Denoiser, Running
from unnoise.denoiser.loading import HUB
from unnoise.errors import ConfigError
from unnoise.pretrained import OTHERS, PRETRAINED, SUBJECTS

if TYPE_CHECKING:
    from unnoise.exporters import Exported

Format = Literal["auto", "onnx", "hub"]
OPSET = 20


def export(
    model: Denoiser | str | Path,
    path: str | Path,
    *,
    format: Format = "auto",  # noqa: A002  the word of the option
    opset: int = OPSET,
    half: bool = False,
    overwrite: bool = False,
) -> "Exported | None":
    """Write a denoiser as an ONNX file, or as a folder for Hugging Face.

    Args:
        model: A denoiser, or an argument of ``unnoise.load``.
        format: ``onnx``, ``hub`` (a folder), or ``auto`` for a path that ends in ``.onnx``.
        opset: The version of the ONNX operators.
        half: Keep the weights of an ONNX file in half precision.
        overwrite: Whether an existing file or folder may be replaced.

    Returns:
        For an ONNX file: its size, and its comparison with torch.

    Raises:
        ConfigError: The name does not decide the format, or settings do not belong to it.
        ModelError: The model does not run with torch, or the file gives other images than torch.
        OutputError: The file exists, or it cannot be written.
    """
    path = Path(path)
    if format == "auto" and path.suffix != ".onnx":
        raise ConfigError(
            f"{path} does not end in .onnx: name such a file, or pass --format hub for a folder"
        )
    if format == "hub" and (half or opset != OPSET):
        raise ConfigError("half and opset are for ONNX files: leave them out with --format hub")
    denoiser = model if isinstance(model, Denoiser) else load(model, device="cpu", precision="fp32")
    from unnoise.exporters import write_hub_folder, write_onnx

    if format == "hub":
        write_hub_folder(denoiser, path, overwrite=overwrite)
        return None
    return write_onnx(denoiser, path, opset=opset, half=half, overwrite=overwrite)


def load_models(
    given: Sequence[str],
    *,
    running: Running = Running(),  # noqa: B008  frozen
) -> dict[str, Denoiser]:
    """Load models, given as PATH or NAME=PATH, under NAME or the stem of the file or folder."""
    models: dict[str, Denoiser] = {}
    for each in given:
        name, _, path = each.rpartition("=")
        name = name or _name(path)
        if name in models:
            raise ConfigError(
                f"two models are called {name}: give one another name, as in --model other={path}"
            )
        models[name] = running.load(path)
    return models


def _name(path: str) -> str:
    if path in PRETRAINED or path.startswith(HUB):
        return path.removeprefix(HUB)
    found = Path(path)
    return found.name if found.is_dir() else found.stem


DEFAULT_NAMES = ("model.safetensors", "model.onnx")  # which say nothing: their folder does


def title_of(denoiser: Denoiser, model: str | None = None) -> str:
    """Return ``photo, a denoiser of photographs``, or ``m, a denoiser trained on scans``."""
    if model in SUBJECTS:
        return f"{model}, a denoiser of {SUBJECTS[model]}"
    what = f"a denoiser trained on {short(denoiser.info.data)}"
    return what if model is None else f"{_stem(model)}, {what}"


def made_for(denoiser: Denoiser, model: str | None = None) -> str:
    """Return a sentence or two on the images that a model is made for, and not made for."""
    if model in SUBJECTS:
        subject = SUBJECTS[model]
        return (
            f"{model} is made for {subject}. It is not made for other images, such as "
            f"{OTHERS[model]}: on these it may leave noise, or invent details of {subject}."
        )
    return (
        f"This model learned from {short(denoiser.info.data)}. It is made for images like these, "
        "with noise like theirs; on others it may leave noise, or invent details."
    )


def short(data: str) -> str:
    """Return the name of training images without the folders above them."""
    path = Path(data)
    return "/".join(path.parts[-2:]) if len(path.parts) > 2 or path.is_absolute() else data


def _stem(model: str) -> str:
    path = Path(model)
    if path.name in DEFAULT_NAMES and path.parent.name:
        return path.parent.name
    return path.stem if path.suffix in (".safetensors", ".onnx") else path.name or model
