"""Less flicker: results of a stack are blended over time, where nothing has changed.

Each image is denoised by itself. So results of a scene that stands still differ by what
the network made of the noise. A Kalman filter for each pixel averages them (Kalman, "A New Approach
to Linear Filtering and Prediction Problems", 1960): an output counts as one result where the scene
has just changed, and as more and more results where it stands still. Changes are differences of the
noisy images that are larger than noise. The filter looks back only. It holds the mean of the noisy
images, the output, and a small map.
"""

import math
from itertools import pairwise
from typing import Any

import numpy as np

from unnoise.types import Doubles, Floats, Mask

LONGEST = 16  # results that an output counts as, at most
# Variance of results over time, relative to the noise; a larger change ends the blend. With photo
# it is 0.3 in texture with noise of 10 of 255, 0.1 with 25, and 0.005 in flat places with 50.
FLICKER = np.float32(0.02)
LEVELS = 4  # cells of 2, 4, 8 and 16 pixels, in which changes are looked for
SURE = 2.5  # standard deviations of the energy of noise from which on it is a change
BLOCK, GROUPS, FEWEST = 8, 8, 24  # side of a block, in cells; groups by brightness; blocks in each
STILL = 0.25  # share of the blocks in which the noise is measured
GRAINY = 2.0  # energy of means of 2 × 2 pixels from which on noise has a grain, not lost texture
SLOWER = 1.25  # power by which its energy exceeds the energy of what a network removes
LOOK = 512  # pixels: side of the middle of an image in which its grain is measured
FAINT = np.float32(1e-10)  # variance that counts as none
UNKNOWN = np.float32(1e6)  # variance of an output that says nothing


class Steadier:
    """Blends the results of images that follow each other in time."""

    def __init__(self) -> None:
        self._noisy: Floats | None = None  # mean of the noisy images, (C, H, W)
        self._output: Floats | None = None  # mean of their results
        self._variance: Floats | None = None  # of both, relative to one image, in cells
        self._lacked: Mask | None = None  # pixels whose values were invented

    def blend(self, noisy: Floats, result: Floats, lacks: Mask | None = None) -> Floats:
        """Return the output for the next image.

        Args:
            noisy: ``(C, H, W)``, in the scale of the model.
            result: The result of the model, of the same shape.
            lacks: Pixels ``(H, W)`` whose values are invented; they are never blended.
        """
        if self._noisy is None or self._output is None or self._variance is None:
            self._noisy, self._output = noisy, result
            self._variance = np.ones_like(halved(noisy[0]))
        else:
            known = self._variance
            changed = find_changes(noisy - self._noisy, self._output, noisy - result, known)
            # The variance of the last output as a guess of this image: a change adds to it.
            guess = known + changed * (1 + known) / FLICKER
            share = doubled(np.reciprocal(1 + guess), noisy.shape[1:])
            for invented in (lacks, self._lacked):
                share = share if invented is None else np.where(invented, np.float32(0), share)
            self._noisy = noisy + share * (self._noisy - noisy)
            self._output = result + share * (self._output - result)
            self._variance = np.maximum(guess / (1 + guess), np.float32(1 / LONGEST))
        self._lacked = lacks
        if lacks is not None:
            cells = halved(lacks.astype(np.float32)) > 0
            self._variance = np.where(cells, UNKNOWN, self._variance)
        return self._output


def find_changes(difference: Floats, bright: Floats, removed: Floats, known: Floats) -> Floats:
    """Estimate how much the scene has changed, from what noise cannot explain.

    The energies of the difference and of its means over cells of 2 to 16 pixels are compared with
    those of noise. Means show faint changes of an area, energies show texture that moves.

    Args:
        difference: Of a noisy image and the mean of those before it, ``(C, H, W)``.
        bright: The image without noise.
        removed: What the network removed from the noisy image.
        known: Variance of that mean, relative to a single image, in cells ``(h, w)``.

    Returns:
        Squared changes relative to the variance of the noise, in cells of 2 × 2 pixels ``(h, w)``.
    """
    variance = 1 + known
    noise = noise_in(difference, halved(bright), variance)
    if noise is None:
        return np.full_like(known, UNKNOWN)
    scale = np.reciprocal(noise * variance)  # (C, h, w)
    pixels, *cells = _grain(difference, removed)
    alike = _alike(pixels, *cells)
    channels = len(difference)
    energy: Floats = (halved(np.square(difference)) * scale).mean(0) / np.float32(pixels)
    values = channels * 4 / (1 + alike[0] ** 2) ** 2
    found = [np.float32(pixels) * _excess(energy, values, alike[1])]
    values *= 4 / (1 + alike[1] ** 2) ** 2
    wide: Any = np.float32(pixels) * _excess(halved(energy), values, alike[2])
    means = halved(difference) * np.sqrt(scale)
    for level, grain in enumerate(cells):
        unit = np.float32(grain / 4 ** (level + 1))  # variance of the means of noise
        energy = np.square(means).mean(0) / unit
        near, far = alike[level + 1 : level + 3]
        found[level] = found[level] + unit * _excess(energy, channels, near)
        means = halved(means)
        values = channels * 4 / (1 + near**2) ** 2
        found.append(wide + unit * _excess(halved(energy), values, far))
        wide = 0
    total = found.pop()
    for each in reversed(found):
        total = each + doubled(total, each.shape)
    return total


def _alike(*grain: float) -> list[float]:
    """Return the correlation of neighbouring means of noise, from pixels to the largest cells."""
    grown = [after / before for before, after in pairwise(grain)]
    found = [min(max(each, 1.0), 4.0) ** 0.5 - 1 for each in grown]
    return [*found, found[-1], found[-1]]


def _excess(energy: Floats, values: float, alike: float) -> Floats:
    """Return the energy ``(h, w)`` around each cell beyond that of noise, which is 1 on average.

    The energy of a cell is the mean of ``values`` squares of gaussian noise. The cube root of such
    means is nearly gaussian (Wilson and Hilferty, "The Distribution of Chi-square", 1931).
    ``alike`` is the correlation of the noise of neighbouring cells.
    """
    for axis in (0, 1):
        before, after = _beside(energy, axis)
        energy = (before + after + 2 * energy) * np.float32(0.25)
    share = (3 / 8 + alike**2 / 2 + alike**8 / 8) ** 2  # of the variance after weights of 1, 2, 1
    spread = 2 / 9 * share / values
    most = (1 - spread + SURE * spread**0.5) ** 3
    beyond: Floats = np.maximum(energy - np.float32(most), np.float32(0))
    return beyond


def noise_in(difference: Floats, bright: Floats, variance: Floats) -> Floats | None:
    """Estimate the variance of the noise at the brightness of each cell, ``(C, h, w)``.

    It is the energy of the finest diagonal differences, in the blocks where the other fine
    differences are least. Both are independent in noise, and alike in what moves. So this choice
    favours still places, but no weak noise. None if the image is too small.

    Args:
        difference: Of two noisy images, ``(C, H, W)``.
        bright: The image without noise, in cells ``(C, h, w)``.
        variance: Of the noise in the difference, relative to the noise of an image, ``(h, w)``.
    """
    rows, columns = (length // 2 // BLOCK * BLOCK for length in difference.shape[1:])
    if not rows or not columns:
        return None
    even = difference[:, : 2 * rows, : 2 * columns]
    across = even[:, :, ::2] - even[:, :, 1::2]
    along = even[:, :, ::2] + even[:, :, 1::2]
    cell = (slice(rows), slice(columns))
    scale = np.reciprocal(variance[cell])
    diagonal = _block_means(np.square(across[:, ::2] - across[:, 1::2]) * scale) / 4
    others = np.square(across[:, ::2] + across[:, 1::2]) + np.square(along[:, ::2] - along[:, 1::2])
    other = _block_means(others * scale)
    places = _block_means(bright[:, *cell])
    seen = _block_means((variance[cell] < UNKNOWN).astype(np.float32)[None])[0] == 1
    noise = np.full_like(bright, FAINT)
    each = zip(diagonal, other, places, bright, noise, strict=True)
    for energies, chosen_by, place, cells, made in each:
        (blocks,) = np.nonzero(seen & (energies > FAINT))  # others are holes, and black bars
        if len(blocks):
            blocks = blocks[np.argsort(place[blocks], kind="stable")]
            groups = np.array_split(blocks, max(1, min(GROUPS, len(blocks) // FEWEST)))
            levels = [_level(energies[group], chosen_by[group]) for group in groups]
            means = [place[group].mean() for group in groups]
            made[:] = np.maximum(np.interp(cells, means, levels), FAINT)
    return noise


def _level(energies: Doubles, chosen_by: Doubles) -> float:
    """Return the median energy of the blocks that have least of another one."""
    still = np.argsort(chosen_by, kind="stable")[: math.ceil(STILL * len(energies))]
    return float(np.median(energies[still]))


def _grain(difference: Floats, removed: Floats) -> list[float]:
    """Return how much more energy noise has than its finest diagonal differences show.

    That is the energy of pixels, and of means over cells of 2 to 16 pixels times their size, all 1
    for white noise. It is measured in the middle of images ``(C, H, W)``: the difference also shows
    motion, and what a network removed has less of slow noise.
    """
    found = []
    for image in (difference, removed):
        rows, columns = (
            slice(start := max(0, (length - LOOK) // 2), start + min(LOOK, length // 2 * 2))
            for length in image.shape[1:]
        )
        part = image[:, rows, columns]
        fine = part[..., ::2] - part[..., 1::2]
        finest = _median_square(fine[:, ::2] - fine[:, 1::2]) / 4
        levels = []
        for level in range(LEVELS + 1):
            levels.append(4**level * _median_square(part) / max(finest, float(FAINT)))
            part = halved(part)
        found.append(np.maximum.accumulate(levels).clip(1))
    moving, slowed = found
    if slowed[1] < GRAINY:
        return [1.0] * (LEVELS + 1)
    return [float(each) for each in np.minimum(moving, slowed**SLOWER)]


def _median_square(values: Floats) -> float:
    return float(np.median(np.abs(values))) ** 2


def _block_means(cells: Floats) -> Doubles:
    """Return the means of whole blocks of cells ``(C, h, w)``, ``(C, B)``."""
    channels, rows, columns = cells.shape
    blocks = cells.reshape(channels, rows // BLOCK, BLOCK, columns // BLOCK, BLOCK)
    means: Doubles = blocks.mean((2, 4), dtype=np.float64).reshape(channels, -1)
    return means


def halved(image: Floats) -> Floats:
    """Return the means of cells of 2 × 2 pixels of ``(..., H, W)``; odd sides repeat the last."""
    down, right = (length % 2 for length in image.shape[-2:])
    if down or right:
        image = np.pad(image, [(0, 0)] * (image.ndim - 2) + [(0, down), (0, right)], "edge")
    rows = image[..., ::2, :] + image[..., 1::2, :]
    means: Floats = (rows[..., ::2] + rows[..., 1::2]) * np.float32(0.25)
    return means


def doubled(cells: Floats, shape: tuple[int, ...]) -> Floats:
    """Interpolate cells ``(h, w)`` linearly to the pixels of an image of ``shape``."""
    for axis in (0, 1):
        near, beside = cells * np.float32(0.75), _beside(cells * np.float32(0.25), axis)
        sides = list(cells.shape)
        sides[axis] *= 2
        cells = np.empty(sides, np.float32)
        for start, other in enumerate(beside):
            place = (slice(start, None, 2),) if axis == 0 else (slice(None), slice(start, None, 2))
            np.add(near, other, out=cells[place])
    return cells[: shape[0], : shape[1]]


def _beside(cells: Floats, axis: int) -> tuple[Floats, Floats]:
    """Return the cells ``(h, w)`` before and after each along an axis; the ends repeat."""
    wide = np.pad(cells, [(1, 1) if each == axis else (0, 0) for each in (0, 1)], "edge")
    length = cells.shape[axis]
    if axis == 0:
        return wide[:length], wide[2:]
    return wide[:, :length], wide[:, 2:]
