"""Classical denoisers as scikit-image (and the user's own bm3d) bring them.

Each takes one noisy image ``(H, W, C)``, float32, and one number, its parameter, and gives an image
of the same shape. ``tuning.py`` chooses the number.
"""

import importlib.util
import math
import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

COLOUR = 3
ITERATIONS = 30  # of total variation; 50 and 120 are not better (docs/lab-notes.md)

Image = NDArray[np.float32]
Baseline = Callable[[Image, float], Image]


def gaussian(noisy: Image, pixels: float) -> Image:
    """Gaussian filter with a standard deviation in pixels."""
    from scipy.ndimage import gaussian_filter

    filtered: Image = gaussian_filter(noisy, (pixels, pixels, 0))
    return filtered


def median(noisy: Image, side: float) -> Image:
    """Median of squares of so many pixels a side."""
    from scipy.ndimage import median_filter

    filtered: Image = median_filter(noisy, size=(round(side), round(side), 1))
    return filtered


def total_variation(noisy: Image, sigma: float) -> Image:
    """Total variation (Chambolle 2004), weighted by the noise, 30 iterations.

    The number of iterations is fixed. The default of scikit-image stops where changes get small, so
    that a small change of the image can change the result by a jump.
    """
    from skimage.restoration import denoise_tv_chambolle

    restored: Image = denoise_tv_chambolle(
        noisy, weight=max(sigma, 1e-3), eps=0, max_num_iter=ITERATIONS, channel_axis=-1
    )
    return restored


def nonlocal_means(noisy: Image, sigma: float) -> Image:
    """Non-local means (Buades et al. 2005), 5 × 5 patches, h = 0.8 sigma."""
    from skimage.restoration import denoise_nl_means

    restored: Image = denoise_nl_means(
        noisy,
        patch_size=5,
        patch_distance=6,
        h=0.8 * max(sigma, 1e-3),
        sigma=sigma,
        fast_mode=True,
        channel_axis=-1,
    )
    return restored


def wavelet(noisy: Image, sigma: float) -> Image:
    """Wavelet thresholding with BayesShrink (Chang et al. 2000)."""
    from skimage.restoration import denoise_wavelet

    restored: Image = denoise_wavelet(
        noisy, sigma=max(sigma, 1e-3), channel_axis=-1, rescale_sigma=False
    )
    return restored


def bm3d(noisy: Image, sigma: float) -> Image:
    """BM3D (Dabov et al. 2007), where the user installed it: its licence is non-commercial.

    Colour images go through its form for them, CBM3D.
    """
    import bm3d as package

    run = package.bm3d_rgb if noisy.shape[2] == COLOUR else package.bm3d
    restored = run(noisy, sigma_psd=max(sigma, 1e-3))
    return np.asarray(restored, np.float32).reshape(noisy.shape)


BASELINES: dict[str, Baseline] = {
    "gaussian": gaussian,
    "median": median,
    "total variation": total_variation,
    "non-local means": nonlocal_means,
    "wavelet": wavelet,
    "bm3d": bm3d,
}


def available_baselines() -> list[str]:
    """Return the names of the baselines that can run here."""
    return [name for name in BASELINES if name != "bm3d" or importlib.util.find_spec("bm3d")]


def estimate_sigma(noisy: Image) -> float:
    """Return the standard deviation of the noise by wavelets (Donoho & Johnstone 1994).

    0 for a flat image.
    """
    from skimage.restoration import estimate_sigma as estimate

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a flat image has no detail: it says so
        sigma = float(estimate(noisy, average_sigmas=True, channel_axis=-1))
    return sigma if math.isfinite(sigma) else 0.0  # a flat image has no detail to estimate from
