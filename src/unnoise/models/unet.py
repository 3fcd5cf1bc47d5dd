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

PerLevel = tuple[int, ...]


class UNet(Model):
    """Down by 2 × 2 convolutions, up by pixel shuffles, 3 × 3 convolutions in between.

    Args:
        channels: Channels of the images.
        widths: Feature channels of each level, full resolution first. Multiples of 8 fill the
            vectors of a CPU.
        depths: 3 × 3 convolutions of each level; on the last level they are the bottom.

    Raises:
        ModelError: Widths and depths are not of one length, or one of them is out of range.
    """

    def __init__(
        self, *, channels: int = 1, widths: PerLevel = (8, 16, 32), depths: PerLevel = (1, 1, 1)
    ) -> None:
        super().__init__()
        if len(widths) != len(depths) or min(widths, default=0) < 1 or min(depths) < 0:
            raise ModelError(
                f"a unet has a width of 1 or more and 0 or more convolutions for each level, "
                f"not widths {tuple(widths)} and depths {tuple(depths)}"
            )
        self.arguments = {"channels": channels, "widths": list(widths), "depths": list(depths)}
        self.channels = channels
        self.size_multiple = 2 ** (len(widths) - 1)
        # A 3 × 3 convolution reaches one pixel of its level, the stem and the tail too; the 2 × 2
        # grids of the levels put a pixel up to 2^levels - 1 away from where it is used.
        reach = 2 + (self.size_multiple - 1) + sum(n * 2**i for i, n in enumerate(depths))
        self.receptive_field = 2 * reach + 1

        pairs = list(pairwise(widths))
        self.stem = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in pairs)
        self.up = nn.ModuleList(nn.Conv2d(b, 4 * a, 1) for a, b in pairs)
        self.levels = nn.ModuleList(map(_convolutions, widths, depths))
        # A convolution to one channel takes longer than one to eight, which fills a vector: the
        # first channels of the result are the correction, the others are not used.
        self.tail = nn.Conv2d(widths[0], max(channels, widths[0]), 3, padding=1)

    def encode(self, noisy: Tensor) -> Tensor:
        """Return the features of the coarsest level, ``(B, widths[-1], H / m, W / m)``."""
        return self._descend(noisy)[-1]

    def forward(self, noisy: Tensor) -> Tensor:
        """Denoise ``(B, C, H, W)`` whose sides are multiples of ``size_multiple``."""
        *skips, x = self._descend(noisy)
        for level in reversed(range(len(skips))):
            x = self.levels[level](F.pixel_shuffle(self.up[level](x), 2).add_(skips[level]))
        return noisy + self.tail(x)[:, : self.channels]

    def _descend(self, noisy: Tensor) -> list[Tensor]:
        """Return the features of each level on the way down, the last after its convolutions."""
        features = [F.relu_(self.stem(noisy))]
        for down in self.down:
            features.append(F.relu_(down(features[-1])))
        features[-1] = self.levels[-1](features[-1])
        return features


def _convolutions(width: int, count: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for _ in range(count):
        layers += [nn.Conv2d(width, width, 3, padding=1), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)
