"""How strong the noise of an image is, and whether it depends on the brightness.

The level is estimated from what a model removes where it finds nothing but noise: in coefficients
of blocks (frequencies of flat places) whose results hardly follow the image. There the residual is
the noise, except for a few percent that are known. Let d be how much a coefficient of the result
follows the same coefficient of the image. Then ``E (y - f(y))² = σ² (1 - 2 d) + E (f(y) - x)²`` by
Stein's identity. The last term is ``σ² d`` for the best denoiser (Efron, "Tweedie's Formula and
Selection Bias", 2011), and a little more for others.
"""

from dataclasses import dataclass

import numpy as np

from unnoise.trust.probing import ProbedImage, cells_of
from unnoise.types import Doubles, Floats, Indices

BLOCK = 8  # pixels of a side
CLASSES = 12  # of blocks, by how much structure the result has in them
MEMBERS = 8  # blocks of a class at least
SURE = 0.01  # most that a coefficient may follow the image to be used
EMPTY = 0.01  # most power that it may have in the result, relative to the noise
LEAST = 0.1  # share of all coefficients that is used in any case
SOMEWHERE = 0.02  # share of all coefficients that a model must not follow, to show the noise
EXCESS = 1.4  # errors, relative to the errors of the best denoiser (docs/trust.md)
FAINT = 1e-12  # variance that counts as none
KEPT = 0.05  # share of the noise that a model must have removed, so that its level can be estimated

STRATA = 8  # of brightness; the slope is estimated from coefficients of each
MANY = 32  # blocks of a stratum at least
BINS = 16  # of brightness
RISES = 4.0  # standard errors from which on a slope counts
MATTERS = 0.25  # relative difference of the variances of dark and bright from which on it counts


@dataclass(frozen=True)
class NoiseLevel:
    """The noise of an image, in the model's scale."""

    std: float  # root of the mean variance over the pixels
    gain: float  # the variance at brightness x is gain · x + offset; 0 for noise with a grain
    offset: float

    def variance(self, image: Floats) -> Doubles:
        """Return the variance of each pixel of an image."""
        least = 1e-3 * self.std**2 + 1e-12
        return np.maximum(self.gain * image.astype(np.float64) + self.offset, least)

    def times(self, factor: float) -> "NoiseLevel":
        """Multiply the variance."""
        return NoiseLevel(self.std * factor**0.5, factor * self.gain, factor * self.offset)

    def share_of_means(self, side: int) -> float:  # noqa: ARG002  the same for squares of each side
        """Return the variance of means over squares, relative to means of white noise."""
        return 1.0


def noise_level(found: ProbedImage) -> NoiseLevel:
    """Estimate the noise of an image from what a model removes."""
    overall = np.mean(found.residual**2, dtype=np.float64) / max(1 - found.sensitivity.mean(), KEPT)
    if min(found.noisy.shape[1:]) < BLOCK or overall < FAINT:
        return NoiseLevel(float(np.sqrt(overall)), 0.0, float(overall))
    residual, restored = _coefficients(found.residual), _coefficients(found.restored)
    follows = _follows(found)
    brightness = restored[:, 0, 0] / BLOCK
    # The slope needs coefficients of every brightness, even where nothing is sure.
    order = np.argsort(brightness, kind="stable")
    strata = np.zeros(len(order), np.int64)
    strata[order] = np.arange(len(order)) * min(STRATA, 1 + len(order) // MANY) // len(order)
    squares, counts = _noise(residual, restored, follows, strata, float(overall))
    gain = _slope(brightness, squares, counts)
    if gain == 0:
        squares, counts = _noise(residual, restored, follows, 0 * strata, float(overall))
    level = squares.sum() / counts.sum()
    offset = level - gain * np.average(brightness, weights=counts)
    total = gain * found.restored.mean() + offset
    return NoiseLevel(float(np.sqrt(max(total, 0))), gain, float(offset))


def removes_noise(found: ProbedImage) -> bool:
    """Say whether a model removes all noise somewhere, so that its residual shows the level."""
    if min(found.noisy.shape[1:]) < BLOCK:
        return False
    restored = _coefficients(found.restored)
    strata = np.zeros(len(restored), np.int64)
    _, sizes, _, followed = _groups(restored, _follows(found), strata)
    return bool(sizes[followed < SURE].sum() > SOMEWHERE * sizes.sum())


def _follows(found: ProbedImage) -> Doubles:
    """Return how much each coefficient of the result follows the image, ``(B, 8, 8)``."""
    pairs = zip(found.changes, found.answers, strict=True)
    follows: Doubles = np.mean([_coefficients(b) * _coefficients(a) for b, a in pairs], axis=0)
    return follows


def _coefficients(image: Floats) -> Doubles:
    """Return the discrete cosine transform of the blocks of ``(C, H, W)``, ``(B, 8, 8)``."""
    blocks = cells_of(image, BLOCK).swapaxes(2, 3).reshape(-1, BLOCK, BLOCK)
    return COSINES @ blocks @ COSINES.T


COSINES: Doubles = np.cos(np.pi / BLOCK * np.arange(BLOCK)[:, None] * (np.arange(BLOCK) + 0.5))
COSINES *= np.sqrt(2 / BLOCK)
COSINES[0] /= np.sqrt(2)
FREQUENCY = np.add.outer(np.arange(BLOCK), np.arange(BLOCK))


def _noise(
    residual: Doubles, restored: Doubles, follows: Doubles, strata: Indices, variance: float
) -> tuple[Doubles, Doubles]:
    """Return the power of the noise of each block, and the number of coefficients behind it."""
    # Groups with noise alone are used, and those with the least structure in any case.
    group, sizes, powers, followed = _groups(restored, follows, strata)
    orders = FREQUENCY.max() + 1
    used = (followed < SURE) & (powers < EMPTY * variance)
    for start in range(0, len(sizes), CLASSES * orders):
        own = slice(start, start + CLASSES * orders)
        wanted = LEAST * sizes[own].sum()
        if sizes[own][used[own]].sum() < wanted:
            order = np.argsort(np.where(sizes[own] < 1, np.inf, powers[own]), kind="stable")
            chosen = np.cumsum(sizes[own][order]) <= wanted
            chosen[0] = True
            used[own] = False
            used[start + order[chosen]] = True
    taken = np.maximum(1 - (2 - EXCESS) * followed, KEPT)
    powers_of_blocks = np.where(used[group], residual**2, 0).sum((1, 2))
    return powers_of_blocks, np.where(used[group], taken[group], 0).sum((1, 2))


def _groups(
    restored: Doubles, follows: Doubles, strata: Indices
) -> tuple[Indices, Doubles, Doubles, Doubles]:
    """Return the group of each coefficient; and the size, power and following of each group."""
    # A group is a class of blocks by structure, in a stratum, at frequencies of one sum.
    structure = (restored**2).sum((1, 2)) - restored[:, 0, 0] ** 2
    classes = np.zeros(len(restored), np.int64)
    for stratum in range(strata.max() + 1):
        (members,) = np.nonzero(strata == stratum)
        count = max(1, min(CLASSES, len(members) // MEMBERS))
        ranks = np.empty(len(members), np.int64)
        ranks[np.argsort(structure[members], kind="stable")] = (
            np.arange(len(members)) * count // len(members)
        )
        classes[members] = stratum * CLASSES + ranks
    orders = FREQUENCY.max() + 1
    group = classes[:, None, None] * orders + FREQUENCY
    sizes = np.maximum(np.bincount(group.ravel()), 1e-9)
    powers, followed = (
        np.bincount(group.ravel(), values.ravel()) / sizes for values in (restored**2, follows)
    )
    return group, sizes, powers, np.maximum(followed, 0)


def _slope(brightness: Doubles, squares: Doubles, counts: Doubles) -> float:
    """Return how the variance rises with the brightness of blocks; 0 if it does not."""
    order = np.argsort(brightness, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if counts[part].sum() > BLOCK**2]
    if len(parts) < BINS // 2:
        return 0.0
    weight = np.array([counts[part].sum() for part in parts])
    x = np.array([np.average(brightness[p], weights=counts[p] + 1e-9) for p in parts])
    y = np.array([squares[p].sum() for p in parts]) / weight
    level = squares.sum() / counts.sum()
    if level < FAINT:
        return 0.0
    gain, offset, error = 0.0, level, 0.0
    for _ in range(3):
        fitted = np.maximum(gain * x + offset, 0.05 * level)
        precision = weight / fitted**2  # the smaller a variance, the better its estimate
        line = fit_line(x, y, precision, least=1e-8)
        if line is None:
            return 0.0
        gain, offset, spread = line
        off = np.average((y - gain * x - offset) ** 2, weights=precision)
        error = float(np.sqrt(off / (len(x) - 2) / spread))
    ends = np.maximum(gain * x[[0, -1]] + offset, 0)
    clear = abs(gain) > RISES * error and np.ptp(ends) > MATTERS * ends.mean()
    return gain if clear else 0.0


def fit_line(
    x: Doubles, y: Doubles, weights: Doubles, *, least: float
) -> tuple[float, float, float] | None:
    """Fit ``y = gain · x + offset``; return both and the variance of x, None below ``least``."""
    middle = np.average(x, weights=weights)
    spread = np.average((x - middle) ** 2, weights=weights)
    if spread < least:
        return None
    gain = float(np.average((x - middle) * y, weights=weights) / spread)
    return gain, float(np.average(y, weights=weights) - gain * middle), float(spread)
