"""The default: a small residual U-Net for any size and any number of channels.

Measurements (docs/lab-notes.md) chose it for its quality per second on a CPU. The first level stays
at full resolution. All work but the stem is done on the way up, where both scales are known. The
convolutions are plain 3 × 3 ones with ReLU and without normalisation. The network predicts the
correction to its input.
"""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from unnoise.errors import ModelError
from unnoise.models.contract import Model

PerLevel = tuple[int, ...]

MAX_LEVELS, MAX_WIDTH, MAX_DEPTH = 8, 4096, 100


class UNet(Model):
    """Down by 2 × 2 convolutions, up by repeating pixels, 3 × 3 convolutions in between.

    Args:
        channels: Channels of the images.
        widths: Feature channels of each level, full resolution first. Multiples of 8 fill the
            vectors of a CPU.
        depths: Number of 3 × 3 convolutions of each level; those of the last level are the bottom.
        shortcuts: Whether full resolution has shortcuts: the input that is corrected, and the skip
            of the first level. Without them no pixel goes straight to its own place (Höck et al.,
            "N2V2", ECCV Workshops 2022, section 3.1).

    Raises:
        ModelError: Widths and depths are not of one length, or one of them is out of range.
    """

    can_drop_shortcuts = True

    def __init__(
        self,
        *,
        channels: int = 1,
        widths: PerLevel = (8, 16, 32),
        depths: PerLevel = (1, 1, 1),
        shortcuts: bool = True,
    ) -> None:
        super().__init__()
        # The upper bounds are for arguments that come from a file.
        if not (
            1 <= len(widths) == len(depths) <= MAX_LEVELS
            and all(1 <= width <= MAX_WIDTH for width in widths)
            and all(0 <= depth <= MAX_DEPTH for depth in depths)
        ):
            raise ModelError(
                f"a unet has up to {MAX_LEVELS} levels, each with a width of 1 to {MAX_WIDTH} and "
                f"0 to {MAX_DEPTH} convolutions, not widths {tuple(widths)}, depths {tuple(depths)}"
            )
        self.arguments = {
            "channels": channels,
            "widths": list(widths),
            "depths": list(depths),
            "shortcuts": shortcuts,
        }
        self.shortcuts = self.corrects = shortcuts
        self.channels = channels
        coarsest = 2 ** (len(widths) - 1)
        self.size_multiple = max(2, coarsest)
        # The stem reaches one pixel, the tail two, and a 3 × 3 convolution one pixel of its level.
        # The 2 × 2 grids of the levels put a pixel up to ``coarsest - 1`` away from its use.
        reach = 3 + (coarsest - 1) + sum(n * 2**i for i, n in enumerate(depths))
        self.receptive_field = 2 * reach + 1

        pairs = list(pairwise(widths))
        self.stem = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in pairs)
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairs)
        self.levels = nn.ModuleList(map(_convolutions, widths, depths))
        self.tail = tail(widths[0], channels)

    def forward(self, noisy: Tensor) -> Tensor:
        """Denoise ``(B, C, H, W)`` whose sides are multiples of ``size_multiple``."""
        x = ascend(self.features(noisy), self.up, self.levels, shortcuts=self.shortcuts)
        made = F.pixel_shuffle(self.tail(x)[:, : 4 * self.channels], 2)
        return noisy + made if self.shortcuts else made

    def features(self, noisy: Tensor) -> list[Tensor]:
        """Return the features of each level on the way down, the last after its convolutions."""
        features = [F.relu_(self.stem(noisy))]
        for down in self.down:
            features.append(F.relu_(down(features[-1])))
        features[-1] = self.levels[-1](features[-1])
        return features


def ascend(
    features: list[Tensor], up: nn.ModuleList, levels: nn.ModuleList, *, shortcuts: bool
) -> Tensor:
    """Go from the coarsest features up to full resolution.

    On each level, the features from below get the width of the level, are repeated, added to the
    level's own features (at full resolution only with shortcuts), and given to its layers.
    """
    *skips, x = features
    for level in reversed(range(len(skips))):
        wide = F.interpolate(up[level](x), scale_factor=2, mode="nearest")
        x = levels[level](wide.add_(skips[level]) if level or shortcuts else wide)
    return x


def tail(width: int, channels: int) -> nn.Conv2d:
    """Return the convolution that makes 2 × 2 pixels at a time, each from a bit over 3 × 3 pixels.

    A convolution to one channel takes longer than one to eight, which fills a vector. The channels
    above ``4 · channels`` only fill it up.
    """
    return nn.Conv2d(width, -(-4 * channels // 8) * 8, 4, stride=2, padding=1)


def _convolutions(width: int, count: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for _ in range(count):
        layers += [nn.Conv2d(width, width, 3, padding=1), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)
