"""Train a denoiser on your own images and run it anywhere.

The public names; each is imported when it is first used, so that importing the package is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "1.0.0"  # the one place that states it; pyproject.toml reads it here

if TYPE_CHECKING:
    from unnoise.api.comparing import Comparison as Comparison
    from unnoise.api.comparing import compare as compare
    from unnoise.api.denoising import load as load
    from unnoise.api.evaluating import add_noise as add_noise
    from unnoise.api.evaluating import evaluate as evaluate
    from unnoise.api.exporting import export as export
    from unnoise.api.noise_models import noise_model as noise_model
    from unnoise.api.probing import probe as probe
    from unnoise.api.showing import figure as figure
    from unnoise.api.training import train as train
    from unnoise.denoiser import Denoiser as Denoiser
    from unnoise.errors import UnnoiseError as UnnoiseError
    from unnoise.evaluation import Evaluation as Evaluation
    from unnoise.features import DenoisingAutoencoder as DenoisingAutoencoder
    from unnoise.features import DenoisingClassifier as DenoisingClassifier
    from unnoise.trust import Inspection as Inspection
    from unnoise.trust import inspect as inspect
else:  # the same names for the interpreter; a list that type checkers see would be a third one
    _HOMES = {
        "Comparison": "api.comparing",
        "Denoiser": "denoiser",
        "DenoisingAutoencoder": "features",
        "DenoisingClassifier": "features",
        "Evaluation": "evaluation",
        "Inspection": "trust",
        "UnnoiseError": "errors",
        "add_noise": "api.evaluating",
        "compare": "api.comparing",
        "evaluate": "api.evaluating",
        "export": "api.exporting",
        "figure": "api.showing",
        "inspect": "trust",
        "load": "api.denoising",
        "noise_model": "api.noise_models",
        "probe": "api.probing",
        "train": "api.training",
    }
    __all__ = list(_HOMES)
    __all__ += ["__version__"]

    def __getattr__(name: str) -> object:
        """Import a public name on first use (PEP 562)."""
        if name not in _HOMES:
            raise AttributeError(f"module 'unnoise' has no attribute {name!r}")
        value = getattr(import_module(f"unnoise.{_HOMES[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        """List the public names."""
        return __all__
