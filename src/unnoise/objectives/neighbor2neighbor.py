"""Neighbor2Neighbor: neighbouring pixels of one noisy image instead of two captures."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Generator, Tensor

from unnoise.facts import Structure
from unnoise.objectives.contract import Batch, Drawn, ImageFacts, Network, Objective
from unnoise.objectives.losses import mse
from unnoise.runs import TrainConfig
from unnoise.sizes import middle_of

# The pixels of a 2 × 2 cell are 0 1 / 2 3; each has two neighbours that share a side.
NEIGHBOURS = ((1, 2), (0, 3), (0, 3), (1, 2))


@dataclass(frozen=True)
class Neighbor2Neighbor(Objective):
    """Two neighbouring pixels of each 2 × 2 cell make two half-size images ``g₁(y)``, ``g₂(y)``.

    ``|f(g₁(y)) - g₂(y)|² + γ |f(g₁(y)) - g₂(y) - (g₁(f(y)) - g₂(f(y)))|²``: Huang et al.,
    "Neighbor2Neighbor: Self-Supervised Denoising from Single Noisy Images", CVPR 2021, equations
    12 and 14; no gradient flows through ``f(y)``. The noise of neighbours must be independent. The
    second term accounts for the difference of the two clean images.

    A batch is ``(noisy,)``. Where the pixels of a row (or column) share noise, each row of
    ``g₁(y)`` comes from one row of the image, and the same row of ``g₂(y)`` from the one above or
    below it. So the noise that a row shares is independent, too.
    """

    learns_from = "noisy"
    obeys: ClassVar = {"gamma": "", "structure": "", "stride": ""}

    gamma: float  # weight of the second term
    structure: Structure = "none"  # the axis along which pixels share noise
    depth: int = 1  # neighbouring images; pixels of all are chosen alike, and the middle is learned

    @classmethod
    def build(cls, config: TrainConfig, images: ImageFacts) -> Objective:
        """Take the weight, the structure and the depth."""
        return cls(config.gamma, images.structure, images.depth)

    def draw(self, batch: Batch, generator: Generator) -> Drawn:
        """Return the images, and which pixels of their cells make the first and the second."""
        (noisy,) = batch
        height, width = noisy.shape[2:]
        noisy = noisy[..., : height // 2 * 2, : width // 2 * 2]  # whole cells
        return noisy, *_draw_neighbours(noisy, self.structure, generator)

    def losses(self, model: Network, drawn: Drawn) -> Tensor:
        """Return the loss of each sample, ``(B,)``."""
        noisy, first, second = drawn
        error = model(_pick(noisy, first)).float() - self._asked(noisy, second)
        loss = error.square().mean((1, 2, 3))
        if self.gamma == 0:
            return loss
        with torch.no_grad():
            whole = model(noisy).float()
        gap = _pick(whole, first) - _pick(whole, second)
        return loss + self.gamma * (error - gap).square().mean((1, 2, 3))

    def risk(self, model: Network, drawn: Drawn) -> Tensor:
        """Return the held-out neighbour loss ``|f(g₁(y)) - g₂(y)|²`` of each sample, ``(B,)``.

        The noise in ``g₂`` is independent of all that the model sees, so the expectation is
        ``|f(g₁(y)) - g₂(x)|²`` plus the variance of the noise, which no model can change (the
        argument of J-invariance: Batson & Royer, "Noise2Self", ICML 2019, proposition 1).
        """
        noisy, first, second = drawn
        return mse(model(_pick(noisy, first)).float(), self._asked(noisy, second))

    def _asked(self, noisy: Tensor, second: Tensor) -> Tensor:
        return _pick(middle_of(noisy, self.depth), second)


def _draw_neighbours(
    images: Tensor, structure: Structure, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Draw two neighbours of each cell, ``(B, 1, H / 2, W / 2)`` each, in 0 to 3."""
    batch, _, height, width = images.shape
    device = images.device

    def draw(most: int, down: int, right: int) -> Tensor:
        shape = (batch, 1, down, right)
        return torch.randint(0, most, shape, generator=generator, device=device)

    down, right = height // 2, width // 2
    if structure == "none":
        first, side = draw(4, down, right), draw(2, down, right)
        return first, torch.tensor(NEIGHBOURS, device=device)[first, side]
    if structure == "horizontal":
        row, column = draw(2, down, 1), draw(2, down, right)
        return 2 * row + column, 2 * (1 - row) + column
    row, column = draw(2, down, right), draw(2, 1, right)
    return 2 * row + column, 2 * row + 1 - column


def _pick(images: Tensor, place: Tensor) -> Tensor:
    """Take one pixel of each cell, ``(B, C, H / 2, W / 2)``."""
    batch, channels, height, width = images.shape
    cells = images.reshape(batch, channels, height // 2, 2, width // 2, 2)
    cells = cells.permute(0, 1, 2, 4, 3, 5).flatten(4)
    place = place[..., None].expand(-1, channels, -1, -1, -1)
    return cells.gather(4, place).squeeze(4)
