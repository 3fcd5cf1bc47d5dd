"""One table: every method on the same noisy images."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from unnoise.evaluation.baselines import available_baselines
from unnoise.evaluation.tuning import KNOBS, Estimator, Tuned, tune
from unnoise.metrics import METRICS
from unnoise.types import Denoise, Floats

MODEL, NOISY = "unnoise", "noisy"


@dataclass(frozen=True)
class Evaluation:
    """The figures of several methods on the same images.

    Attributes:
        per_image: For each method and metric (``psnr`` in dB, ``ssim``, ``mse``) one value per
            image, ``(N,)``.
        images_per_second: For each method that computes something.
        noise: The spec that made the noisy images; empty if they were noisy already.
        data: The source of the clean images.
        seed: The seed of the noise.
        parameters: The parameter of each classical method, in words; for several images the range.
    """

    per_image: dict[str, dict[str, NDArray[np.float64]]]
    images_per_second: dict[str, float]
    noise: str
    data: str
    seed: int
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def caption(self) -> str:
        """What was measured, in one line."""
        count = len(self.per_image[NOISY]["psnr"])
        made = f"noise {self.noise}, seed {self.seed}" if self.noise else "with their own noise"
        return f"mean of {count} images of {self.data}, {made}"

    def mean(self, method: str, metric: str) -> float:
        """Return the mean over the images; NaN if the metric is not defined."""
        return float(self.per_image[method][metric].mean())

    def rows(self) -> list[dict[str, float | str | None]]:
        """Return one row of means per method, best PSNR first; None for undefined metrics."""
        ordered = sorted(self.per_image, key=lambda method: -self.mean(method, "psnr"))
        return [
            {
                "method": method,
                **{
                    metric: None if np.isnan(value := self.mean(method, metric)) else value
                    for metric in METRICS
                },
                "images_per_second": self.images_per_second.get(method),
                "parameters": self.parameters.get(method),
            }
            for method in ordered
        ]


def compare(
    denoise: Denoise,
    pairs: Sequence[tuple[Floats, Floats]],
    *,
    noise: str,
    data: str,
    seed: int,
    together: Iterable[Floats] | None = None,
    baselines: bool = True,
    estimator: Estimator | None = None,
) -> Evaluation:
    """Measure a denoiser, the noisy images and the classical methods.

    Args:
        denoise: From noisy to denoised images.
        pairs: Noisy and clean images, ``(N, C, H, W)`` each; one pair of stacks for each size.
        noise: The spec; like ``data`` and ``seed`` for the record alone.
        data: The name of the images.
        seed: The seed of the noise.
        together: What the denoiser gets in place of the noisy images of each pair: the same with
            their neighbours. Classical methods see single images.
        baselines: Whether to run the classical methods, one image at a time.
        estimator: Returns a function that estimates errors on a noisy image, or None. Each
            classical method gets the parameter with the least error, else its default.
    """
    figures = {NOISY: _measure([noisy for noisy, _ in pairs], pairs)}
    speed, parameters = {}, {}

    def add(name: str, method: Denoise, given: Iterable[Floats] | None = None) -> None:
        start = time.perf_counter()
        results = [method(noisy) for noisy in given or (noisy for noisy, _ in pairs)]
        speed[name] = sum(map(len, results)) / (time.perf_counter() - start)
        figures[name] = _measure(results, pairs)

    add(MODEL, denoise, together)
    images = [image for noisy, _ in pairs for image in noisy]
    errors = [estimator(image) if estimator else None for image in images] if baselines else []
    for name in available_baselines() if baselines else ():
        chosen = [tune(name, *each) for each in zip(images, errors, strict=True)]
        parameters[name] = KNOBS[name].describe([each.setting for each in chosen])
        add(name, _in_order(chosen))
    return Evaluation(figures, speed, noise, data, seed, parameters)


def _in_order(chosen: Sequence[Tuned]) -> Denoise:
    """Return a function that applies to each image, in turn, the denoiser chosen for it."""
    following = iter(chosen)
    return lambda noisy: np.concatenate(
        [next(following)(image[None]).clip(0, 1) for image in noisy]
    )


def _measure(
    results: Sequence[Floats], pairs: Sequence[tuple[Floats, Floats]]
) -> dict[str, NDArray[np.float64]]:
    return {
        metric: np.concatenate(
            [function(result, clean) for result, (_, clean) in zip(results, pairs, strict=True)]
        )
        for metric, function in METRICS.items()
    }
