"""Noise whose neighbouring pixels are correlated: in luma, in colours, along rows and columns.

Demosaicing and the noise reduction of a camera blur the noise, most of all its colours.
"""

import math

import torch
from torch import Generator, Tensor

from unnoise.noise.draws import normal
from unnoise.types import LUMA, RGB


def grain(
    clean: Tensor, level: Tensor, generator: Generator, luma: Tensor, chroma: Tensor
) -> Tensor:
    """Add gaussian noise of deviation ``level``, whose blurred luma and chroma keep theirs."""
    bright, colours = split(normal(clean, generator))
    return clean + level * (blur(bright, luma, keep=True) + blur(colours, chroma, keep=True))


def chroma(clean: Tensor, level: Tensor, generator: Generator, width: Tensor) -> Tensor:
    """Add the blurred colour differences of gaussian noise; the luma does not change."""
    _, colours = split(normal(clean, generator))
    return clean + level * blur(colours, width, keep=True)


def rows(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """Add one normal number of standard deviation ``level`` to each row, in all channels."""
    return clean + level * normal(clean, generator, 1, clean.shape[2], 1)


def columns(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """Add one normal number of standard deviation ``level`` to each column, in all channels."""
    return clean + level * normal(clean, generator, 1, 1, clean.shape[3])


def split(images: Tensor) -> tuple[Tensor, Tensor]:
    """Split images into luma, ``(B, 1, H, W)``, and chroma, the rest of each channel."""
    count = images.shape[1]
    weights = LUMA if count == RGB else [1 / count] * count
    luma = (images * images.new_tensor(weights)[:, None, None]).sum(1, keepdim=True)
    return luma, images - luma


def blur(noise: Tensor, width: Tensor, *, keep: bool = False) -> Tensor:
    """Blur noise with a gaussian of standard deviation ``width`` in pixels; borders wrap around."""
    height, columns = noise.shape[2:]
    down = torch.fft.fftfreq(height, device=noise.device)[:, None]
    across = torch.fft.fftfreq(columns, device=noise.device)
    transfer = torch.exp(-2 * (math.pi * width) ** 2 * (down**2 + across**2))
    if keep:
        transfer = transfer / transfer.square().mean((2, 3), keepdim=True).sqrt()
    half = transfer[..., : columns // 2 + 1]
    blurred: Tensor = torch.fft.irfft2(torch.fft.rfft2(noise) * half, s=(height, columns))
    return blurred
