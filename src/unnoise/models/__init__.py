"""The table of models, and the contract that they keep.

A model is a network from noisy to clean images, built from a name and plain arguments. This room
does not know how models are trained, stored or used on whole files.
"""

from unnoise.errors import UnknownNameError
from unnoise.models.autoencoder import Autoencoder
from unnoise.models.bounds import Bounds, Distances
from unnoise.models.contract import (
    DEFAULT_LR,
    Architecture,
    CodeModel,
    Model,
    ModelArguments,
    fit,
    join_features,
    macs_per_pixel,
    place,
    restore,
)
from unnoise.models.conv_autoencoder import ConvAutoencoder
from unnoise.models.grey import grey
from unnoise.models.mlp import MLP
from unnoise.models.unet import ResidualUNet, UNet

BLOCKS: ModelArguments = {"falling": (1, 1, 1), "rising": (1, 1, 1, 2)}
HIGH_LR, HIGH_MUON = 1.6e-2, 3e-2  # found by measurement (docs/lab-notes.md)

MODELS = {
    "unet": Architecture(UNet, lr=HIGH_LR, muon=HIGH_MUON),
    # Four times the cost of unet, for 0.2 dB more on digits in the same time of training.
    "unet-xs": Architecture(UNet, {"widths": (16, 32, 64)}, lr=HIGH_LR, muon=HIGH_MUON),
    # About 20, 70 and 270 thousand multiply-adds a pixel. benchmarks/photo/candidates.py gives the
    # reasons for these numbers of channels and convolutions.
    "unet-s": Architecture(UNet, {"widths": (16, 32, 64, 128), "depths": (2, 2, 2, 2)}),
    # Costs as much as unet-s, has 0.6 times its weights, and its blocks cannot die.
    "unet-slim": Architecture(ResidualUNet, {"widths": (16, 24, 40, 64), **BLOCKS}),
    "unet-m": Architecture(ResidualUNet, {"widths": (24, 48, 64, 128), **BLOCKS}),
    "unet-l": Architecture(ResidualUNet, {"widths": (48, 96, 128, 256), **BLOCKS}),
    "autoencoder": Architecture(Autoencoder, lr=HIGH_LR),
    "autoencoder-m": Architecture(ConvAutoencoder),
    "mlp": Architecture(MLP, lr=1e-3),
}


def find_model(name: str) -> Architecture:
    """Return the entry of a model in the table; raise ``UnknownNameError`` if it is not there."""
    if name not in MODELS:
        raise UnknownNameError("model", name, MODELS)
    return MODELS[name]


def build_model(name: str, arguments: ModelArguments) -> Model:
    """Build a model with fresh weights from the global torch generator.

    Args:
        name: A key of ``MODELS``.
        arguments: The arguments of the model, as a model file keeps them.

    Raises:
        UnknownNameError: No model has this name.
        ModelError: The model cannot be built with these arguments.
    """
    entry = find_model(name)
    return entry.network(**entry.arguments | arguments)


__all__ = [
    "DEFAULT_LR",
    "MLP",
    "MODELS",
    "Architecture",
    "Autoencoder",
    "Bounds",
    "CodeModel",
    "ConvAutoencoder",
    "Distances",
    "Model",
    "ModelArguments",
    "ResidualUNet",
    "UNet",
    "build_model",
    "find_model",
    "fit",
    "grey",
    "join_features",
    "macs_per_pixel",
    "place",
    "restore",
]
