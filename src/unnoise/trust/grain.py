"""How strong and how correlated the noise of an image is, from the image alone.

The estimate needs no model, so it is the same for all models that are compared. Blocks of 16 × 16
pixels in the flattest parts of the image show the correlation of the noise. The finest differences
of pixels contain the least structure; they show how the variance follows the brightness.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unnoise.trust.noise_level import NoiseLevel, fit_line
from unnoise.trust.probing import cells_of
from unnoise.trust.spectrum import BLOCK, PLANES, transfer_of, without_planes
from unnoise.trust.structure import box_mean
from unnoise.types import Doubles, Floats

LAGS = 4  # pixels; noise farther apart counts as independent
COARSE = 4  # pixels over which noise averages out and structure does not
SHARE = 0.1  # of the blocks, those with the least structure
FEWEST = 8  # blocks; with fewer, the noise counts as white
STRATA = 8  # of brightness
CLIPPED = 0.05  # most pixels at the ends of the range, as a share of a block that is used
ODD = 3.0  # times the structure of other chosen blocks: an object in a flat place
MOST_SHARED = 0.25  # share of the variance that may be structure
FAINT = 0.03  # correlation that counts as none: the error of an estimate
SMOOTH = 5  # pixels of a side over which the brightness is averaged
FLOOR = 0.5  # of the lowest variance that was measured: the line does not go below


@dataclass(frozen=True)
class Grain:
    """The noise of an image: a covariance ``sqrt(v_i v_j) r(i - j) q(c_i, c_j)``."""

    gain: Doubles  # the variance v of a value of brightness x is gain · x + offset, (C,)
    offset: Doubles
    floor: Doubles  # the least variance, (C,)
    correlation: Doubles  # r of pixels up to 4 rows and columns apart, (9, 9); 1 in the middle
    channels: Doubles  # q of the channels of a pixel, (C, C); 1 on the diagonal
    measured: bool  # whether flat blocks were found; without them the noise counts as white

    @classmethod
    def of_white(cls, level: NoiseLevel, channels: int) -> "Grain":
        """Return white noise of a level that was measured."""
        gain, offset = (np.full(channels, value) for value in (level.gain, level.offset))
        floor = np.full(channels, 1e-3 * level.std**2)
        return cls(gain, offset, floor, ALONE, np.eye(channels), measured=True)

    @property
    def white(self) -> bool:
        """Whether neighbouring pixels have independent noise."""
        return int(np.count_nonzero(self.correlation)) <= 1

    def variance(self, noisy: Floats) -> Doubles:
        """Return the variance of the noise of each value of an image ``(C, H, W)``."""
        gain, offset, floor = (each[:, None, None] for each in (self.gain, self.offset, self.floor))
        return np.maximum(gain * box_mean(noisy.astype(np.float64), SMOOTH) + offset, floor)

    def draw(self, noisy: Floats, generator: np.random.Generator) -> Floats:
        """Draw noise of this covariance for an image ``(C, H, W)``."""
        shape = noisy.shape[1:]
        room, transfer = transfer_of(self.correlation, shape)
        white = generator.standard_normal((len(noisy), *room))
        grainy = np.fft.irfft2(np.fft.rfft2(white) * np.sqrt(transfer.clip(0)), room)
        grainy /= np.sqrt(np.mean(grainy**2) or 1)
        values, vectors = np.linalg.eigh(self.channels)
        mixed = np.tensordot(vectors * np.sqrt(values.clip(0)), grainy, 1)
        made = np.sqrt(self.variance(noisy)) * mixed[:, : shape[0], : shape[1]]
        return made.astype(np.float32)


def noise_grain(noisy: Floats) -> Grain:
    """Estimate the noise of an image ``(C, H, W)``; white noise if too few blocks are flat."""
    values = noisy.astype(np.float64)
    cells = cells_of(values, BLOCK).swapaxes(2, 3)  # (C, rows, columns, 16, 16)
    blocks = cells.reshape(len(values), -1, BLOCK, BLOCK)
    fine = (_differences(blocks) ** 2).mean((2, 3))  # (C, B)
    usable = np.flatnonzero(_unclipped(values, blocks) & (fine > 0).all(0))
    if len(usable) < FEWEST:
        return _white(values)
    rest = without_planes(blocks)
    # The structure of the block itself would prefer blocks whose noise is fine by chance.
    own, around = _structure(rest, fine, cells.shape[1:3])
    order = np.argsort(around[usable], kind="stable")
    flattest = usable[order[: max(FEWEST, round(SHARE * len(usable)))]]
    flattest = flattest[own[flattest] <= ODD * np.median(own[flattest])]
    # Weak and strong noise have the same weight.
    alike = rest[:, flattest] / np.sqrt(fine[:, flattest, None, None])
    products = _products(alike)
    total = products[LAGS, LAGS]  # the variance, relative to the variance of the differences
    correlation = products / total
    correlation[np.abs(correlation) < FAINT] = 0
    pairs = zip(blocks.mean((2, 3)), fine, strict=True)
    lines = [_line(mean[usable], total * power[usable], around[usable]) for mean, power in pairs]
    gain, offset, floor = np.transpose(lines)
    mixed = np.corrcoef(alike.reshape(len(values), -1)).reshape(len(values), len(values))
    mixed[np.abs(mixed) < FAINT] = 0
    return Grain(gain, offset, floor, correlation, mixed, measured=True)


def _white(values: Doubles) -> Grain:
    """Return white noise as strong as the differences of neighbours."""
    none = np.zeros(len(values))
    power = (_differences(values) ** 2).mean((1, 2)) if min(values.shape[1:]) > 1 else none
    return Grain(none, power, none, ALONE, np.eye(len(values)), measured=False)


def _differences(values: Doubles) -> Doubles:
    """Return differences of neighbours in rows and columns, with the variance of white noise."""
    rows = values[..., :-1, :] - values[..., 1:, :]
    return (rows[..., :-1] - rows[..., 1:]) / 2


def _unclipped(values: Doubles, blocks: Doubles) -> NDArray[np.bool_]:
    low, high = (end(values, axis=(1, 2))[:, None, None, None] for end in (np.min, np.max))
    ends = ((blocks == low) | (blocks == high)).mean((2, 3))
    found: NDArray[np.bool_] = (ends < CLIPPED).all(0)
    return found


def _structure(rest: Doubles, fine: Doubles, grid: tuple[int, ...]) -> tuple[Doubles, Doubles]:
    """Return how coarse the content of each block is, and of the eight around it, ``(B,)`` each."""
    cells = rest.reshape(*rest.shape[:2], BLOCK // COARSE, COARSE, BLOCK // COARSE, COARSE)
    least = 1e-6 * fine.mean() + 1e-30
    own = (cells.mean((3, 5)).var((2, 3)) / np.maximum(fine, least)).mean(0)
    around = (9 * box_mean(own.reshape(1, *grid), 3).ravel() - own) / 8
    return own, around


def _products(rest: Doubles) -> Doubles:
    """Return the mean products of noise some rows and columns apart, ``(9, 9)``."""
    # The planes took the lowest frequencies, whose power is the sum over the products.
    found = _lagged(rest.reshape(-1, BLOCK, BLOCK))
    lost, size = PLANES_TAKE, found.size
    power = (found.sum() - size * found[RING].mean()) / (1 - lost.sum() + size * lost[RING].mean())
    whole: Doubles = found + lost * power
    # Structure reaches farther than noise: to the farthest pixels. A larger share may be noise.
    shared = whole[RING].mean()
    if 0 < shared < MOST_SHARED * whole[LAGS, LAGS]:
        whole -= shared
    # It also makes pixels two apart share more than the fourth power of what neighbours share,
    # as after a Gaussian blur. This part is assumed to fall linearly with the distance.
    along = (whole[LAGS:, LAGS] + whole[LAGS, LAGS:]) / 2 / whole[LAGS, LAGS]
    one, two = float(along[1]), float(along[2])
    excess = min(max(two - max(one, 0.0) ** 4, 0.0), MOST_SHARED)
    structure = excess * (LAGS - DISTANCE).clip(0) / (LAGS - 2)
    whole -= structure * whole[LAGS, LAGS]
    return whole


def _lagged(blocks: Doubles) -> Doubles:
    found = np.zeros((2 * LAGS + 1,) * 2)
    for down in range(LAGS + 1):
        for right in range(-LAGS, LAGS + 1):
            one = blocks[:, down:, max(right, 0) : BLOCK + min(right, 0)]
            other = blocks[:, : BLOCK - down, max(-right, 0) : BLOCK - max(right, 0)]
            mean = np.mean(one * other)
            found[LAGS + down, LAGS + right] = found[LAGS - down, LAGS - right] = mean
    return found


def _line(mean: Doubles, power: Doubles, structure: Doubles) -> tuple[float, float, float]:
    """Fit how the variance follows the brightness of blocks: gain, offset and floor."""
    order = np.argsort(mean, kind="stable")
    points = []
    for part in np.array_split(order, max(1, min(STRATA, len(mean) // FEWEST))):
        flat = part[np.argsort(structure[part], kind="stable")[: max(4, len(part) // 4)]]
        points.append((mean[flat].mean(), power[flat].mean()))
    x, y = np.transpose(points)
    floor = FLOOR * float(y.min())
    weight = 1 / y**2  # the smaller a variance, the better its estimate
    line = fit_line(x, y, weight, least=1e-12 * max(float(np.abs(x).max()) ** 2, 1e-30))
    if line is None:
        return 0.0, float(np.average(y, weights=weight)), floor
    return line[0], line[1], floor


DISTANCE = np.hypot(*np.mgrid[-LAGS : LAGS + 1, -LAGS : LAGS + 1])
RING = np.maximum(*np.abs(np.mgrid[-LAGS : LAGS + 1, -LAGS : LAGS + 1])) == LAGS
ALONE: Doubles = (DISTANCE == 0).astype(np.float64)  # the correlation of white noise
PLANES_TAKE: Doubles = len(PLANES.T) * _lagged(PLANES.T.reshape(-1, BLOCK, BLOCK))
