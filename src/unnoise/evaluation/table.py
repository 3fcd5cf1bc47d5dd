"""One table: every method on the same noisy images."""

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

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
        noise: The spec that made the noisy images; empty where they came noisy.
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
        made = f"noise {self.noise}, seed {self.seed}" if self.noise else "with their own noise"
        return f"mean of {count} images of {self.data}, {made}"

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
    pairs: Sequence[tuple[Stack, Stack]],
    *,
    noise: str,
    data: str,
    seed: int,
    baselines: bool = True,
) -> Evaluation:
    """Measure a denoiser, the noisy images and the classical methods.

    Args:
        denoise: From noisy to denoised images.
        pairs: Noisy and clean images, ``(N, C, H, W)`` each; one pair of stacks for each size.
        noise: The spec, for the record.
        data: The name of the images, for the record.
        seed: Of the noise, for the record.
        baselines: Whether to run the classical methods, one image at a time. They get the noise
            level estimated from each image, as the denoiser does not know it either.
    """
    methods: dict[str, Callable[[Stack], Stack]] = {MODEL: denoise}
    for name in available_baselines() if baselines else ():
        methods[name] = partial(_run_all, name)
    figures = {NOISY: _measure([noisy for noisy, _ in pairs], pairs)}
    speed = {}
    for name, method in methods.items():
        start = time.perf_counter()
        results = [method(noisy) for noisy, _ in pairs]
        speed[name] = sum(map(len, results)) / (time.perf_counter() - start)
        figures[name] = _measure(results, pairs)
    return Evaluation(figures, speed, noise, data, seed)


def _measure(
    results: Sequence[Stack], pairs: Sequence[tuple[Stack, Stack]]
) -> dict[str, NDArray[np.float64]]:
    """Return each metric of each image."""
    return {
        metric: np.concatenate(
            [function(result, clean) for result, (_, clean) in zip(results, pairs, strict=True)]
        )
        for metric, function in METRICS.items()
    }


def _run_all(name: str, noisy: Stack) -> Stack:
    return np.stack([_run_baseline(name, image) for image in noisy])


def _run_baseline(name: str, image: Stack) -> Stack:
    """Run a baseline on ``(C, H, W)``."""
    last = np.ascontiguousarray(np.moveaxis(image, 0, -1))
    with warnings.catch_warnings():
        # PyWavelets says on small images that it reduces the number of levels: it should.
        warnings.simplefilter("ignore")
        restored = BASELINES[name](last, estimate_sigma(last))
    # Some of them drop an axis of one channel.
    return np.moveaxis(restored.reshape(last.shape), -1, 0).clip(0, 1).astype(np.float32)
