"""Whether a model removed more than noise: the residual of a good result has no structure.

White noise averages out over a few pixels; an edge or a stain that was removed does not. Noise with
a grain averages out more slowly, as its correlation says.
"""

import numpy as np

from unnoise.trust.noise_level import NoiseLevel
from unnoise.trust.probing import ProbedImage, cells_of
from unnoise.trust.spectrum import Spectrum
from unnoise.types import Doubles, Floats

Noise = NoiseLevel | Spectrum

CELL = 4  # pixels, side of the cells that are averaged for the score
WINDOW = 9  # pixels, side of the squares that are averaged for the map


def removed_structure(found: ProbedImage, noise: Noise) -> float:
    """Return how much 4 × 4 pixels of the residual have in common, relative to the noise.

    0 for noise like the noise of the image. For white noise, 15 if they are all equal.
    """
    scaled = _scaled(found, noise)
    cells = _cells(scaled)
    if cells is None:
        return 0.0
    rows, columns = (CELL * side for side in cells.shape[1:])
    power = float(np.mean(scaled[:, :rows, :columns] ** 2))
    return float(CELL**2 * np.mean(cells**2) / max(power, 1e-12) / noise.share_of_means(CELL) - 1)


def coherence(found: ProbedImage) -> float:
    """Return the standard deviation of means over 4 × 4 pixels of the residual."""
    cells = _cells(found.residual.astype(np.float64))
    return 0.0 if cells is None else float(np.sqrt(np.mean(cells**2)))


def structure_map(found: ProbedImage, noise: Noise) -> Floats:
    """Return means of the residual over 9 × 9 pixels, ``(H, W)``, over those of noise."""
    scaled = _scaled(found, noise) / np.sqrt(noise.share_of_means(WINDOW))
    largest: Floats = np.abs(box_mean(scaled) * WINDOW).max(axis=0).astype(np.float32)
    return largest


def box_mean(values: Doubles, side: int = WINDOW) -> Doubles:
    """Average ``(C, H, W)`` over squares around each pixel, mirrored at the border."""
    before, after = side // 2, side - side // 2 - 1
    widths = ((0, 0), (before, after), (before, after))
    small = min(values.shape[1:]) <= side // 2
    padded = np.pad(values, widths, mode="edge" if small else "reflect")
    sums = np.pad(padded.cumsum(1).cumsum(2), ((0, 0), (1, 0), (1, 0)))
    total = sums[:, side:, side:] - sums[:, :-side, side:] - sums[:, side:, :-side]
    total += sums[:, :-side, :-side]
    mean: Doubles = total / side**2
    return mean


def _cells(values: Doubles) -> Doubles | None:
    """Average ``(C, H, W)`` over 4 × 4 pixels; None for a smaller image."""
    return None if min(values.shape[1:]) < CELL else cells_of(values, CELL).mean((2, 4))


def _scaled(found: ProbedImage, noise: Noise) -> Doubles:
    """Return the residual in units of the standard deviation of the noise."""
    return found.residual / np.sqrt(noise.variance(found.restored) + 1e-12)
