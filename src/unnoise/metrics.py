"""Image quality against a clean reference, per image; the figures equal those of scikit-image.

Every metric takes two stacks of images ``(N, C, H, W)`` and returns ``(N,)``. The range of values
is always 1; it is never guessed from the data.
"""

import numpy as np

from unnoise.types import Doubles, Floats

PSNR_LIMIT = 100.0  # dB, for an image that equals its reference
WINDOW = 7  # pixels, scikit-image's default
K1, K2 = 0.01, 0.03  # Wang et al. 2004


def mse(images: Floats, clean: Floats) -> Doubles:
    """Mean squared error."""
    difference = images.astype(np.float64) - clean
    means: Doubles = np.square(difference).mean(axis=(1, 2, 3))
    return means


def psnr(images: Floats, clean: Floats) -> Doubles:
    """Peak signal-to-noise ratio in dB, at most ``PSNR_LIMIT``."""
    return -10 * np.log10(np.maximum(mse(images, clean), 10 ** (-PSNR_LIMIT / 10)))


def ssim(images: Floats, clean: Floats) -> Doubles:
    """Structural similarity (Wang et al. 2004) with a uniform window of 7 × 7 pixels.

    It is the mean over channels and over the places where the window fits; NaN for images that are
    smaller than the window.
    """
    from scipy.ndimage import uniform_filter

    if min(images.shape[2:]) < WINDOW:
        return np.full(len(images), np.nan)

    def local_mean(x: Doubles) -> Doubles:
        mean: Doubles = uniform_filter(x, size=(1, 1, WINDOW, WINDOW))
        return mean

    x, y = images.astype(np.float64), clean.astype(np.float64)
    unbiased = WINDOW**2 / (WINDOW**2 - 1)
    mean_x, mean_y = local_mean(x), local_mean(y)
    variance_x = unbiased * (local_mean(x * x) - mean_x**2)
    variance_y = unbiased * (local_mean(y * y) - mean_y**2)
    covariance = unbiased * (local_mean(x * y) - mean_x * mean_y)
    similarity = ((2 * mean_x * mean_y + K1**2) * (2 * covariance + K2**2)) / (
        (mean_x**2 + mean_y**2 + K1**2) * (variance_x + variance_y + K2**2)
    )
    edge = WINDOW // 2
    inner: Doubles = similarity[:, :, edge:-edge, edge:-edge].mean(axis=(1, 2, 3))
    return inner


METRICS = {"psnr": psnr, "ssim": ssim, "mse": mse}
