"""What a model is called in titles: by its name or file, and by what it is made for."""

from pathlib import Path

from unnoise.denoiser import Denoiser
from unnoise.pretrained import OTHERS, SUBJECTS

DEFAULT_NAMES = ("model.safetensors", "model.onnx")  # which say nothing: their folder does


def title_of(denoiser: Denoiser, model: str | None = None) -> str:
    """Return ``photo, a denoiser of photographs``, or ``m, a denoiser trained on scans``.

    Args:
        denoiser: The model.
        model: Its name, file or folder, where that is known.
    """
    if model in SUBJECTS:
        return f"{model}, a denoiser of {SUBJECTS[model]}"
    what = f"a denoiser trained on {short(denoiser.info.data)}"
    return what if model is None else f"{_name(model)}, {what}"


def made_for(denoiser: Denoiser, model: str | None = None) -> str:
    """Say in a sentence or two which images a model is made for, and which it is not."""
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


def _name(model: str) -> str:
    path = Path(model)
    if path.name in DEFAULT_NAMES and path.parent.name:
        return path.parent.name
    return path.stem if path.suffix in (".safetensors", ".onnx") else path.name or model
