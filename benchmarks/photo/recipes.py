"""Networks that were tried for the photo denoiser, and the training of each."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unnoise.models.contract import Model
from unnoise.models.unet import START

COLOURS = 3


@dataclass(frozen=True)
class Recipe:
    """A network and its training.

    Attributes:
        widths: Channels of each level.
        up: 3 × 3 convolutions of each level on the way up; the last number is for the bottom.
        down: The same on the way down.
        residual: Whether two convolutions make a block with a shortcut, without ReLU at its end.
        leak: Slope of the rectifier below zero.
        bias: Whether convolutions have biases.
        unshuffle: Side of the cells that pixel-unshuffle turns into channels.
        optimizer: ``muon`` or ``adamw``.
        lr: The highest learning rate; with Muon, vectors learn at 0.15 of it.
        loss: ``l1``, ``mse``, or ``rmse``: the root of each sample's mean squared error.
        batch: Crops in a batch.
        patch: Side of a crop.
        level: Whether the level of the noise, exact for each crop, is another channel of the input.
    """

    widths: tuple[int, ...] = (24, 48, 64, 128)
    up: tuple[int, ...] = (2, 2, 2, 4)
    down: tuple[int, ...] = (2, 2, 2, 0)
    residual: bool = True
    leak: float = 0.1
    bias: bool = True
    unshuffle: int = 1
    optimizer: str = "muon"
    lr: float = 0.008
    loss: str = "l1"
    batch: int = 16
    patch: int = 64
    level: bool = False


class Residual(nn.Module):
    def __init__(self, width: int, *, bias: bool, leak: float) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1, bias=bias)
        self.bend = nn.LeakyReLU(leak, inplace=True)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=bias)
        with torch.no_grad():
            self.second.weight.mul_(START)

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.second(self.bend(self.first(x)))
        return x + change


class Candidate(Model):
    """A U-Net of a recipe, for colour images."""

    receptive_field = 1  # not needed here

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.channels = COLOURS + recipe.level
        widths, self.unshuffle, bias = recipe.widths, recipe.unshuffle, recipe.bias
        self.size_multiple = recipe.unshuffle * 2 ** (len(widths) - 1)
        # Blocks with shortcuts have their rectifiers inside.
        self.bend = nn.Identity() if recipe.residual else nn.LeakyReLU(recipe.leak)
        inner = COLOURS * self.unshuffle**2
        pairs = list(pairwise(widths))
        self.stem = nn.Conv2d(inner + recipe.level, widths[0], 3, padding=1, bias=bias)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2, bias=bias) for a, b in pairs)
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1, bias=bias) for a, b in pairs)
        self.falling, self.rising = (
            nn.ModuleList(_stage(recipe, *level) for level in zip(widths, counts, strict=True))
            for counts in (recipe.down, recipe.up)
        )
        self.tail = nn.Conv2d(widths[0], inner, 3, padding=1, bias=bias)

    def features(self, noisy: Tensor) -> list[Tensor]:
        raise NotImplementedError

    def forward(self, noisy: Tensor) -> Tensor:
        x = self.bend(self.stem(F.pixel_unshuffle(noisy, self.unshuffle)))
        skips = []
        for down, falling in zip(self.down, self.falling, strict=False):
            skips.append(falling(x))
            x = self.bend(down(skips[-1]))
        x = self.rising[-1](self.falling[-1](x))
        for level in reversed(range(len(skips))):
            wide = F.interpolate(self.up[level](x), scale_factor=2, mode="nearest")
            x = self.rising[level](wide + skips[level])
        return noisy[:, :COLOURS] + F.pixel_shuffle(self.tail(x), self.unshuffle)


def _stage(recipe: Recipe, width: int, count: int) -> nn.Sequential:
    if recipe.residual:
        blocks = [Residual(width, bias=recipe.bias, leak=recipe.leak) for _ in range(count // 2)]
        return nn.Sequential(*blocks)
    layers: list[nn.Module] = []
    for _ in range(count):
        layers.append(nn.Conv2d(width, width, 3, padding=1, bias=recipe.bias))
        layers.append(nn.LeakyReLU(recipe.leak, inplace=True))
    return nn.Sequential(*layers)
