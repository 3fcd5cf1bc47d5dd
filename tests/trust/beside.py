"""Models of three images whose every figure is known, and a film in which something moves."""

import numpy as np
import torch
from torch import Tensor

from unnoise import Denoiser
from unnoise.denoiser.torch_backend import TorchBackend
from unnoise.models import Model
from unnoise.runs import ModelInfo
from unnoise.types import Floats


class Mix(Model):
    """A share of the mean of the images beside the middle one, and the rest of the middle one."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.hidden = share == 1
        self.arguments = {"hidden": self.hidden}
        self.channels, self.depth, self.receptive_field = 1, 3, 1
        self.share = share
        self.nothing = torch.nn.Parameter(torch.zeros(()))

    def forward(self, noisy: Tensor) -> Tensor:
        before, middle, after = noisy.split(1, dim=1)
        mixed: Tensor = (1 - self.share) * middle + self.share * (before + after) / 2
        return mixed

    def features(self, noisy: Tensor) -> list[Tensor]:
        return [noisy]


def mix(share: float) -> Denoiser:
    """Return a denoiser of that model; its results are not clamped."""
    network = Mix(share)
    info = ModelInfo(
        model="mix",
        arguments=network.arguments,
        channels=1,
        noise="",
        objective="interpolation, mse",
        data="none",
        seed=0,
        value_range={"dtype": "float32", "low": 0.0, "high": 1.0, "clamp": False},
        depth={"T": 3},
    )
    return Denoiser(TorchBackend(network), info)


def film(count: int = 5, side: int = 128, *, speed: int = 6) -> Floats:
    """Return clean images ``(N, H, W)``: a smooth scene, and six squares that move to the right."""
    rows, columns = np.mgrid[:side, :side]
    scene = 0.4 + 0.1 * np.sin(rows / 17) * np.cos(columns / 23)
    images = []
    for time in range(count):
        image = scene.copy()
        for number in range(6):
            top, left = 5 + 20 * number, 8 + 13 * number % 40 + speed * time
            image[top : top + 14, left : left + 14] += 0.3
        images.append(image)
    return np.stack(images).astype(np.float32)
