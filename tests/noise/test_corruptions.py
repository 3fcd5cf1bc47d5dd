"""Each corruption has the mean and the variance of its formula, and depends on its seed alone."""

import pytest
import torch

from unnoise.noise import NOISES, parse_noise
from unnoise.seeding import generator

CLEAN = 0.4
# Variance of each corruption of a pixel of value x, by its formula.
VARIANCES = {
    "gaussian:0.1": 0.1**2,
    "poisson:50": CLEAN / 50,
    "speckle:0.2": (CLEAN * 0.2) ** 2,
    "uniform:0.3": 0.3**2 / 3,
    "mask:0.25": 0.25 * 0.75 * CLEAN**2,
    "salt-pepper:0.2": 0.8 * CLEAN**2 + 0.1 - (0.8 * CLEAN + 0.1) ** 2,
}
MEANS = {"mask:0.25": 0.75 * CLEAN, "salt-pepper:0.2": 0.8 * CLEAN + 0.1}


def test_every_corruption_is_tested() -> None:
    assert {spec.partition(":")[0] for spec in VARIANCES} == NOISES.keys()


@pytest.mark.parametrize("spec", VARIANCES)
def test_statistics(spec: str) -> None:
    noisy = parse_noise(spec)(torch.full((4, 1, 256, 256), CLEAN), generator(7))
    count = noisy.numel()
    assert noisy.mean().item() == pytest.approx(
        MEANS.get(spec, CLEAN), abs=5 * (VARIANCES[spec] / count) ** 0.5
    )
    assert noisy.var().item() == pytest.approx(VARIANCES[spec], rel=0.03)


@pytest.mark.parametrize("name", NOISES)
def test_the_seed_decides(name: str) -> None:
    noise, clean = parse_noise(f"{name}:0.5"), torch.rand(2, 3, 8, 8)
    once, again = noise(clean, generator(3, "a")), noise(clean, generator(3, "a"))
    assert torch.equal(once, again)
    assert not torch.equal(once, noise(clean, generator(3, "b")))
    assert once.shape == clean.shape
    assert once.dtype == torch.float32


@pytest.mark.parametrize("name", ["mask", "salt-pepper"])
def test_whole_pixels_are_replaced(name: str) -> None:
    clean = torch.full((1, 3, 64, 64), CLEAN)
    changed = parse_noise(f"{name}:0.3")(clean, generator(0)) != clean
    assert torch.equal(changed.all(1), changed.any(1))
    assert changed.float().mean().item() == pytest.approx(0.3, abs=0.04)


def test_level_zero_changes_nothing() -> None:
    clean = torch.rand(2, 1, 8, 8)
    for name in NOISES.keys() - {"poisson"}:
        assert torch.equal(parse_noise(f"{name}:0")(clean, generator(0)), clean), name
