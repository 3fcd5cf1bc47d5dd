"""Blocks of an image that vary least, chosen in a way that does not favour weak noise.

By chance, the blocks that vary least have less noise than others. So the left half of a block is
chosen by its right half, and the other way round. Colours are measured where the brightness varies
least.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from unnoise.facts.blurred import spread
from unnoise.facts.parts import BLOCK, without_planes
from unnoise.types import Doubles, Indices

STRIDE = BLOCK // 2  # pixels between blocks, so that one lies inside a small flat place
SHARE, FEWEST = 0.015, 32  # share of the blocks that is used, and their least number
MAX_BLOCKS = 6000  # blocks of an image that are measured
CLIPPED = 0.02, 0.06  # share of pixels at the ends of the range in blocks that are used
OUTLIER = 1.7  # times the median variance of the chosen: an edge in a flat place
STRATA = 8  # of brightness
HALF, WHOLE = (BLOCK, BLOCK // 2), (BLOCK, BLOCK)


@dataclass(frozen=True)
class Stratum:
    """Flat halves of one brightness: ``(M, C, 16, 8)``, and the mean of each channel, ``(C,)``."""

    halves: Doubles
    brightness: Doubles


@dataclass(frozen=True)
class FlatBlocks:
    """The blocks of an image that vary least, without their planes."""

    halves: Doubles  # flat halves of blocks, ``(M, C, 16, 8)``
    whole: Doubles  # blocks whose brightness varies least, ``(N, C, 16, 16)``
    strata: tuple[Stratum, ...]  # flat halves by brightness, from dark to bright

    def unevenness(self, weights: Doubles, width: float) -> float:
        """Return how much the variances of the halves differ; 1 for pure noise of that width."""
        variance = np.tensordot(self.halves, weights, (1, 0)).var((1, 2))
        return _relative_spread(variance) / spread(HALF, width)

    def unevenness_of_colours(self, weights: Doubles, width: float) -> float:
        """Return the same for the colours of whole blocks, which vary in two dimensions."""
        luma = np.tensordot(self.whole, weights, (1, 0))[:, None]
        variance = (self.whole - luma).var((2, 3)).sum(1)
        return _relative_spread(variance) / spread(WHOLE, width) * 2**0.5


def flat_blocks(
    noisy: Doubles, weights: Doubles, clean: Doubles | None = None
) -> FlatBlocks | None:
    """Find the blocks of 16 × 16 pixels that vary least.

    With ``clean``, blocks of the difference are found, and all of them count as flat. None if the
    image is too small, flat, or clipped.
    """
    if min(noisy.shape[:2]) < BLOCK:
        return None
    cut = _cut(noisy)
    ends = (cut <= noisy.min()) | (cut >= noisy.max())
    varies = (np.ptp(cut, axis=(2, 3)) > 0).all(1)
    clipped = ends.mean((2, 3)).max(1)
    usable = varies & (clipped < CLIPPED[0])
    if usable.sum() < FEWEST:  # a level that is a little too low is better than none
        usable = varies & (clipped < CLIPPED[1])
    if usable.sum() < FEWEST:
        return None
    cut = cut[usable]
    means = cut if clean is None else _cut(clean)[usable]
    brightness = means.mean((2, 3))
    blocks = cut if clean is None else cut - means
    sides = [without_planes(blocks[..., part]) for part in (slice(0, 8), slice(8, 16))]
    flatness = [np.tensordot(side, weights, (1, 0)).var((1, 2)) for side in sides]
    share = SHARE if clean is None else 1.0

    def halves(among: Indices, fewest: int) -> Doubles:
        """Return the halves whose other halves are flattest."""
        chosen = [among[_lowest(by[among], share, fewest)] for by in reversed(flatness)]
        found = np.concatenate([side[at] for side, at in zip(sides, chosen, strict=True)])
        if clean is not None:
            return found
        variance = np.tensordot(found, weights, (1, 0)).var((1, 2))
        return np.asarray(found[variance <= OUTLIER * np.median(variance)])

    order = np.argsort(brightness @ weights, kind="stable")
    parts = np.array_split(order, max(1, min(STRATA, len(order) // FEWEST)))
    whole = without_planes(blocks[_lowest(flatness[0] + flatness[1], share, FEWEST)])
    return FlatBlocks(
        halves(order, FEWEST),
        whole,
        tuple(Stratum(halves(part, FEWEST // 2), brightness[part].mean(0)) for part in parts),
    )


def _relative_spread(values: Doubles) -> float:
    return float(values.std() / max(float(values.mean()), 1e-30))


def _cut(image: Doubles) -> Doubles:
    """Cut an image into overlapping blocks ``(B, C, 16, 16)``, at most about ``MAX_BLOCKS``."""
    windows = sliding_window_view(image, (BLOCK, BLOCK), axis=(0, 1))[::STRIDE, ::STRIDE]
    down, right = windows.shape[:2]
    step = max(1, -(-down * right // MAX_BLOCKS))
    places = np.arange(0, down * right, step)
    return np.asarray(windows[places // right, places % right])


def _lowest(values: Doubles, share: float, fewest: int) -> Indices:
    return np.argsort(values, kind="stable")[: max(fewest, round(share * len(values)))]
