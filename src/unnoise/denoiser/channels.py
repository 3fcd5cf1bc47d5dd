"""Which images a model of other channels can take, and how."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

GREY, COLOUR = 1, 3


def adapts(channels: int, wanted: int) -> bool:
    """Whether images of ``channels`` can be denoised by a model of ``wanted``."""
    return channels == wanted or wanted == GREY or makes_grey(channels, wanted)


def is_alpha(channels: int, wanted: int) -> bool:
    """Whether a fourth channel must be transparency: the model knows colours, and three."""
    return (channels, wanted) == (4, 3)


def makes_grey(channels: int, wanted: int) -> bool:
    """Whether images of ``channels`` are for the grey form of a model of ``wanted``."""
    return (channels, wanted) == (GREY, COLOUR)


def to_model(images: Floats, wanted: int) -> Floats:
    """Give a grey model each channel of ``(B, C, H, W)`` as an image, ``(B · C, 1, H, W)``."""
    return images if images.shape[1] == wanted else images.reshape(-1, 1, *images.shape[2:])


def from_model(restored: Floats, batch: int) -> Floats:
    """Put what a model made of ``to_model`` together again, ``(B, ..., H, W)``."""
    return restored.reshape(batch, -1, *restored.shape[2:])
