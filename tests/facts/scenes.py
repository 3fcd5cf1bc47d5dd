"""Images of which it is known what they show."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Image = NDArray[np.float64]


def scene(height: int = 256, width: int = 256, channels: int = 1) -> Image:
    """Return a smooth picture with edges, 0 to 255, ``(H, W, C)``."""
    y, x = np.mgrid[:height, :width] / 256
    picture = np.sin(9 * x) * np.cos(7 * y) + (x > 0.52) + (np.hypot(x - 0.3, y - 0.6) < 0.2)
    whole = 255 * (picture - picture.min()) / np.ptp(picture)
    return np.stack([np.roll(whole, 31 * c, 1) for c in range(channels)], axis=-1)


def noise(shape: tuple[int, ...], std: float, *, grain: float = 0.0, seed: int = 0) -> Image:
    """Return normal noise, blurred by a gaussian of ``grain`` pixels."""
    drawn = np.random.default_rng(seed).standard_normal(shape)
    drawn = gaussian_filter(drawn, (grain, grain, 0)) if grain else drawn
    scaled: Image = std * drawn / drawn.std()
    return scaled


PLAIN = [
    np.zeros((64, 64, 1), np.uint8),
    np.full((300, 20, 3), 7.0),
    np.full((8, 8, 1), 3, np.uint16),
    np.eye(200)[..., None],
    (np.indices((128, 128)).sum(0) % 2 * 255).astype(np.uint8)[..., None],
    np.pad(np.full((1, 1, 1), 255, np.uint8), ((90, 90), (90, 90), (0, 0))),
]
