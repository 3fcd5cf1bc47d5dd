"""The parameter of each classical denoiser, chosen on the noisy image alone.

The caller decides how results are rated. The search starts at the default parameter and goes to
neighbouring ones while they are better.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from unnoise.evaluation.baselines import BASELINES, estimate_sigma
from unnoise.types import Denoise, Floats

Error = Callable[[Denoise], float]
Estimator = Callable[[Floats], Error | None]

SIGMAS = tuple(2 ** (step / 2) for step in range(-3, 10))  # times the estimated noise
PIXELS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0, 1.2, 1.4, 1.7, 2.0, 2.4, 2.8, 3.4, 4.0)


@dataclass(frozen=True)
class Knob:
    """The parameter of a denoiser, by its name in tables."""

    name: str
    values: tuple[float, ...]  # to try, rising
    default: float
    of_noise: bool = False  # whether the values are multiples of the estimated noise

    def describe(self, settings: list[float]) -> str:
        """Return the parameter in words; for several images their median and range."""
        low, middle, high = (f"{at(settings):.2g}" for at in (np.min, np.median, np.max))
        spread = f" (median; {low} to {high})" if low != high else ""
        return f"{self.name} {middle}{spread}"


OF_NOISE = Knob("sigma", SIGMAS, 1.0, of_noise=True)
KNOBS = {
    "gaussian": Knob("sigma in pixels", PIXELS, 0.7),
    "median": Knob("side in pixels", (1, 3, 5, 7, 9), 3),
    "total variation": Knob("weight", SIGMAS, 1.0, of_noise=True),
    "non-local means": OF_NOISE,
    "wavelet": OF_NOISE,
    "bm3d": OF_NOISE,
}


@dataclass(frozen=True)
class Tuned:
    """A classical denoiser with its parameter."""

    name: str  # in BASELINES
    setting: float  # a strength of noise is in the unit of the images

    @property
    def words(self) -> str:
        """Such as ``gaussian (sigma in pixels 1.2)``."""
        return f"{self.name} ({KNOBS[self.name].describe([self.setting])})"

    def __call__(self, stack: Floats) -> Floats:
        """Denoise ``(N, C, H, W)``."""
        return np.stack([self._one(image) for image in stack])

    def _one(self, image: Floats) -> Floats:
        last: Floats = np.ascontiguousarray(np.moveaxis(image, 0, -1))
        with warnings.catch_warnings():
            # PyWavelets warns that small images get fewer levels, which is right.
            warnings.simplefilter("ignore")
            restored = BASELINES[self.name](last, self.setting)
        # Some denoisers drop an axis of one channel.
        return np.moveaxis(restored.reshape(last.shape), -1, 0).astype(np.float32)


def tune(name: str, noisy: Floats, error: Error | None = None) -> Tuned:
    """Choose the parameter of a denoiser on one image.

    Args:
        name: The name of the denoiser, in ``BASELINES``.
        noisy: ``(C, H, W)``.
        error: Estimates the error of a function on the image, without a reference; None keeps the
            default parameter.
    """
    knob, found = KNOBS[name], dict[int, float]()
    scale = estimate_sigma(np.moveaxis(noisy, 0, -1)) if knob.of_noise else 1.0

    def tuned(place: int) -> Tuned:
        return Tuned(name, knob.values[place] * scale)

    place = knob.values.index(knob.default)
    if error is None:
        return tuned(place)

    def error_at(place: int) -> float:
        if not 0 <= place < len(knob.values):
            return np.inf
        if place not in found:
            found[place] = error(tuned(place))
        return found[place]

    for step in (1, -1):
        while error_at(place + step) < error_at(place):
            place += step
    return tuned(place)
