"""Denoisers with random weights."""

from typing import Any

import torch

from unnoise import Denoiser
from unnoise.denoiser.torch_backend import TorchBackend
from unnoise.models import Distances, build_model, find_model
from unnoise.runs import ModelInfo

CASES: dict[str, dict[str, Any]] = {
    "unet-s": {"channels": 3},
    "unet-m": {"channels": 3},
    "mlp": {"size": [8, 8]},
}


def fresh(
    name: str, *, strides: tuple[int, ...] = (1,), bounds: bool = False, **changed: object
) -> tuple[Denoiser, ModelInfo]:
    """Return a denoiser with random weights."""
    torch.manual_seed(0)
    small = find_model(name).network.arguments_for(channels=1, size=(28, 28))
    arguments = small | CASES.get(name, {}) | changed
    model = build_model(name, arguments).eval()
    distances = Distances({"channels": 2 * model.channels, "widths": [4, 4], "depths": [1, 1]})
    groups = [{"grey": grey, "up_to": 1e9, "scale": 1.5} for grey in (False, True)]
    info = ModelInfo(
        model=name,
        arguments=model.arguments,
        channels=model.channels,
        noise="gaussian:0.1",
        objective="supervised, l1",
        data="none",
        seed=0,
        strides=strides,
        bounds={"arguments": distances.arguments, "level": 0.9, "groups": groups}
        if bounds
        else None,
    )
    engine = TorchBackend(model, distances=distances.eval() if bounds else None)
    return Denoiser(engine, info), info
