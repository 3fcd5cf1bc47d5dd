"""Random numbers for a batch of images, drawn on its device."""

import torch
from torch import Generator, Tensor


def normal(images: Tensor, generator: Generator, *shape: int) -> Tensor:
    """Draw normal numbers ``(B, *shape)``, or in the shape of the images if none is given."""
    size = (len(images), *(shape or images.shape[1:]))
    return torch.randn(size, generator=generator, device=images.device)


def uniform(images: Tensor, generator: Generator, *shape: int) -> Tensor:
    """Draw numbers from [0, 1), likewise."""
    size = (len(images), *(shape or images.shape[1:]))
    return torch.rand(size, generator=generator, device=images.device)
