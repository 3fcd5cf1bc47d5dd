"""Classical denoisers of SciPy, scikit-image and, where the user installed it, bm3d.

Each takes a noisy image ``(H, W, C)``, float32, and one number, its parameter, and returns an image
of the same shape. ``tuning.py`` chooses the number.
"""

import importlib.util
import math
import warnings
from collections.abc import Callable

import numpy as np

from unnoise.types import Floats

COLOUR = 3
ITERATIONS = 30  # of total variation; 50 and 120 are not better (docs/lab-notes.md)

Baseline = Callable[[Floats, float], Floats]


def gaussian(noisy: Floats, pixels: float) -> Floats:
    """Gaussian filter with a standard deviation in pixels."""
    from scipy.ndimage import gaussian_filter

    filtered: Floats = gaussian_filter(noisy, (pixels, pixels, 0))
    return filtered


def median(noisy: Floats, side: float) -> Floats:
    """Median of squares of ``side`` pixels a side."""
    from scipy.ndimage import median_filter

    filtered: Floats = median_filter(noisy, size=(round(side), round(side), 1))
    return filtered


def total_variation(noisy: Floats, sigma: float) -> Floats:
    """Total variation (Chambolle 2004), weighted by the noise, 30 iterations."""
    from skimage.restoration import denoise_tv_chambolle

    # By default, scikit-image stops when changes get small: then results may jump.
    restored: Floats = denoise_tv_chambolle(
        noisy, weight=max(sigma, 1e-3), eps=0, max_num_iter=ITERATIONS, channel_axis=-1
    )
    return restored


def nonlocal_means(noisy: Floats, sigma: float) -> Floats:
    """Non-local means (Buades et al. 2005), 5 × 5 patches, h = 0.8 sigma."""
    from skimage.restoration import denoise_nl_means

    restored: Floats = denoise_nl_means(
        noisy,
        patch_size=5,
        patch_distance=6,
        h=0.8 * max(sigma, 1e-3),
        sigma=sigma,
        fast_mode=True,
        channel_axis=-1,
    )
    return restored


def wavelet(noisy: Floats, sigma: float) -> Floats:
    """Wavelet thresholding with BayesShrink (Chang et al. 2000)."""
    from skimage.restoration import denoise_wavelet

    restored: Floats = denoise_wavelet(
        noisy, sigma=max(sigma, 1e-3), channel_axis=-1, rescale_sigma=False
    )
    return restored


def bm3d(noisy: Floats, sigma: float) -> Floats:
    """BM3D (Dabov et al. 2007), and CBM3D for colours; its licence is non-commercial."""
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
    """Return the names of the installed baselines."""
    return [name for name in BASELINES if name != "bm3d" or importlib.util.find_spec("bm3d")]


def estimate_sigma(noisy: Floats) -> float:
    """Return the standard deviation of the noise by wavelets (Donoho & Johnstone 1994)."""
    from skimage.restoration import estimate_sigma as estimate

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a flat image has no detail: scikit-image warns of it
        sigma = float(estimate(noisy, average_sigmas=True, channel_axis=-1))
    return sigma if math.isfinite(sigma) else 0.0  # for a flat image
