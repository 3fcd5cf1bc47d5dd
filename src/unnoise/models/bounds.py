"""How far the truth may lie below and above what a model makes: a second, small network.

It sees the noisy image and what the model made of it, so it suits every architecture, and the image
is the same with and without it.
"""

import math
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional as F

from unnoise.models.contract import Model, ModelArguments, restore
from unnoise.models.unet import UNet

USUAL = -3.0  # softplus of it is 0.05, the size that errors have before anything is learned


class Distances(Model):
    """From noisy and denoised images to the distances of a lower and an upper quantile.

    ``(B, 2 · C, H, W)`` in, noisy channels first; the same shape out, distances below first. They
    are at least 0; ``objectives.Quantiles`` says what they learn.

    Args:
        arguments: Of the ``UNet`` that finds them, which has ``2 · C`` channels.
    """

    def __init__(self, arguments: ModelArguments) -> None:
        super().__init__()
        self.network = UNet(**arguments)
        self.arguments, self.channels = self.network.arguments, self.network.channels
        self.size_multiple = self.network.size_multiple
        self.receptive_field = self.network.receptive_field

    def forward(self, seen: Tensor) -> Tensor:
        """Find the distances."""
        # What the network adds to its input: that has the shortcuts of full resolution.
        found: Tensor = F.softplus(self.network(seen) - seen + USUAL)
        return found

    def features(self, noisy: Tensor) -> list[Tensor]:
        """Return the features of the network."""
        return self.network.features(noisy)


class Bounds(Model):
    """A model with the distances beside it, as both are trained.

    ``forward`` gives ``(B, 3 · C, H, W)``: the images, the distances below them, and those above.

    Args:
        model: Makes the image; its weights get no gradient from the distances.
        distances: Of twice its channels; None for fresh ones.
    """

    def __init__(self, model: Model, distances: Distances | None = None) -> None:
        super().__init__()
        self.model = model
        self.distances = distances or Distances({"channels": 2 * model.channels})
        self.arguments = self.distances.arguments
        self.channels, self.fixed_size = model.channels, model.fixed_size
        self.size_multiple = math.lcm(model.size_multiple, self.distances.size_multiple)
        self.receptive_field = model.receptive_field + self.distances.receptive_field - 1

    def train(self, mode: bool = True) -> Self:
        """Go to training mode; a model whose weights are frozen stays as it is in use."""
        super().train(mode)
        if not any(weight.requires_grad for weight in self.model.parameters()):
            self.model.eval()
        return self

    def forward(self, noisy: Tensor) -> Tensor:
        """Denoise ``(B, C, H, W)``, and say how far the truth may lie from the result."""
        image = self.model(noisy)
        seen = torch.cat([noisy, image.detach()], dim=1)
        return torch.cat([image, restore(self.distances, seen)], dim=1)

    def features(self, noisy: Tensor) -> list[Tensor]:
        """Return the features of the model."""
        return self.model.features(noisy)
