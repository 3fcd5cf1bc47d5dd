"""A denoiser whose every figure is known: the mean of 3 × 3 pixels."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from unnoise import Denoiser
from unnoise.denoiser.torch_backend import TorchBackend
from unnoise.models import Model
from unnoise.runs import ModelInfo


class Blur(Model):
    """The mean of 3 × 3 pixels, mirrored at the border."""

    def __init__(self) -> None:
        super().__init__()
        self.arguments = {}
        self.channels, self.receptive_field = 1, 3
        self.nothing = torch.nn.Parameter(torch.zeros(()))

    def forward(self, noisy: Tensor) -> Tensor:
        return F.avg_pool2d(F.pad(noisy, (1, 1, 1, 1), mode="replicate"), 3, stride=1)

    def features(self, noisy: Tensor) -> list[Tensor]:
        return [noisy]


def blur(objective: str = "supervised, mse", noise: str = "gaussian:0.1", **said: Any) -> Denoiser:
    """Return a denoiser of that model; its results are not clamped."""
    info = ModelInfo(
        model="blur",
        arguments={},
        channels=1,
        noise=noise,
        objective=objective,
        data="none",
        seed=0,
        value_range={"dtype": "float32", "low": 0.0, "high": 1.0, "clamp": False},
        **said,
    )
    return Denoiser(TorchBackend(Blur()), info)
