"""Whether more than noise was taken away: the residual of a good result has no structure.

Noise that neighbouring pixels do not share averages out over a few of them; an edge or a stain that
was removed does not. Noise with a grain averages out by as much as its correlation lets it.
"""

import numpy as np

from unnoise.trust.noise_level import NoiseLevel
from unnoise.trust.probing import Probe
from unnoise.trust.spectrum import Spectrum
from unnoise.types import Doubles, Floats

Noise = NoiseLevel | Spectrum

CELL = 4  # pixels of a side that are averaged for the score
WINDOW = 9  # pixels of a side that are averaged for the map


def removed_structure(found: Probe, noise: Noise) -> float:
    """Return how much the residual has in common over 4 × 4 pixels, relative to the noise.

    0 for noise like that of the image, whatever its distribution. If it is white, 15 for a residual
    that is constant over each such cell. Negative where neighbours differ more than by chance.
    """
    scaled = _scaled(found, noise)
    cells = _cells(scaled)
    if cells is None:
        return 0.0
    rows, columns = (CELL * side for side in cells.shape[1:])
    power = float(np.mean(scaled[:, :rows, :columns] ** 2))
    return float(CELL**2 * np.mean(cells**2) / max(power, 1e-12) / noise.share_of_means(CELL) - 1)


def coherence(found: Probe) -> float:
    """Return the standard deviation of means over 4 × 4 pixels of the residual, in the scale."""
    cells = _cells(found.residual.astype(np.float64))
    return 0.0 if cells is None else float(np.sqrt(np.mean(cells**2)))


def structure_map(found: Probe, noise: Noise) -> Floats:
    """Return where structure was removed, ``(H, W)``: means of the residual over 9 × 9 pixels.

    In units of their standard deviation if the residual were noise like that of the image; the
    largest of all channels, as an absolute value.
    """
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
    """Average ``(C, H, W)`` over 4 × 4 pixels; None if there are fewer."""
    channels, height, width = values.shape
    down, right = height // CELL, width // CELL
    if min(down, right) == 0:
        return None
    part = values[:, : down * CELL, : right * CELL]
    cells: Doubles = part.reshape(channels, down, CELL, right, CELL).mean((2, 4))
    return cells


def _scaled(found: Probe, noise: Noise) -> Doubles:
    """Return the residual in units of the standard deviation of the noise."""
    scaled: Doubles = found.residual / np.sqrt(noise.variance(found.restored) + 1e-12)
    return scaled
