"""Grain, colour noise and lines have the spectrum, the strength and the symmetry of their names."""

import pytest
import torch
from torch import Tensor

from unnoise.noise import parse_noise
from unnoise.noise.grain import blur, split
from unnoise.seeding import generator


def noise_of(spec: str, channels: int = 3, count: int = 8) -> Tensor:
    clean = torch.full((count, channels, 128, 128), 0.5)
    return parse_noise(spec)(clean, generator(0)) - clean


def correlation(noise: Tensor, distance: int) -> float:
    moved = (noise[..., distance:] * noise[..., :-distance]).mean()
    return float(moved / noise.square().mean())


@pytest.mark.parametrize(("luma", "chroma"), [(0.5, 2.0), (1.0, 1.0), (0.0, 3.0)])
def test_a_gaussian_blur_decides_the_correlation(luma: float, chroma: float) -> None:
    """White noise after a gaussian of width w has the correlation exp(-d² / 4w²)."""
    bright, colours = split(noise_of(f"grain:0.1(luma={luma} chroma={chroma})", count=32))
    for noise, width in ((bright, luma), (colours[:, :1], chroma)):
        for distance in (1, 2):
            # Below a pixel the samples do not follow the formula of continuous images closely.
            expected = torch.exp(torch.tensor(-(distance**2) / (4 * max(width, 0.05) ** 2)))
            assert correlation(noise, distance) == pytest.approx(float(expected), abs=0.04)


def test_a_blur_keeps_the_strength_of_luma_and_chroma() -> None:
    weights = torch.tensor([0.299, 0.587, 0.114])
    for spec in ("grain:0.1(luma=0 chroma=0)", "grain:0.1(luma=1 chroma=3)"):
        bright, colours = split(noise_of(spec, count=32))
        assert float(bright.std()) == pytest.approx(0.1 * float(weights.norm()), rel=0.03)
        red = (1 - 2 * 0.299 + weights.square().sum()).sqrt()
        assert float(colours[:, 0].std()) == pytest.approx(0.1 * float(red), rel=0.06)


def test_chroma_has_no_luma() -> None:
    bright, colours = split(noise_of("chroma:0.2(width=2)"))
    assert bright.abs().max() < 1e-6
    assert colours.std() > 0.1


@pytest.mark.parametrize(("name", "along", "across"), [("rows", 3, 2), ("columns", 2, 3)])
def test_lines_are_shared_along_and_independent_across(name: str, along: int, across: int) -> None:
    noise = noise_of(f"{name}:0.1", count=32)
    first = noise.select(1, 0)
    assert (noise == noise[:, :1]).all()
    assert torch.equal(first, first.narrow(along - 1, 0, 1).expand_as(first))
    lines = first.select(along - 1, 0)
    assert float(lines.std()) == pytest.approx(0.1, rel=0.05)
    assert abs(float((lines[:, 1:] * lines[:, :-1]).mean() / lines.square().mean())) < 0.05
    assert across != along


def test_a_blur_of_no_width_changes_nothing() -> None:
    images = torch.rand(3, 2, 7, 10)
    torch.testing.assert_close(blur(images, torch.zeros(3, 1, 1, 1)), images)
