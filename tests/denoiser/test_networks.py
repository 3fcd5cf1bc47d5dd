"""Networks made of others: images that lie interleaved, and grey ones for a colour network."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from known_networks import torch_network

from unnoise.denoiser.networks import Interleaved, Repeated, deinterleave, interleave
from unnoise.models import UNet

SMALL = st.integers(1, 4)
RANDOM = np.random.default_rng(0)


@given(SMALL, SMALL, SMALL, SMALL, SMALL)
def test_parts_are_every_so_manieth_pixel(b: int, c: int, stride: int, h: int, w: int) -> None:
    images = RANDOM.random((b, c, h * stride, w * stride), np.float32)
    parts = deinterleave(images, stride)
    np.testing.assert_array_equal(interleave(parts, stride), images)
    slices = [images[..., y::stride, x::stride] for y in range(stride) for x in range(stride)]
    found = parts.reshape(b, stride**2, c, h, w).swapaxes(0, 1)
    np.testing.assert_array_equal(found, np.stack(slices))


@pytest.mark.parametrize("stride", [2, 3])
def test_the_receptive_field_holds(stride: int) -> None:
    torch.manual_seed(0)
    network = Interleaved(torch_network(UNet(widths=(4, 4), depths=(1, 1))), stride)
    side = 12 * network.size_multiple
    image = RANDOM.random((1, 1, side, side), np.float32)
    changed = image.copy()
    changed[..., side // 2, side // 2] += 1
    rows = np.flatnonzero((network.run(image) != network.run(changed))[0, 0].any(axis=1))
    assert np.abs(rows - side // 2).max() <= network.receptive_field // 2


def test_grey_is_the_mean_of_what_becomes_of_equal_channels() -> None:
    torch.manual_seed(0)
    colour = torch_network(UNet(channels=3, widths=(4, 4), depths=(1, 1)))
    grey = RANDOM.random((2, 1, 8, 8), np.float32)
    expected = colour.run(np.concatenate([grey] * 3, axis=1)).mean(1, keepdims=True)
    assert Repeated(colour).channels == 1
    np.testing.assert_allclose(Repeated(colour).run(grey), expected, atol=1e-6)
