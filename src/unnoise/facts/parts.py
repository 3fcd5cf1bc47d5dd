"""Parts of an image from which facts are read: its middle, its blocks, what lies around a pixel."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from unnoise.types import Doubles

Scalar = TypeVar("Scalar", bound=np.generic)

BLOCK = 16  # pixels of a side; most of what varies slower than that is the image


def middle(image: NDArray[np.generic], side: int) -> NDArray[np.generic]:
    """Return the middle of ``(H, W, C)``, at most so many pixels high and wide."""
    top, left = (max(0, (length - side) // 4) * 2 for length in image.shape[:2])
    return image[top : top + side, left : left + side]


def blocks_of(image: Doubles, side: int = BLOCK) -> Doubles:
    """Cut ``(H, W)`` into blocks, row by row, ``(B, side, side)``; what is left over is dropped."""
    down, right = (length // side for length in image.shape)
    whole = image[: down * side, : right * side].reshape(down, side, right, side)
    return whole.transpose(0, 2, 1, 3).reshape(-1, side, side)


def without_planes(blocks: Doubles) -> Doubles:
    """Subtract from each block of ``(B, 16, 16)`` the plane that fits it best."""
    y, x = np.mgrid[:BLOCK, :BLOCK]
    basis, _ = np.linalg.qr(np.stack([np.ones(BLOCK**2), y.ravel(), x.ravel()], axis=1))
    flat = blocks.reshape(len(blocks), -1)
    rest: Doubles = (flat - flat @ basis @ basis.T).reshape(blocks.shape)
    return rest


def neighbours(image: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return the eight pixels around each inner one of ``(H, W)``, ``(8, H - 2, W - 2)``."""
    height, width = image.shape
    return np.stack(
        [
            image[1 + y : height - 1 + y, 1 + x : width - 1 + x]
            for y in (-1, 0, 1)
            for x in (-1, 0, 1)
            if y or x
        ]
    )
