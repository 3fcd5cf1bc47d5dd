"""White noise blurred by a gaussian: the statistics of its blocks, and the width of the gaussian.

The plane that fits a block best is subtracted. This removes some of the noise, most of all coarse
noise. So the products of pixels some rows and columns apart are compared with the products that
noise of each width has in blocks without planes. The correlation belongs to the discrete blur,
``irfft2(rfft2(n) exp(-2 (π w f)²))``.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from unnoise.facts.parts import planes
from unnoise.types import Doubles

LAGS = 4  # largest distance of the pixels that are multiplied, in rows and columns
WIDTHS = np.concatenate([np.arange(0, 2, 0.05), np.arange(2, 5.01, 0.25)])  # pixels
LITTLE = 1e-6  # share of the variation below which noise counts as none
COARSE = 7.0  # pixels: noise of this width is as smooth as structure in flat blocks
PERIOD = 256  # pixels after which the blur repeats


@dataclass(frozen=True)
class Blurred:
    """The noise that fits the products of blocks."""

    variance: float  # before planes were subtracted
    width: float  # of the gaussian, in pixels; 0 for white noise
    structure: float  # variance of structure, which is as coarse as the image itself
    # Of pixels 1 to 4 apart, the mean of rows and columns; corrected for planes and structure.
    correlation: tuple[float, ...] = (0.0,) * LAGS


def correlation(width: float, lags: int = LAGS) -> Doubles:
    """Return the correlation of white noise after a gaussian blur, 0 to ``lags`` pixels apart."""
    frequency = np.fft.fftfreq(PERIOD)
    products = np.fft.ifft(np.exp(-4 * (np.pi * width * frequency) ** 2)).real
    return np.asarray(products[: lags + 1] / products[0])


def products(blocks: Doubles) -> Doubles:
    """Return the mean products of pixels 0 to 4 rows and columns apart in ``(B, H, W)``."""
    height, width = blocks.shape[-2:]
    found = np.empty((LAGS + 1, LAGS + 1))
    for down in range(LAGS + 1):
        for right in range(LAGS + 1):
            near, far = slice(width - right), slice(right, width)
            above, below = blocks[:, : height - down], blocks[:, down:]
            one = np.mean(above[..., near] * below[..., far])
            found[down, right] = (one + np.mean(above[..., far] * below[..., near])) / 2
    return found


def shared_products(shape: tuple[int, int], *, rows: float, columns: float) -> Doubles:
    """Return the products of noise that rows and columns share, of these variances."""
    each = [np.eye(side) for side in shape]
    every = [np.ones((side, side)) for side in shape]
    return np.asarray(rows * _seen(each[0], every[1]) + columns * _seen(every[0], each[1]))


def fit_blurred(
    measured: Doubles, shape: tuple[int, int], *, structure: bool = True, width: float | None = None
) -> Blurred:
    """Find the noise whose products are nearest to the ``products`` ``(5, 5)`` of blocks."""
    tables, coarse = _tables(*shape)
    best, found = np.inf, Blurred(0.0, 0.0, 0.0)
    for each, table in zip(WIDTHS, tables, strict=True):
        if width is not None and each != width:
            continue
        amount, rest = _amounts(table, coarse if structure else None, measured)
        error = measured - amount * table - rest * coarse
        if np.sum(error**2) < best:
            best = np.sum(error**2)
            along = (error[0, 1:] + error[1:, 0]) / 2
            # Next to no noise leaves errors that mean nothing.
            more = along / amount if amount > LITTLE * abs(measured[0, 0]) else 0 * along
            related = correlation(float(each))[1:] + more
            found = Blurred(amount, float(each), rest, tuple(map(float, related)))
    return found


@lru_cache
def spread(shape: tuple[int, int], width: float) -> float:
    """Return the relative standard deviation of the variances of blocks of blurred noise."""
    down, across = (_covariance(width, side) for side in shape)
    kept = _block_covariance(down, across)
    return float(np.sqrt(2 * np.sum(kept**2)) / np.trace(kept))


def _amounts(noise: Doubles, coarse: Doubles | None, measured: Doubles) -> tuple[float, float]:
    """Return the share of two tables in the measured one, by least squares, neither below 0."""
    alone = max(0.0, float(np.sum(noise * measured) / np.sum(noise**2)))
    if coarse is None:
        return alone, 0.0
    columns = np.stack([noise.ravel(), coarse.ravel()], axis=1)
    both = np.linalg.lstsq(columns, measured.ravel(), rcond=None)[0]
    if both.min() >= 0:
        return float(both[0]), float(both[1])
    if both[1] < 0:
        return alone, 0.0
    return 0.0, max(0.0, float(np.sum(coarse * measured) / np.sum(coarse**2)))


@lru_cache
def _tables(height: int, width: int) -> tuple[list[Doubles], Doubles]:
    """Return the products of noise of variance 1 of each width, and of structure."""

    def table(blur: float) -> Doubles:
        return _seen(_covariance(blur, height), _covariance(blur, width))

    return [table(float(blur)) for blur in WIDTHS], table(COARSE)


def _covariance(width: float, side: int) -> Doubles:
    places = np.arange(side)
    return np.asarray(correlation(width, side)[np.abs(places[:, None] - places)])


def _block_covariance(down: Doubles, across: Doubles) -> Doubles:
    """Return the covariance in blocks without planes of noise of a separable covariance."""
    basis = planes(len(down), len(across))
    kept = np.kron(down, across).astype(np.float64, copy=False)
    kept -= basis @ (basis.T @ kept)
    kept -= (kept @ basis) @ basis.T
    return kept


def _seen(down: Doubles, across: Doubles) -> Doubles:
    """Return the products in blocks without planes of noise of a separable covariance."""
    height, width = len(down), len(across)
    each = _block_covariance(down, across).reshape(height, width, height, width)
    found = np.empty((LAGS + 1, LAGS + 1))
    for below in range(LAGS + 1):
        for beside in range(LAGS + 1):
            y, x = np.ogrid[: height - below, : width - beside]
            one, other = each[y, x, y + below, x + beside], each[y, x + beside, y + below, x]
            found[below, beside] = (one.mean() + other.mean()) / 2
    return found
