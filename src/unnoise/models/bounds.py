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


class Bounds(Model):
    """A model with bounds: the image, and its distances to a lower and to an upper quantile.

    ``forward`` gives ``(B, C · 3, H, W)``: of each channel the image, the distance below it, and
    that above it; distances are at least 0. ``objectives.Quantiles`` says what they learn.

    Args:
        model: Makes the image; its weights get no gradient from the distances.
        arguments: Of the small network, a ``UNet`` of ``2 · C`` channels; None for the usual one.
    """

    def __init__(self, model: Model, arguments: ModelArguments | None = None) -> None:
        super().__init__()
        self.model = model
        self.spread = UNet(**arguments or {"channels": 2 * model.channels})
        self.channels, self.fixed_size = model.channels, model.fixed_size
        self.arguments = self.spread.arguments
        self.size_multiple = math.lcm(model.size_multiple, self.spread.size_multiple)
        self.receptive_field = model.receptive_field + self.spread.receptive_field - 1

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
        below, above = F.softplus(restore(self.spread, seen) - seen + USUAL).chunk(2, dim=1)
        return torch.stack([image, below, above], dim=2).flatten(1, 2)

    def encode(self, noisy: Tensor) -> Tensor:
        """Return the features of the model."""
        return self.model.encode(noisy)
