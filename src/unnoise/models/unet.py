"""Residual U-Nets for any size and any number of channels: the default, and one for photographs.

Measurements (docs/lab-notes.md) chose them for their quality per second on a CPU. The first level
stays at full resolution. In ``UNet`` all work but the stem is done on the way up, where both scales
are known. The convolutions are plain 3 × 3 ones without normalisation. A network predicts the
correction to its input.
"""

from abc import abstractmethod
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unnoise.errors import ModelError
from unnoise.models.contract import Model
from unnoise.sizes import middle_of

PerLevel = tuple[int, ...]

MAX_LEVELS, MAX_WIDTH, MAX_DEPTH = 8, 4096, 100
LEAK = 0.1
START = 0.3  # factor of the default initial weights, for the last layer of a block


class Pyramid(Model):
    """Down by 2 × 2 convolutions, up by repeating pixels, and layers on each level."""

    can_drop_shortcuts = True

    @abstractmethod
    def rising_layers(self) -> nn.ModuleList:
        """Return the layers of each level on the way up; those of the last are the bottom."""

    def _start(
        self,
        widths: PerLevel,
        layers: dict[str, PerLevel],
        reaches: Sequence[int],
        *,
        shortcuts: bool,
    ) -> None:
        """State the contract, and make the stem; layers reach some pixels of their level."""
        self.arguments["widths"] = list(widths)
        self.arguments |= {name: list(each) for name, each in layers.items()}
        self.arguments["shortcuts"] = self.shortcuts = self.corrects = shortcuts
        coarsest = 2 ** (len(widths) - 1)
        self.size_multiple = max(2, coarsest)
        # The stem reaches one pixel, the tail two. The 2 × 2 grids of the levels put a pixel up to
        # ``coarsest - 1`` away from its use.
        reach = 3 + (coarsest - 1) + sum(n * 2**i for i, n in enumerate(reaches))
        self.receptive_field = 2 * reach + 1
        self.stem = nn.Conv2d(self.seen_channels, widths[0], 3, padding=1)

    def _join(self, widths: PerLevel) -> None:
        """Make the convolutions between levels."""
        pairs = list(pairwise(widths))
        self.down = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in pairs)
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairs)

    def _finish(self, width: int) -> None:
        """Make the tail, which makes 2 × 2 pixels at a time, each from a bit over 3 × 3 pixels."""
        # A convolution to one channel takes longer than one to eight, which fills a vector. The
        # channels above ``4 · channels`` only fill it up.
        self.tail = nn.Conv2d(width, -(-4 * self.channels // 8) * 8, 4, stride=2, padding=1)

    def forward(self, noisy: Tensor) -> Tensor:
        """Denoise ``(B, N · C, H, W)`` whose sides are multiples of ``size_multiple``."""
        *skips, x = self.features(noisy)
        layers = self.rising_layers()
        for level in reversed(range(len(skips))):
            wide = F.interpolate(self.up[level](x), scale_factor=2, mode="nearest")
            x = layers[level](wide.add_(skips[level]) if level or self.shortcuts else wide)
        made = F.pixel_shuffle(self.tail(x)[:, : 4 * self.channels], 2)
        return self._corrected(noisy) + made if self.shortcuts else made

    def _corrected(self, noisy: Tensor) -> Tensor:
        """Return the image that is corrected: the middle one, or the mean of those beside it."""
        if not self.hidden:
            return middle_of(noisy, self.depth)
        before, after = (self.depth // 2 + side for side in (-1, 1))
        one, other = (noisy[:, i * self.channels :][:, : self.channels] for i in (before, after))
        return (one + other) / 2


class UNet(Pyramid):
    """The default: 3 × 3 convolutions with ReLU on the way up.

    Args:
        widths: Feature channels of each level, full resolution first; best multiples of 8.
        depths: Number of 3 × 3 convolutions of each level; those of the last level are the bottom.
        shortcuts: Whether full resolution has shortcuts: the input that is corrected, and the skip
            of the first level. Without them no pixel goes straight to its own place (Höck et al.,
            "N2V2", ECCV Workshops 2022, section 3.1).

    Raises:
        ModelError: Widths and depths are not of one length, or one of them is out of range.
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        widths: PerLevel = (8, 16, 32),
        depths: PerLevel = (1, 1, 1),
        shortcuts: bool = True,
        depth: int = 1,
        hidden: bool = False,
    ) -> None:
        super().__init__()
        if len(widths) != len(depths) or not _in_range(widths, depths):
            raise ModelError(
                f"a unet has up to {MAX_LEVELS} levels, each with a width of 1 to {MAX_WIDTH} and "
                f"0 to {MAX_DEPTH} convolutions, not widths {tuple(widths)}, depths {tuple(depths)}"
            )
        layers = {"depths": depths}
        self._see(channels, depth, hidden=hidden)
        self._start(widths, layers, depths, shortcuts=shortcuts)
        self._join(widths)
        self.levels = nn.ModuleList(map(_convolutions, widths, depths))
        self._finish(widths[0])

    def rising_layers(self) -> nn.ModuleList:
        """Return the convolutions of each level."""
        return self.levels

    def features(self, noisy: Tensor) -> list[Tensor]:
        """Return the features of each level on the way down, the last after its convolutions."""
        features = [F.relu_(self.stem(self._seen(noisy)))]
        for down in self.down:
            features.append(F.relu_(down(features[-1])))
        features[-1] = self.levels[-1](features[-1])
        return features


class ResidualUNet(Pyramid):
    """A network for photographs: more layers for its cost, and no layer that can die.

    Chains of plain convolutions with ReLU lose whole levels in long trainings at high rates: all
    features of a level become zero, no gradient comes back, and the network continues without the
    level (docs/lab-notes.md). Here each pair of convolutions only adds to its input, on both ways,
    and the rectifier leaks.

    Args:
        widths: Feature channels of each level, full resolution first.
        falling: Number of blocks of each level on the way down; the last level has none.
        rising: Number of blocks of each level on the way up; those of the last are the bottom.
        shortcuts: Whether full resolution has shortcuts, as in ``UNet``.

    Raises:
        ModelError: The numbers of levels do not agree, or a number is out of range.
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        widths: PerLevel = (16, 32),
        falling: PerLevel = (1,),
        rising: PerLevel = (1, 1),
        shortcuts: bool = True,
        depth: int = 1,
        hidden: bool = False,
    ) -> None:
        super().__init__()
        agree = len(widths) == len(rising) == len(falling) + 1
        if not agree or not _in_range(widths, (*falling, *rising)):
            raise ModelError(
                f"a residual unet has up to {MAX_LEVELS} levels, each with a width of 1 to "
                f"{MAX_WIDTH} and 0 to {MAX_DEPTH} blocks on the way up, and on the way down but "
                f"for the last, not widths {tuple(widths)}, falling {tuple(falling)}, "
                f"rising {tuple(rising)}"
            )
        layers = {"falling": falling, "rising": rising}
        reaches = [2 * (down + up) for down, up in zip((*falling, 0), rising, strict=True)]
        self._see(channels, depth, hidden=hidden)
        self._start(widths, layers, reaches, shortcuts=shortcuts)
        self.falling = nn.ModuleList(map(_blocks, widths, falling))
        self._join(widths)
        self.rising = nn.ModuleList(map(_blocks, widths, rising))
        self._finish(widths[0])

    def rising_layers(self) -> nn.ModuleList:
        """Return the blocks of the way up."""
        return self.rising

    def features(self, noisy: Tensor) -> list[Tensor]:
        """Return the features of each level on the way down, the last after its blocks."""
        x = self.stem(self._seen(noisy))
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


def _in_range(widths: PerLevel, counts: PerLevel) -> bool:
    """Whether a network may be built; the upper bounds are for arguments from a file."""
    return (
        1 <= len(widths) <= MAX_LEVELS
        and all(1 <= width <= MAX_WIDTH for width in widths)
        and all(0 <= count <= MAX_DEPTH for count in counts)
    )


def _blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*[Block(width) for _ in range(count)])


def _convolutions(width: int, count: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for _ in range(count):
        layers += [nn.Conv2d(width, width, 3, padding=1), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)
