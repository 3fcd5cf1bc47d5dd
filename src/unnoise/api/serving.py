"""What ``unnoise serve`` loads: models by their names."""

from collections.abc import Sequence
from pathlib import Path

from unnoise.api.loading import load
from unnoise.denoiser import Denoiser
from unnoise.denoiser.loading import HUB
from unnoise.errors import ConfigError
from unnoise.pretrained import PRETRAINED


def load_models(given: Sequence[str], *, device: str = "auto") -> dict[str, Denoiser]:
    """Load models, each under a short name: the stem of its file, the name of its folder.

    Args:
        given: What ``unnoise.load`` takes, each with ``NAME=`` before it or without.
        device: See ``load``.

    Raises:
        ConfigError: Two have one name.
        ModelFileError: One cannot be read.
    """
    models: dict[str, Denoiser] = {}
    for each in given:
        name, _, path = each.rpartition("=")
        name = name or _name(path)
        if name in models:
            raise ConfigError(
                f"two models are called {name}: give one another name, as in --model other={path}"
            )
        models[name] = load(path, device=device)
    return models


def _name(path: str) -> str:
    if path in PRETRAINED or path.startswith(HUB):
        return path.removeprefix(HUB)
    found = Path(path)
    return found.name if found.is_dir() else found.stem
