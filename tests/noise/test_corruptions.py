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
    "swap:0.3": 0.0,  # of images that are all alike
    "warp:1": 0.0,
    "grain:0.1": 0.1**2,
    "chroma:0.1": 0.0,  # a grey image has none
    "jpeg:90": 0.0,  # a flat image stays
}
ELSEWHERE = {"rows", "columns", "stain", "camera"}
LEVELS = {"jpeg": 20, "camera": 3200}
MEANS = {"mask:0.25": 0.75 * CLEAN, "salt-pepper:0.2": 0.8 * CLEAN + 0.1}


def test_every_corruption_is_tested() -> None:
    assert {spec.partition(":")[0] for spec in VARIANCES} | ELSEWHERE == NOISES.keys()


@pytest.mark.parametrize("spec", VARIANCES)
def test_statistics(spec: str) -> None:
    noisy = parse_noise(spec)(torch.full((4, 1, 256, 256), CLEAN), generator(7))
    count = noisy.numel()
    assert noisy.mean().item() == pytest.approx(
        MEANS.get(spec, CLEAN), abs=5 * (VARIANCES[spec] / count) ** 0.5 + 1e-6
    )
    assert noisy.var().item() == pytest.approx(VARIANCES[spec], rel=0.03, abs=1e-12)


@pytest.mark.parametrize("name", NOISES)
def test_the_seed_decides(name: str) -> None:
    noise, clean = parse_noise(f"{name}:{LEVELS.get(name, 0.5)}"), torch.rand(2, 3, 24, 24)
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
    for name in NOISES.keys() - {"poisson", "jpeg"}:
        assert torch.equal(parse_noise(f"{name}:0")(clean, generator(0)), clean), name


def test_swapped_pixels_come_from_their_place_in_other_images() -> None:
    """Image i has i at the left and 100 + i at the right, in both channels."""
    clean = torch.arange(50.0)[:, None, None, None].expand(50, 2, 8, 8).clone()
    clean[..., 4:] += 100
    noisy = parse_noise("swap:0.3")(clean, generator(0))
    assert (noisy[..., :4] < 50).all()
    assert (noisy[..., 4:] >= 100).all()
    assert torch.equal(noisy[:, 0], noisy[:, 1])
    # One in 50 is taken from the image itself.
    changed = (noisy != clean).float().mean().item()
    assert changed == pytest.approx(0.3 * 49 / 50, abs=0.03)
    one = torch.rand(1, 1, 8, 8)
    assert torch.equal(parse_noise("swap:1")(one, generator(0)), one)


def test_a_warp_moves_and_bends_but_keeps_what_is_there() -> None:
    """A disc stays a disc about as large, elsewhere; values stay between the least and largest."""
    y, x = torch.meshgrid(torch.arange(28.0), torch.arange(28.0), indexing="ij")
    disc = (((y - 13.5) ** 2 + (x - 13.5) ** 2) < 49).float().expand(200, 1, 28, 28)
    warped = parse_noise("warp:1")(disc, generator(0))
    assert ((warped >= 0) & (warped <= 1)).all()
    area = warped.sum((1, 2, 3)) / disc.sum((1, 2, 3))
    assert area.min() > 0.4
    assert area.max() < 2.5
    assert area.median().item() == pytest.approx(1, abs=0.1)
    middles = (warped[:, 0] * x).sum((1, 2)) / warped[:, 0].sum((1, 2)) - 13.5
    assert middles.std().item() > 0.7
    assert middles.mean().item() == pytest.approx(0, abs=0.4)
    gentle = parse_noise("warp:0.2")(disc, generator(0))
    assert (gentle - disc).abs().mean() < 0.5 * (warped - disc).abs().mean()
    # Each image by itself, and a level for each.
    assert not torch.equal(warped[0], warped[1])
    assert parse_noise("warp:0..1")(torch.rand(3, 3, 40, 30), generator(1)).shape == (3, 3, 40, 30)
