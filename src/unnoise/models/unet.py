"""The default: a small residual U-Net for any size and any number of channels.

It is made for quality per second on a CPU, by measurement (docs/lab-notes.md): the first level
stays at full resolution; all work but the stem is done on the way up, where both scales are known;
plain 3 × 3 convolutions with ReLU, no normalisation; and it predicts the correction to its input.
"""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from unnoise.errors import ModelError
from unnoise.models.contract import Model

Widths = tuple[int, ...]


class UNet(Model):
    """Down by 2 × 2 convolutions, up by pixel shuffles, residual blocks in between.

    Args:
        channels: Channels of the images.
        widths: Feature channels of each level, full resolution first. Multiples of 8 fill the
            vectors of a CPU.
        blocks: Residual blocks of each level; on the last level they are the bottom.

    Raises:
        ModelError: Widths and blocks are not of one length, or one of them is out of range.
    """

    def __init__(
        self, *, channels: int = 1, widths: Widths = (8, 16, 32), blocks: Widths = (1, 1, 1)
    ) -> None:
        super().__init__()
        if len(widths) != len(blocks) or min(widths, default=0) < 1 or min(blocks) < 0:
            raise ModelError(
                f"a unet has a width of 1 or more and 0 or more blocks for each level, "
                f"not widths {tuple(widths)} and blocks {tuple(blocks)}"
            )
        self.arguments = {"channels": channels, "widths": list(widths), "blocks": list(blocks)}
        self.channels = channels
        self.size_multiple = 2 ** (len(widths) - 1)
        # The stem and the tail reach one pixel, a block two of its level's pixels, and the 2 × 2
        # grid of each level puts a pixel up to 2^i - 1 away from where it is used.
        reach = 2 + (self.size_multiple - 1) + sum(2 * n * 2**i for i, n in enumerate(blocks))
        self.receptive_field = 2 * reach + 1

        pairs = list(pairwise(widths))
        self.stem = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in pairs)
        self.up = nn.ModuleList(nn.Conv2d(b, 4 * a, 1) for a, b in pairs)
        self.blocks = nn.ModuleList(
            nn.Sequential(*(Block(width) for _ in range(count)))
            for width, count in zip(widths, blocks, strict=True)
        )
        self.tail = nn.Conv2d(widths[0], channels, 3, padding=1)

    def encode(self, noisy: Tensor) -> Tensor:
        """Return the features of the coarsest level, ``(B, widths[-1], H / m, W / m)``."""
        return self._descend(noisy)[-1]

    def forward(self, noisy: Tensor) -> Tensor:
        """Denoise ``(B, C, H, W)`` whose sides are multiples of ``size_multiple``."""
        *skips, x = self._descend(noisy)
        for level in reversed(range(len(skips))):
            x = F.pixel_shuffle(self.up[level](x), 2) + skips[level]
            x = self.blocks[level](x)
        restored: Tensor = noisy + self.tail(x)
        return restored

    def _descend(self, noisy: Tensor) -> list[Tensor]:
        """Return the features of each level on the way down, the last after its blocks."""
        features = [F.relu(self.stem(noisy))]
        for down in self.down:
            features.append(F.relu(down(features[-1])))
        features[-1] = self.blocks[-1](features[-1])
        return features


class Block(nn.Module):
    """``x + conv(relu(conv(x)))``."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, width, H, W)`` to the same shape."""
        residual: Tensor = self.second(F.relu(self.first(x)))
        return x + residual
