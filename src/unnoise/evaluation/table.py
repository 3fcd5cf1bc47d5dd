"""One table: every method on the same noisy images."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unnoise.evaluation.baselines import BASELINES, available_baselines, estimate_sigma
from unnoise.metrics import METRICS

Stack = NDArray[np.float32]
MODEL, NOISY = "unnoise", "noisy"


@dataclass(frozen=True)
class Evaluation:
    """The figures of several methods on the same images.

    Attributes:
        per_image: For each method and metric (``psnr`` in dB, ``ssim``, ``mse``) one value per
            image, ``(N,)``.
        images_per_second: For each method that computes something.
        noise: The spec that made the noisy images.
        data: Where the clean images came from.
        seed: Of the noise.
    """

    per_image: dict[str, dict[str, NDArray[np.float64]]]
    images_per_second: dict[str, float]
    noise: str
    data: str
    seed: int

    @property
    def caption(self) -> str:
        """What was measured, in one line."""
        count = len(self.per_image[NOISY]["psnr"])
        return f"mean of {count} images of {self.data}, noise {self.noise}, seed {self.seed}"

    def mean(self, method: str, metric: str) -> float:
        """Return the mean over the images (NaN where the metric is not defined)."""
        return float(self.per_image[method][metric].mean())

    def rows(self) -> list[dict[str, float | str | None]]:
        """Return one row of means per method, best PSNR first; None where not defined."""
        ordered = sorted(self.per_image, key=lambda method: -self.mean(method, "psnr"))
        return [
            {
                "method": method,
                **{
                    metric: None if np.isnan(value := self.mean(method, metric)) else value
                    for metric in METRICS
                },
                "images_per_second": self.images_per_second.get(method),
            }
            for method in ordered
        ]


def compare(
    denoise: Callable[[Stack], Stack],
    clean: Stack,
    noisy: Stack,
    *,
    noise: str,
    data: str,
    seed: int,
    baselines: bool = True,
) -> Evaluation:
    """Measure a denoiser, the noisy images and the classical methods.

    Args:
        denoise: From noisy to denoised images.
        clean: ``(N, C, H, W)``.
        noisy: The same images corrupted.
        noise: The spec, for the record.
        data: The name of the images, for the record.
        seed: Of the noise, for the record.
        baselines: Whether to run the classical methods, one image at a time. They get the noise
            level estimated from each image, as the denoiser does not know it either.
    """
    results, speed = {NOISY: noisy}, {}
    start = time.perf_counter()
    results[MODEL] = denoise(noisy)
    speed[MODEL] = len(noisy) / (time.perf_counter() - start)
    for name in available_baselines() if baselines else ():
        start = time.perf_counter()
        results[name] = np.stack([_run_baseline(name, image) for image in noisy])
        speed[name] = len(noisy) / (time.perf_counter() - start)
    figures = {
        method: {metric: function(images, clean) for metric, function in METRICS.items()}
        for method, images in results.items()
    }
    return Evaluation(figures, speed, noise, data, seed)


def _run_baseline(name: str, image: Stack) -> Stack:
    """Run a baseline on ``(C, H, W)``."""
    last = np.ascontiguousarray(np.moveaxis(image, 0, -1))
    with warnings.catch_warnings():
        # PyWavelets says on small images that it reduces the number of levels: it should.
        warnings.simplefilter("ignore")
        restored = BASELINES[name](last, estimate_sigma(last))
    # Some of them drop an axis of one channel.
    return np.moveaxis(restored.reshape(last.shape), -1, 0).clip(0, 1).astype(np.float32)
