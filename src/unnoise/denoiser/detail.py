"""Detail that a network removed with the noise: found by its energy, and brought back.

An à-trous wavelet transform splits by scale what was removed (Holschneider et al. 1989; the B3
spline of Starck & Murtagh 1994). In each band, noise has a known energy at each brightness, and
texture adds to it. The share of the energy that noise does not explain is the gain of a local
Wiener filter (Lee 1980): ``max(0, 1 - noise / local)``. The lowest band, and so the brightness of
an area, does not change.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unnoise.types import Floats, Mask, Scalar

SCALES = 3  # bands: of 1, 2 and 4 pixels
SPLINE = (6 / 16, 4 / 16, 1 / 16)  # weights of the middle, and of the pixels on each side
WINDOW = 4  # pixels on each side over which energy is averaged at the finest band; twice in a row
REACH = 2 * (2**SCALES - 1) + 2 * WINDOW * 2 ** (SCALES - 1)  # pixels around one that decide on it
LOOK = 512  # pixels: side of the middle of an image in which its noise is measured
BLOCK = 16  # pixels: side of a block
BINS, FEWEST = 8, 24  # bins of brightness; blocks in each
FLAT = 0.25  # quantile of the energy of blocks: texture has more
# From one brightness to another, the variance of noise changes at most with the square of their
# ratio, as in multiplicative noise. DARK is added to brightness, and SLACK is a tolerance.
DARK, SLACK = 0.05, 1.3
SURE = (1.5, 1.8, 2.2)  # the energy of noise varies by place: up to this multiple it is noise


@dataclass(frozen=True)
class Removed:
    """The energy of noise in what was removed from a plane."""

    brightness: NDArray[np.float64]  # of the result, ascending, (N,)
    variance: NDArray[np.float64]  # of each band at this brightness, (SCALES, N)

    @classmethod
    def of(cls, before: Floats, after: Floats, lacks: Mask | None = None) -> "Removed":
        """Measure it in the flattest blocks of each brightness of a plane ``(H, W)``.

        Blocks that lack data, have no change or lie at an end of the values are left out.
        """
        bands = list(split(before - after))
        energy = np.stack([_block_means(band.astype(np.float64) ** 2) for band in bands])
        bright = _block_means(after.astype(np.float64))
        ends = _block_means(((before <= before.min()) | (before >= before.max())).astype(float))
        usable = (energy[0] > 1e-12) & (ends < 0.05)
        if lacks is not None:
            usable &= _block_means(lacks.astype(float)) == 0
        energy, bright = energy[:, usable], bright[usable]
        if bright.size == 0:
            return cls(np.zeros(1), np.full((SCALES, 1), np.inf))  # nothing is known: all is noise
        order = np.argsort(bright, kind="stable")
        groups = np.array_split(order, min(BINS, max(1, order.size // FEWEST)))
        levels = np.stack([np.quantile(energy[:, group], FLAT, axis=1) for group in groups], 1)
        means = np.array([bright[group].mean() for group in groups])
        # A brightness that only texture has would take it for noise.
        ratio = (means + DARK) / (means[:, None] + DARK)
        most = SLACK * np.maximum(ratio, 1 / ratio) ** 2
        return cls(means, np.minimum(levels, (levels[:, None] * most).min(axis=2)))


def recover(before: Floats, after: Floats, noise: Removed) -> Floats:
    """Return the texture in what was removed from a plane ``(H, W)``.

    It is exact from ``REACH`` pixels inside of a cut, with the noise of the whole image.
    """
    texture = np.zeros_like(before)
    for scale, band in enumerate(split(before - after)):
        level = SURE[scale] * np.interp(after, noise.brightness, noise.variance[scale])
        local = _smooth(_smooth(band**2, WINDOW * 2**scale), WINDOW * 2**scale)
        gain = np.zeros_like(band)
        np.divide(local - level, local, out=gain, where=local > level)
        texture += gain * band
    return texture


def split(plane: Floats) -> Iterator[Floats]:
    """Yield the bands of a plane ``(H, W)``, the finest first, without the lowest."""
    for scale in range(SCALES):
        smoother = _spline(_spline(plane, 2**scale, 0), 2**scale, 1)
        yield plane - smoother
        plane = smoother


def _spline(plane: Floats, step: int, axis: int) -> Floats:
    wide = _padded(plane, 2 * step, axis)
    length = plane.shape[axis]

    def part(shift: int) -> Floats:
        start = 2 * step + shift
        return wide[start : start + length] if axis == 0 else wide[:, start : start + length]

    middle, near, far = (np.float32(weight) for weight in SPLINE)
    made: Floats = middle * plane + near * (part(-step) + part(step))
    made += far * (part(-2 * step) + part(2 * step))
    return made


def _smooth(plane: Floats, reach: int) -> Floats:
    """Return the mean over ``2 · reach + 1`` pixels in both directions."""
    made = plane.astype(np.float64)
    for axis in (0, 1):
        sums = np.cumsum(_padded(made, reach, axis), axis=axis)
        sums = np.concatenate([np.zeros_like(sums.take([0], axis)), sums], axis=axis)
        over = 2 * reach + 1
        ends = (sums[over:], sums[:-over]) if axis == 0 else (sums[:, over:], sums[:, :-over])
        made = (ends[0] - ends[1]) / over
    smoothed: Floats = made.clip(min=0).astype(np.float32)
    return smoothed


def _padded(plane: NDArray[Scalar], by: int, axis: int) -> NDArray[Scalar]:
    return np.pad(plane, [(by, by) if each == axis else (0, 0) for each in (0, 1)], "reflect")


def _block_means(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the means of whole blocks; an image smaller than a block has none."""
    down, right = (length // BLOCK for length in plane.shape)
    blocks = plane[: down * BLOCK, : right * BLOCK].reshape(down, BLOCK, right, BLOCK)
    means: NDArray[np.float64] = blocks.mean(axis=(1, 3)).ravel()
    return means
