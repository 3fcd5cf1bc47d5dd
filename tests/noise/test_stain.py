"""Stains darken smoothly, by as much as they say, and never brighten."""

import torch

from unnoise.noise import parse_noise
from unnoise.seeding import generator


def test_stains_darken_by_at_most_their_level() -> None:
    clean = torch.full((100, 1, 64, 64), 0.8)
    kept = parse_noise("stain:0.4")(clean, generator(0)) / clean
    assert kept.max() <= 1 + 1e-6
    assert kept.min() >= 0.6 - 1e-6
    assert 0.65 < float(kept.mean()) < 0.95
    # Smooth: neighbours differ by far less than the image does.
    assert (kept[..., 1:] - kept[..., :-1]).abs().mean() < 0.2 * kept.std()
    # Each image has stains of its own.
    assert kept.mean((1, 2, 3)).std() > 0.03


def test_all_channels_are_stained_alike() -> None:
    clean = torch.rand(2, 3, 33, 20)
    kept = parse_noise("stain:0.5")(clean, generator(1)) / clean
    torch.testing.assert_close(kept[:, :1].expand_as(kept), kept, atol=1e-4, rtol=1e-3)
