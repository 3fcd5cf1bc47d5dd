"""The accuracy that noise costs a classifier, and the part that denoising brings back."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from unnoise.noise import Noise
from unnoise.seeding import generator
from unnoise.types import Floats

Classes = NDArray[np.int64]

PLACES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the ranges of a noise


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """Accuracy of a classifier that was trained on clean images."""

    noise: str  # of the test images
    noisy: float  # share of the noisy images that get the right class
    denoised: float  # the same after denoising


def recover(
    classify: Callable[[Floats], Classes],
    denoise: Callable[[Floats], Floats],
    images: Floats,
    classes: Classes,
    noise: Noise,
    *,
    seed: int = 0,
) -> list[Recovered]:
    """Classify noisy images before and after denoising.

    Args:
        classify: From images ``(N, C, H, W)`` in [0, 1] to their classes ``(N,)``.
        denoise: From noisy images to clean ones of the same shape.
        images: Clean images.
        classes: Their true classes.
        noise: Its ranges are passed through together, in five steps.
        seed: Decides the noise.
    """
    rows = []
    for place in PLACES if noise.varies else PLACES[:1]:
        there = noise.at(place)
        noisy = there(torch.from_numpy(images), generator(seed, "recover", str(there))).numpy()
        right = [float(np.mean(classify(seen) == classes)) for seen in (noisy, denoise(noisy))]
        rows.append(Recovered(noise=str(there), noisy=right[0], denoised=right[1]))
    return rows
