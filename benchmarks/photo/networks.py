"""Published denoising networks in their shapes, with random weights: to measure their speed.

Batch normalisation is left out, since it can be folded into the convolutions.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def chain(first: int, width: int, last: int, layers: int) -> nn.Sequential:
    """Return a chain of 3 × 3 convolutions with ReLU between them."""
    widths = [first, *[width] * (layers - 1), last]
    parts: list[nn.Module] = []
    for a, b in pairwise(widths):
        parts += [nn.Conv2d(a, b, 3, padding=1), nn.ReLU(inplace=True)]
    return nn.Sequential(*parts[:-1])


class DnCNN(nn.Module):
    """Zhang et al., "Beyond a Gaussian Denoiser", TIP 2017: the blind one, of 20 layers."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = chain(channels, 64, channels, 20)

    def forward(self, noisy: Tensor) -> Tensor:
        noise: Tensor = self.body(noisy)
        return noisy - noise


class FFDNet(nn.Module):
    """Zhang et al., "FFDNet", TIP 2018: half resolution, and a map of the noise level."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        layers, width = (15, 64) if channels == 1 else (12, 96)
        self.body = chain(4 * channels + 1, width, 4 * channels, layers)

    def forward(self, noisy: Tensor) -> Tensor:
        halves = F.pixel_unshuffle(noisy, 2)
        level = torch.full_like(halves[:, :1], 25 / 255)
        return F.pixel_shuffle(self.body(torch.cat([halves, level], 1)), 2)


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.body(x)
        return x + change


class DRUNet(nn.Module):
    """Zhang et al., "Plug-and-Play Image Restoration with Deep Denoiser Prior", PAMI 2021."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        widths, blocks = (64, 128, 256, 512), 4
        pairs = list(pairwise(widths))

        def stage(width: int) -> nn.Sequential:
            return nn.Sequential(*[Residual(width) for _ in range(blocks)])

        self.head = nn.Conv2d(channels + 1, widths[0], 3, padding=1, bias=False)
        self.down = nn.ModuleList(
            nn.Sequential(stage(a), nn.Conv2d(a, b, 2, stride=2, bias=False)) for a, b in pairs
        )
        self.body = stage(widths[-1])
        self.up = nn.ModuleList(
            nn.Sequential(nn.ConvTranspose2d(b, a, 2, stride=2, bias=False), stage(a))
            for a, b in pairs
        )
        self.tail = nn.Conv2d(widths[0], channels, 3, padding=1, bias=False)

    def forward(self, noisy: Tensor) -> Tensor:
        level = torch.full_like(noisy[:, :1], 25 / 255)
        features = [self.head(torch.cat([noisy, level], 1))]
        for down in self.down:
            features.append(down(features[-1]))
        x = self.body(features[-1])
        for up, skip in zip(reversed(self.up), reversed(features), strict=False):
            x = up(x + skip)
        denoised: Tensor = self.tail(x + features[0])
        return denoised


NETWORKS: dict[str, type[nn.Module]] = {"DnCNN-B": DnCNN, "FFDNet": FFDNet, "DRUNet": DRUNet}
