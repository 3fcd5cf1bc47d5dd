"""How far the truth may lie below and above the result of a model: a second, small network.

It sees the noisy image and the denoised one. So it suits every architecture, and it does not change
the denoised image.
"""

import math
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional as F

from unnoise.models.contract import Model, ModelArguments, restore
from unnoise.models.unet import UNet
from unnoise.sizes import middle_of

START = -3.0  # its softplus is 0.05, the size of errors before training


class Distances(Model):
    """From noisy and denoised images to the distances of a lower and an upper quantile.

    ``(B, 2 · C, H, W)`` in, noisy channels first; the same shape out, lower distances first, none
    below 0. ``arguments`` build the ``UNet`` of ``2 · C`` channels that estimates them.
    """

    def __init__(self, arguments: ModelArguments) -> None:
        super().__init__()
        self.network = UNet(**arguments)
        self.arguments, self.channels = self.network.arguments, self.network.channels
        self.size_multiple = self.network.size_multiple
        self.receptive_field = self.network.receptive_field

    def forward(self, seen: Tensor) -> Tensor:
        """Estimate the distances."""
        # The correction alone: the network adds its input to it, a shortcut of full resolution.
        found: Tensor = F.softplus(self.network(seen) - seen + START)
        return found

    def features(self, noisy: Tensor) -> list[Tensor]:
        """Return the features of the network."""
        return self.network.features(noisy)


class Bounds(Model):
    """A model and its distances, trained together.

    ``forward`` gives ``(B, 3 · C, H, W)``: images, lower distances, upper distances. The weights of
    the model get no gradient from the distances. Without ``distances`` a fresh network is made.
    """

    def __init__(self, model: Model, distances: Distances | None = None) -> None:
        super().__init__()
        self.model = model
        self.distances = distances or Distances({"channels": 2 * model.channels})
        self.arguments = self.distances.arguments
        self.channels, self.fixed_size = model.channels, model.fixed_size
        self.depth = model.depth
        self.size_multiple = math.lcm(model.size_multiple, self.distances.size_multiple)
        self.receptive_field = model.receptive_field + self.distances.receptive_field - 1

    def train(self, mode: bool = True) -> Self:
        """Go to training mode; a model with frozen weights stays in evaluation mode."""
        super().train(mode)
        if not any(weight.requires_grad for weight in self.model.parameters()):
            self.model.eval()
        return self

    def forward(self, noisy: Tensor) -> Tensor:
        """Denoise ``(B, N · C, H, W)``; estimate how far the truth may lie from the result."""
        image = self.model(noisy)
        seen = torch.cat([middle_of(noisy, self.depth), image.detach()], dim=1)
        return torch.cat([image, restore(self.distances, seen)], dim=1)

    def features(self, noisy: Tensor) -> list[Tensor]:
        """Return the features of the model."""
        return self.model.features(noisy)
