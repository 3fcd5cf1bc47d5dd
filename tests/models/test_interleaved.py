import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unnoise.models import Interleaved, UNet, deinterleave, interleave, restore

SMALL = st.integers(1, 4)


@given(SMALL, SMALL, SMALL, SMALL, SMALL)
def test_parts_are_every_so_manieth_pixel(b: int, c: int, stride: int, h: int, w: int) -> None:
    images = torch.rand(b, c, h * stride, w * stride)
    parts = deinterleave(images, stride)
    assert torch.equal(interleave(parts, stride), images)
    slices = [images[..., y::stride, x::stride] for y in range(stride) for x in range(stride)]
    assert torch.equal(parts.view(b, stride**2, c, h, w).transpose(0, 1), torch.stack(slices))


@settings(max_examples=20)
@given(st.integers(1, 3), st.integers(1, 40), st.integers(1, 40))
def test_any_size_is_taken(stride: int, height: int, width: int) -> None:
    model = Interleaved(UNet(widths=(4, 4), depths=(1, 1)), stride).eval()
    noisy = torch.rand(1, 1, height, width)
    with torch.inference_mode():
        assert restore(model, noisy).shape == noisy.shape


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_receptive_field_holds(stride: int) -> None:
    torch.manual_seed(0)
    model = Interleaved(UNet(widths=(4, 4), depths=(1, 1)), stride)
    size = 12 * model.size_multiple
    noisy = torch.rand(1, 1, size, size, requires_grad=True)
    model(noisy)[0, 0, size // 2, size // 2].backward()
    assert noisy.grad is not None
    rows = noisy.grad[0, 0].abs().amax(1).nonzero().squeeze(1)
    assert (rows - size // 2).abs().max() <= model.receptive_field // 2
    assert model.encode(noisy).shape[0] == stride**2
