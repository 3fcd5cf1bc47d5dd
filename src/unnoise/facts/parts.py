"""Parts of an image from which facts are read: its middle, blocks, and neighbours of pixels."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from unnoise.types import Doubles, Scalar

BLOCK = 16  # pixels of a side; slower variation is mostly the image
CLIPPED = 0.05  # share of pixels at the ends of the range; blocks with more show nothing
TO_STD = 1.4826  # from the median of absolute values to a standard deviation


def middle(image: NDArray[np.generic], side: int) -> NDArray[np.generic]:
    """Return the middle of ``(H, W, C)``, at most ``side`` pixels high and wide."""
    top, left = (max(0, (length - side) // 4) * 2 for length in image.shape[:2])
    return image[top : top + side, left : left + side]


def channels_of(image: NDArray[np.generic], side: int) -> Doubles:
    """Return the channels ``(C, h, w)`` of the middle of ``(H, W, C)``, in float64."""
    return np.moveaxis(middle(image, side).astype(np.float64), -1, 0)


def blocks_of(image: Doubles, side: int = BLOCK) -> Doubles:
    """Cut ``(H, W)`` into blocks ``(B, side, side)``, row by row; incomplete ones are dropped."""
    down, right = (length // side for length in image.shape)
    whole = image[: down * side, : right * side].reshape(down, side, right, side)
    return whole.transpose(0, 2, 1, 3).reshape(-1, side, side)


@lru_cache
def planes(height: int, width: int) -> Doubles:
    """Return an orthonormal basis of the planes over a block, ``(H · W, 3)``."""
    y, x = np.mgrid[:height, :width]
    columns = np.stack([np.ones(height * width), y.ravel(), x.ravel()], axis=1)
    return np.asarray(np.linalg.qr(columns)[0])


def without_planes(blocks: Doubles) -> Doubles:
    """Subtract from each block of ``(..., H, W)`` the plane that fits it best."""
    basis = planes(*blocks.shape[-2:])
    flat = blocks.reshape(*blocks.shape[:-2], len(basis))
    return np.asanyarray((flat - flat @ basis @ basis.T).reshape(blocks.shape))


def usable_blocks(image: Doubles) -> tuple[Doubles, Doubles, NDArray[np.int64]]:
    """Return blocks without planes, their variances, and which of them vary and are not clipped."""
    blocks = blocks_of(image)
    rest = without_planes(blocks)
    variance = rest.var((1, 2))
    ends = (blocks <= image.min()) | (blocks >= image.max())
    usable = (variance > 1e-9 * image.var()) & (ends.mean((1, 2)) < CLIPPED)
    return rest, variance, np.flatnonzero(usable)


def correlations(blocks: Doubles, lags: int) -> Doubles:
    """Return mean products of pixels 1 to ``lags`` apart, across and down, ``(2, lags)``."""
    return np.array(
        [
            [np.mean(blocks[..., :-lag] * blocks[..., lag:]) for lag in range(1, lags + 1)],
            [np.mean(blocks[:, :-lag] * blocks[:, lag:]) for lag in range(1, lags + 1)],
        ]
    )


def neighbours(image: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return the eight pixels around each inner pixel of ``(H, W)``, ``(8, H - 2, W - 2)``."""
    height, width = image.shape
    return np.stack(
        [
            image[1 + y : height - 1 + y, 1 + x : width - 1 + x]
            for y in (-1, 0, 1)
            for x in (-1, 0, 1)
            if y or x
        ]
    )
