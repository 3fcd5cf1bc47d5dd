"""Train a denoiser on your own images and run it anywhere.

The public names; each is imported when it is first used, so that importing the package is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from unnoise.api import (
        Comparison,
        add_noise,
        compare,
        evaluate,
        export,
        figure,
        load,
        noise_model,
        probe,
        train,
    )
    from unnoise.denoiser import Denoiser
    from unnoise.errors import UnnoiseError
    from unnoise.evaluation import Evaluation
    from unnoise.features import DenoisingAutoencoder, DenoisingClassifier
    from unnoise.trust import Inspection, inspect

_HOMES = {
    "Comparison": "unnoise.api",
    "Denoiser": "unnoise.denoiser",
    "DenoisingAutoencoder": "unnoise.features",
    "DenoisingClassifier": "unnoise.features",
    "Evaluation": "unnoise.evaluation",
    "Inspection": "unnoise.trust",
    "UnnoiseError": "unnoise.errors",
    "add_noise": "unnoise.api",
    "compare": "unnoise.api",
    "evaluate": "unnoise.api",
    "export": "unnoise.api",
    "figure": "unnoise.api",
    "inspect": "unnoise.trust",
    "load": "unnoise.api",
    "noise_model": "unnoise.api",
    "probe": "unnoise.api",
    "train": "unnoise.api",
}

__all__ = [
    "Comparison",
    "Denoiser",
    "DenoisingAutoencoder",
    "DenoisingClassifier",
    "Evaluation",
    "Inspection",
    "UnnoiseError",
    "__version__",
    "add_noise",
    "compare",
    "evaluate",
    "export",
    "figure",
    "inspect",
    "load",
    "noise_model",
    "probe",
    "train",
]


def __getattr__(name: str) -> object:
    """Import a public name on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'unnoise' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
