"""Denoisers with known answers: what a file or array becomes can then be said exactly."""

from typing import Any

import torch
from torch import Tensor

from unnoise import Denoiser
from unnoise.denoiser.torch_backend import TorchBackend
from unnoise.models import Model
from unnoise.runs import ModelInfo


class Linear(Model):
    """``scale * in + shift``; the identity to the last bit if nothing else is said."""

    def __init__(self, channels: int, scale: float, shift: tuple[float, ...]) -> None:
        super().__init__()
        self.arguments = {}
        self.channels = channels
        self.size_multiple, self.receptive_field = 4, 9
        self.scale = torch.nn.Parameter(torch.tensor(scale))
        self.shift = torch.nn.Parameter(torch.tensor(shift).view(-1, 1, 1))
        self.seen: list[tuple[int, ...]] = []

    def forward(self, noisy: Tensor) -> Tensor:
        self.seen.append(tuple(noisy.shape))
        if self.scale == 1 and not self.shift.any():
            return noisy
        return self.scale * noisy + self.shift

    def features(self, noisy: Tensor) -> list[Tensor]:
        return [noisy]


def linear(
    channels: int = 1,
    *,
    scale: float = 1.0,
    shift: tuple[float, ...] = (0.0,),
    value_range: dict[str, Any] | None = None,
    result_range: dict[str, Any] | None = None,
) -> Denoiser:
    """Return a denoiser of that model."""
    info = ModelInfo(
        model="linear",
        arguments={},
        channels=channels,
        noise="",
        objective="none",
        data="none",
        seed=0,
        value_range=value_range,
        result_range=result_range,
    )
    return Denoiser(TorchBackend(Linear(channels, scale, shift)), info)


def seen(denoiser: Denoiser) -> list[tuple[int, ...]]:
    """Return the shapes of the batches that such a denoiser has run."""
    assert isinstance(denoiser.backend, TorchBackend)
    assert isinstance(denoiser.backend.model, Linear)
    return denoiser.backend.model.seen
