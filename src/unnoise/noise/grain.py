"""Noise whose neighbouring pixels are alike, in luma, in colours, along rows and columns.

Developed photographs have such noise: demosaicing and the noise reduction of a camera blur noise,
and blur its colours more. Images are ``(B, C, H, W)``, settings of one image ``(B, 1, 1, 1)``.
"""

import math

import torch
from torch import Generator, Tensor

from unnoise.images import LUMA

RGB = 3


def grain(
    clean: Tensor, level: Tensor, generator: Generator, luma: Tensor, chroma: Tensor
) -> Tensor:
    """Add gaussian noise of standard deviation ``level`` whose luma and chroma are blurred.

    Args:
        clean: Images.
        level: Standard deviation of each channel before the blur, which keeps that of the luma (in
            colours 0.67 times ``level``) and of the chroma.
        generator: Of the noise.
        luma: Width of the gaussian blur of the luma, in pixels; 0 for white noise.
        chroma: Of the colour differences.
    """
    bright, colours = split(_normal(clean, generator))
    return clean + level * (blur(bright, luma, keep=True) + blur(colours, chroma, keep=True))


def chroma(clean: Tensor, level: Tensor, generator: Generator, width: Tensor) -> Tensor:
    """Add the colour differences of gaussian noise; the luma stays as it is.

    Args:
        clean: Images; those of one channel stay as they are.
        level: Standard deviation of the noise before its luma is taken away.
        generator: Of the noise.
        width: Width of its gaussian blur, in pixels.
    """
    _, colours = split(_normal(clean, generator))
    return clean + level * blur(colours, width, keep=True)


def rows(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """Add to each row, in all channels, one normal number of standard deviation ``level``."""
    shape = (len(clean), 1, clean.shape[2], 1)
    return clean + level * torch.randn(shape, generator=generator, device=clean.device)


def columns(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """Add to each column, in all channels, one normal number of standard deviation ``level``."""
    shape = (len(clean), 1, 1, clean.shape[3])
    return clean + level * torch.randn(shape, generator=generator, device=clean.device)


def split(images: Tensor) -> tuple[Tensor, Tensor]:
    """Split images into luma, ``(B, 1, H, W)``, and what is left of each channel, the chroma.

    The luma of colours is that of ITU-R BT.601, of any other number of channels their mean.
    """
    count = images.shape[1]
    weights = LUMA if count == RGB else [1 / count] * count
    luma = (images * images.new_tensor(weights)[:, None, None]).sum(1, keepdim=True)
    return luma, images - luma


def blur(noise: Tensor, width: Tensor, *, keep: bool = False) -> Tensor:
    """Blur by a gaussian of standard deviation ``width``, in pixels; borders wrap around.

    Wrapping suits noise, which is alike everywhere.

    Args:
        noise: Of any kind.
        width: Of the gaussian.
        keep: Whether white noise keeps its standard deviation.
    """
    height, columns = noise.shape[2:]
    down = torch.fft.fftfreq(height, device=noise.device)[:, None]
    across = torch.fft.fftfreq(columns, device=noise.device)
    transfer = torch.exp(-2 * (math.pi * width) ** 2 * (down**2 + across**2))
    if keep:
        transfer = transfer / transfer.square().mean((2, 3), keepdim=True).sqrt()
    half = transfer[..., : columns // 2 + 1]
    blurred: Tensor = torch.fft.irfft2(torch.fft.rfft2(noise) * half, s=(height, columns))
    return blurred


def _normal(clean: Tensor, generator: Generator) -> Tensor:
    return torch.randn(clean.shape, generator=generator, device=clean.device)
