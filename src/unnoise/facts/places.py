"""The part of an image with the most structure, and the places of a stack that change."""

from collections.abc import Sequence

import numpy as np

from unnoise.types import Array, Doubles

THINNED = 1024  # pixels of a side that are searched; larger images are averaged
AVERAGED = 3  # pixels of a side
SMOOTHED = 2.0  # pixels, the sigma of the Gaussian under which noise averages out


def most_structured(image: Array, height: int, width: int) -> tuple[int, int]:
    """Return the top row and the left column of the part with the most edges.

    Edges are the gradient magnitude of the smoothed image (SciPy's
    ``gaussian_gradient_magnitude``) above its median, which is the share of noise.

    Args:
        image: ``(H, W)`` or ``(H, W, C)``; the mean of the channels is searched.
        height: The height of the part, at most ``H``.
        width: The width of the part, at most ``W``.
    """
    grey, step = _thinned(image)
    rows = max(1, min(height // step, grey.shape[0]))
    columns = max(1, min(width // step, grey.shape[1]))
    sums = np.pad(_edges(grey).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    inside = sums[rows:, columns:] - sums[:-rows, columns:] - sums[rows:, :-columns]
    inside = inside + sums[:-rows, :-columns]
    # Among equal parts the one nearest to the middle is best, so images without structure show it.
    best = np.argwhere(inside >= inside.max() - 1e-9 * max(abs(inside.max()), 1e-12))
    middle = (np.array(inside.shape) - 1) / 2
    top, left = best[np.abs(best - middle).sum(1).argmin()] * step
    return min(int(top), image.shape[0] - height), min(int(left), image.shape[1] - width)


def change(images: Sequence[Array]) -> Doubles:
    """Return how much each place changes over images that follow each other, ``(H, W)``.

    It is the mean product of the deviations in an image and in the next one, of means over 3 × 3
    pixels, in squared values. Independent noise has 0 on average.

    Args:
        images: ``(H, W)`` or ``(H, W, C)`` each; the mean of the channels is taken.
    """
    from scipy.ndimage import uniform_filter

    def smooth(image: Array) -> Doubles:
        grey = image.astype(np.float64).reshape(*image.shape[:2], -1).mean(2)
        smoothed: Doubles = uniform_filter(grey, AVERAGED)
        return smoothed

    first, *others = images
    mean = smooth(first)
    for image in others:
        mean += smooth(image)
    mean /= len(images)
    found, before = np.zeros_like(mean), smooth(first) - mean
    for image in others:
        after = smooth(image) - mean
        found += before * after
        before = after
    return found / max(1, len(others))


def amount_of_structure(image: Array) -> float:
    """Return the mean strength of edges beyond the share of noise, in units of the values."""
    return float(_edges(_thinned(image)[0]).mean())


def _thinned(image: Array) -> tuple[Doubles, int]:
    """Return the mean of the channels, averaged over squares if it is large, and their side."""
    from skimage.measure import block_reduce

    known = np.nan_to_num(image)  # integers stay as they are
    grey = known.astype(np.float64) if known.ndim == 2 else known.mean(2, dtype=np.float64)
    step = max(1, -(-max(grey.shape) // THINNED))
    step = min(step, *grey.shape)
    whole = grey[: grey.shape[0] // step * step, : grey.shape[1] // step * step]
    return block_reduce(whole, step, np.mean) if step > 1 else grey, step


def _edges(grey: Doubles) -> Doubles:
    from scipy.ndimage import gaussian_gradient_magnitude

    found = gaussian_gradient_magnitude(grey, SMOOTHED, mode="nearest")
    return np.asarray(np.maximum(found - np.median(found), 0))
