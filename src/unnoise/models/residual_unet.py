"""A residual U-Net for photographs: more layers for its cost, and no layer that can die.

Chains of plain convolutions with ReLU lose whole levels in long trainings at high rates: all
features of a level become zero, no gradient comes back, and the network continues without the level
(docs/lab-notes.md). Here each pair of convolutions only adds to its input, and the rectifier leaks.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unnoise.errors import ModelError
from unnoise.models.contract import Model
from unnoise.models.unet import MAX_DEPTH, MAX_LEVELS, MAX_WIDTH, PerLevel, ascend, tail

LEAK = 0.1
START = 0.3  # factor of the default initial weights, for the last layer of a block


class ResidualUNet(Model):
    """Down by 2 × 2 convolutions, up by repeating pixels, residual blocks on both ways.

    Args:
        channels: Channels of the images.
        widths: Feature channels of each level, full resolution first.
        falling: Number of blocks of each level on the way down; the last level has none.
        rising: Number of blocks of each level on the way up; those of the last are the bottom.
        shortcuts: Whether full resolution has shortcuts, as in ``UNet``.

    Raises:
        ModelError: The numbers of levels do not agree, or a number is out of range.
    """

    can_drop_shortcuts = True

    def __init__(
        self,
        *,
        channels: int = 1,
        widths: PerLevel = (16, 32),
        falling: PerLevel = (1,),
        rising: PerLevel = (1, 1),
        shortcuts: bool = True,
    ) -> None:
        super().__init__()
        # The upper bounds are for arguments that come from a file.
        if not (
            1 <= len(widths) == len(rising) == len(falling) + 1 <= MAX_LEVELS
            and all(1 <= width <= MAX_WIDTH for width in widths)
            and all(0 <= depth <= MAX_DEPTH for depth in (*falling, *rising))
        ):
            raise ModelError(
                f"a residual unet has up to {MAX_LEVELS} levels, each with a width of 1 to "
                f"{MAX_WIDTH} and 0 to {MAX_DEPTH} blocks on the way up, and on the way down but "
                f"for the last, not widths {tuple(widths)}, falling {tuple(falling)}, "
                f"rising {tuple(rising)}"
            )
        self.arguments = {
            "channels": channels,
            "widths": list(widths),
            "falling": list(falling),
            "rising": list(rising),
            "shortcuts": shortcuts,
        }
        self.shortcuts = self.corrects = shortcuts
        self.channels = channels
        coarsest = 2 ** (len(widths) - 1)
        self.size_multiple = max(2, coarsest)
        # As in UNet, but a block reaches two pixels of its level.
        blocks = [down + up for down, up in zip((*falling, 0), rising, strict=True)]
        reach = 3 + (coarsest - 1) + sum(2 * n * 2**i for i, n in enumerate(blocks))
        self.receptive_field = 2 * reach + 1

        pairs = list(pairwise(widths))
        self.stem = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.falling = nn.ModuleList(map(_blocks, widths, falling))
        self.down = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in pairs)
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairs)
        self.rising = nn.ModuleList(map(_blocks, widths, rising))
        self.tail = tail(widths[0], channels)

    def forward(self, noisy: Tensor) -> Tensor:
        """Denoise ``(B, C, H, W)`` whose sides are multiples of ``size_multiple``."""
        x = ascend(self.features(noisy), self.up, self.rising, shortcuts=self.shortcuts)
        made = F.pixel_shuffle(self.tail(x)[:, : 4 * self.channels], 2)
        return noisy + made if self.shortcuts else made

    def features(self, noisy: Tensor) -> list[Tensor]:
        """Return the features of each level on the way down, the last after its blocks."""
        x = self.stem(noisy)
        features = []
        for falling, down in zip(self.falling, self.down, strict=True):
            features.append(falling(x))
            x = down(features[-1])
        return [*features, self.rising[-1](x)]


class Block(nn.Module):
    """``x + second(leaky(first(x)))``: He et al., "Deep residual learning" (2016), unnormalised."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        with torch.no_grad():
            self.second.weight.mul_(START)

    def forward(self, x: Tensor) -> Tensor:
        """Add to features ``(B, width, H, W)``."""
        change: Tensor = self.second(F.leaky_relu_(self.first(x), LEAK))
        return change.add_(x)


def _blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*[Block(width) for _ in range(count)])
