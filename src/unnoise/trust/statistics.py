"""What kind of image it is: statistics of its brightness and of its edges at several scales.

They are of the denoised image, so that the noise says little, and of no place in it, so that images
of any size can be compared.
"""

import numpy as np

from unnoise.types import Doubles, Floats

SCALES = 4
SMALLEST = 4  # pixels of a side of the coarsest scale
BRIGHTNESS = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)  # quantiles
STEEPNESS = (0.25, 0.5, 0.75, 0.9, 0.97)
BEND = 30  # values over a thirtieth count by their logarithm


def image_statistics(images: Floats) -> Doubles:
    """Return the statistics of images ``(N, C, H, W)`` of one size, ``(N, D)``.

    D depends on the size: a scale that is smaller than 4 pixels has none.
    """
    grey = images.mean(axis=1, dtype=np.float64)
    columns = [*np.quantile(_flat(grey), BRIGHTNESS, axis=1), _flat(grey).mean(1)]
    for _ in range(SCALES):
        columns += _edges(grey)
        height, width = (side // 2 * 2 for side in grey.shape[1:])
        if min(height, width) < 2 * SMALLEST:
            break
        grey = grey[:, :height, :width].reshape(len(grey), height // 2, 2, width // 2, 2)
        grey = grey.mean((2, 4))
    found = np.stack(columns, axis=1)
    bent: Doubles = np.sign(found) * np.log1p(BEND * np.abs(found))
    return bent


def statistics_count(height: int, width: int) -> int:
    """Return D for images of a size."""
    scales, least = 1, min(height, width)
    while scales < SCALES and least // 2 * 2 >= 2 * SMALLEST:
        scales, least = scales + 1, least // 2
    return len(BRIGHTNESS) + 1 + scales * (len(STEEPNESS) + 7)


def _edges(grey: Doubles) -> list[Doubles]:
    """Return statistics of the gradient and of the curvature of ``(N, H, W)``."""
    right, down = np.diff(grey, axis=2)[:, :-1], np.diff(grey, axis=1)[:, :, :-1]
    steep = _flat(np.hypot(right, down))
    inner = grey[:, 1:-1, 1:-1]
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    curved = _flat(4 * inner - around)
    return [
        *np.quantile(steep, STEEPNESS, axis=1),
        steep.mean(1),
        steep.std(1),
        np.abs(curved).mean(1),
        curved.std(1),
        _flat(right * down).mean(1),
        _flat(right**2 - down**2).mean(1),
        _flat(grey).std(1),
    ]


def _flat(values: Doubles) -> Doubles:
    return values.reshape(len(values), -1)
