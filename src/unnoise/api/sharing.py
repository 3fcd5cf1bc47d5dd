"""A denoiser for people: served under a name, and described in titles."""

from collections.abc import Sequence
from pathlib import Path

from unnoise.denoiser import Denoiser, Running
from unnoise.denoiser.loading import HUB
from unnoise.errors import ConfigError
from unnoise.pretrained import OTHERS, PRETRAINED, SUBJECTS


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
    return what if model is None else f"{stem(model)}, {what}"


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


def stem(model: str) -> str:
    """Return the name of a model without its ending; of the folder if the file says nothing."""
    path = Path(model)
    if path.name in DEFAULT_NAMES and path.parent.name:
        return path.parent.name
    return path.stem if path.suffix in (".safetensors", ".onnx") else path.name or model
