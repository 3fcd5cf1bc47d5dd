"""The table of corruptions, one small function each.

Every function takes clean images ``(B, C, H, W)``, nominally [0, 1], a ``level`` per image
``(B, 1, 1, 1)`` and a generator on the same device, and gives images of the same shape, unclipped.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor


@dataclass(frozen=True)
class Corruption:
    """One entry of the table: the function and what its level means."""

    apply: Callable[[Tensor, Tensor, Generator], Tensor]
    meaning: str  # of the level, for help and errors
    low: float = 0.0
    high: float = 1e6  # float32 images hold no more than seven digits

    @property
    def allowed(self) -> str:
        """The allowed levels in words."""
        return f"{self.low:g} to {self.high:g}"

    def allows(self, level: float) -> bool:
        """Whether ``level`` is inside the allowed range (NaN never is)."""
        return self.low <= level <= self.high


def gaussian(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """``x + level · n`` with n standard normal."""
    return clean + level * _normal_like(clean, generator)


def poisson(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """``P(level · x) / level``: ``level`` photons where x is 1, none below 0."""
    return torch.poisson(clean.clamp_min(0) * level, generator=generator) / level


def salt_pepper(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """A share ``level`` of the pixels, all channels together, becomes 0 or 1 with equal chance."""
    draw = _uniform_pixels(clean, generator)
    return torch.where(draw < level / 2, 0.0, torch.where(draw < level, 1.0, clean))


def speckle(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """``x · (1 + level · n)`` with n standard normal."""
    return clean * (1 + level * _normal_like(clean, generator))


def mask(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """A share ``level`` of the pixels, all channels together, becomes 0 (Vincent et al. 2008)."""
    return torch.where(_uniform_pixels(clean, generator) < level, 0.0, clean)


def uniform(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """``x + u`` with u uniform on [-level, level]."""
    draw = torch.rand(clean.shape, generator=generator, device=clean.device)
    return clean + level * (2 * draw - 1)


def _normal_like(clean: Tensor, generator: Generator) -> Tensor:
    return torch.randn(clean.shape, generator=generator, device=clean.device)


def _uniform_pixels(clean: Tensor, generator: Generator) -> Tensor:
    batch, _, height, width = clean.shape
    return torch.rand((batch, 1, height, width), generator=generator, device=clean.device)


NOISES = {
    "gaussian": Corruption(gaussian, "standard deviation"),
    "poisson": Corruption(poisson, "number of photons at full brightness", low=1e-3),
    "salt-pepper": Corruption(salt_pepper, "share of pixels", high=1.0),
    "speckle": Corruption(speckle, "relative standard deviation"),
    "mask": Corruption(mask, "share of pixels set to 0", high=1.0),
    "uniform": Corruption(uniform, "half width"),
}
