"""Neighbor2Neighbor: neighbouring pixels of one noisy image instead of two captures."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from unnoise.objectives.contract import Batch, Drawn, Network
from unnoise.objectives.losses import mse

# The pixels of a 2 × 2 cell are 0 1 / 2 3; each has two neighbours that share a side.
NEIGHBOURS = ((1, 2), (0, 3), (0, 3), (1, 2))


@dataclass(frozen=True)
class Neighbor2Neighbor:
    """Two neighbouring pixels of each 2 × 2 cell make two half-size images ``g₁(y)``, ``g₂(y)``.

    ``|f(g₁(y)) - g₂(y)|² + γ |f(g₁(y)) - g₂(y) - (g₁(f(y)) - g₂(f(y)))|²``: Huang et al.,
    "Neighbor2Neighbor: Self-Supervised Denoising from Single Noisy Images", CVPR 2021, equations
    12 and 14; no gradient flows through ``f(y)``. The noise of neighbours must be independent. The
    second term accounts for the difference of the two clean images.

    A batch is ``(noisy,)``; of odd sides the last row or column is left out.

    Attributes:
        gamma: Weight of the second term.
    """

    gamma: float

    def draw(self, batch: Batch, generator: Generator) -> Drawn:
        """Return the images, and which pixels of their cells make the first and the second."""
        noisy = _even(batch)
        return noisy, *_draw_neighbours(noisy, generator)

    def losses(self, model: Network, drawn: Drawn) -> Tensor:
        """Return the loss of each sample as ``(B,)``."""
        noisy, first, second = drawn
        error = model(_pick(noisy, first)).float() - _pick(noisy, second)
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
        return mse(model(_pick(noisy, first)).float(), _pick(noisy, second))


def _even(batch: Batch) -> Tensor:
    (noisy,) = batch
    height, width = noisy.shape[2:]
    return noisy[..., : height // 2 * 2, : width // 2 * 2]


def _draw_neighbours(images: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Draw two neighbours of each cell, ``(B, 1, H / 2, W / 2)`` each, in 0 to 3."""
    batch, _, height, width = images.shape
    shape, device = (batch, 1, height // 2, width // 2), images.device
    first = torch.randint(0, 4, shape, generator=generator, device=device)
    side = torch.randint(0, 2, shape, generator=generator, device=device)
    return first, torch.tensor(NEIGHBOURS, device=device)[first, side]


def _pick(images: Tensor, place: Tensor) -> Tensor:
    """Take one pixel of each cell, ``(B, C, H / 2, W / 2)``."""
    batch, channels, height, width = images.shape
    cells = images.reshape(batch, channels, height // 2, 2, width // 2, 2)
    cells = cells.permute(0, 1, 2, 4, 3, 5).flatten(4)
    place = place[..., None].expand(-1, channels, -1, -1, -1)
    return cells.gather(4, place).squeeze(4)
