"""Noise whose neighbouring pixels are correlated: in luma, in colours, along rows and columns.

Developed photographs have it, since demosaicing and the noise reduction of a camera blur the noise,
most of all its colours. Images are ``(B, C, H, W)``; levels and widths are ``(B, 1, 1, 1)``.
"""

import math

import torch
from torch import Generator, Tensor

from unnoise.images import LUMA, RGB


def grain(
    clean: Tensor, level: Tensor, generator: Generator, luma: Tensor, chroma: Tensor
) -> Tensor:
    """Add gaussian noise whose luma and chroma are blurred by gaussians of widths in pixels.

    ``level`` is the standard deviation of each channel before the blur. The blur keeps the standard
    deviations of the luma (0.67 times ``level`` for three channels) and of the chroma.
    """
    bright, colours = split(_normal(clean, generator))
    return clean + level * (blur(bright, luma, keep=True) + blur(colours, chroma, keep=True))


def chroma(clean: Tensor, level: Tensor, generator: Generator, width: Tensor) -> Tensor:
    """Add the colour differences of gaussian noise of standard deviation ``level``, blurred.

    The luma does not change, so images of one channel stay as they are.
    """
    _, colours = split(_normal(clean, generator))
    return clean + level * blur(colours, width, keep=True)


def rows(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """Add one normal number of standard deviation ``level`` to each row, in all channels."""
    shape = (len(clean), 1, clean.shape[2], 1)
    return clean + level * torch.randn(shape, generator=generator, device=clean.device)


def columns(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """Add one normal number of standard deviation ``level`` to each column, in all channels."""
    shape = (len(clean), 1, 1, clean.shape[3])
    return clean + level * torch.randn(shape, generator=generator, device=clean.device)


def split(images: Tensor) -> tuple[Tensor, Tensor]:
    """Split images into luma, ``(B, 1, H, W)``, and chroma, the rest of each channel.

    The luma of three channels follows ITU-R BT.601; for other numbers it is the mean.
    """
    count = images.shape[1]
    weights = LUMA if count == RGB else [1 / count] * count
    luma = (images * images.new_tensor(weights)[:, None, None]).sum(1, keepdim=True)
    return luma, images - luma


def blur(noise: Tensor, width: Tensor, *, keep: bool = False) -> Tensor:
    """Blur noise with a gaussian of standard deviation ``width``, in pixels.

    Borders wrap around, which suits noise. With ``keep``, white noise keeps its standard deviation.
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
