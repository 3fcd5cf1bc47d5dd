"""The part of a risk that is noise is found without clean images."""

import numpy as np
import pytest
import torch

from unnoise.images import ValueRange
from unnoise.objectives import (
    LOSSES,
    Interpolation,
    Neighbor2Neighbor,
    Noise2Noise,
    Noise2Void,
    Objective,
    Supervised,
)
from unnoise.training import Held, HeldOutValidator
from unnoise.types import Array

SIGMA = 0.1


def noisy(views: int, channels: int = 1) -> tuple[Array, ...]:
    """Return captures ``(H, W, C)`` of one smooth scene."""
    random = np.random.default_rng(0)
    scene = np.linspace(0.3, 0.7, 96)[:, None, None] + np.zeros((96, 96, channels))
    return tuple(
        (scene + random.normal(0, SIGMA, scene.shape)).astype(np.float32) for _ in range(views)
    )


def noise_of(objective: Objective, views: tuple[Array, ...], channels: int = 1) -> float:
    ranges = [ValueRange.nominal(np.float32)] * len(views)
    validator = HeldOutValidator(
        objective=objective, held=Held.of([views], ranges), seed=0, device=torch.device("cpu")
    )
    return validator.noise(channels)


@pytest.mark.parametrize(
    ("objective", "views"),
    [
        (Noise2Noise(), noisy(2)),
        (Neighbor2Neighbor(gamma=0.0), noisy(1)),
        (Noise2Void(), noisy(1)),
        (Interpolation(3), noisy(1, 3)),
        (Interpolation(5, 1), noisy(1, 5)),
    ],
    ids=lambda each: type(each).__name__,
)
def test_the_noise_of_targets_is_its_variance(
    objective: Objective, views: tuple[Array, ...]
) -> None:
    assert noise_of(objective, views) == pytest.approx(SIGMA**2, rel=0.1)


def test_clean_targets_have_no_noise() -> None:
    assert noise_of(Supervised(LOSSES["mse"]), noisy(2)) == 0
