"""The contract, for every model in the table."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unnoise.errors import ModelError, UnknownNameError
from unnoise.models import (
    MLP,
    MODELS,
    Autoencoder,
    CodeModel,
    ConvAutoencoder,
    Model,
    ResidualUNet,
    UNet,
    build_model,
    find_model,
    join_features,
    macs_per_pixel,
    restore,
)

# What makes large models small, so that the tests are fast.
SMALL: dict[str, dict[str, Any]] = {
    "unet-xs": {"widths": (4, 8, 4)},
    "unet-s": {"widths": (4, 4, 4), "depths": (2, 1, 1)},
    "unet-slim": {"widths": (4, 4), "falling": (1,), "rising": (1, 1)},
    "unet-m": {"widths": (4, 8, 4), "falling": (1, 2), "rising": (2, 1, 2)},
    "unet-l": {"widths": (8, 4), "falling": (0,), "rising": (1, 1)},
    "autoencoder-m": {"widths": (4, 4, 8), "code": 6},
    "mlp": {"widths": (9, 7)},
}
SIZES = st.integers(1, 70)


def build(name: str, **changed: object) -> Model:
    arguments = find_model(name).network.arguments_for(channels=2, size=(20, 28))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build_model(name, arguments | SMALL.get(name, {}) | changed).eval()


@pytest.mark.parametrize(
    ("name", "kilomacs"),
    [("unet-xs", 9), ("unet-s", 20), ("unet-slim", 22), ("unet-m", 70), ("unet-l", 270)],
)
def test_the_ladder_costs_what_it_says(name: str, kilomacs: float) -> None:
    model = build_model(name, {"channels": 3})
    assert macs_per_pixel(model) / 1000 == pytest.approx(kilomacs, rel=0.1)


@pytest.mark.parametrize("name", MODELS)
def test_arguments_build_the_same_network(name: str) -> None:
    model = build(name)
    again = build_model(name, model.arguments).eval()
    again.load_state_dict(model.state_dict())
    x = torch.rand(2, 2, *(model.fixed_size or (16, 16)))
    with torch.inference_mode():
        assert torch.equal(restore(model, x), restore(again, x))


@pytest.mark.parametrize("name", MODELS)
def test_features_have_one_row_per_image(name: str) -> None:
    model = build(name)
    features = model.encode(torch.rand(3, 2, *(model.fixed_size or (16, 16))))
    assert len(features) == 3
    assert features.requires_grad


@pytest.mark.parametrize("name", MODELS)
def test_features_go_from_fine_to_narrow(name: str) -> None:
    model = build(name)
    images = torch.rand(3, 2, *(model.fixed_size or (16, 16)))
    found = model.features(images)
    assert all(len(level) == 3 for level in found)
    sides = [level.shape[-1] for level in found if level.ndim == 4]
    assert sides == sorted(sides, reverse=True)
    assert torch.equal(found[-1], model.encode(images))
    if isinstance(model, CodeModel):
        assert found[-1].shape == (3, model.code_size)
        assert torch.equal(model.decode(found[-1]), model(images))


def test_features_are_pooled_and_joined() -> None:
    features = [torch.rand(2, 3, 8, 6), torch.rand(2, 5, 1, 1), torch.rand(2, 7)]
    assert join_features(features, (0,), None).shape == (2, 3 * 48)
    rows = join_features(features, (0, 1, -1), 2)
    assert rows.shape == (2, 3 * 4 + 5 + 7)
    torch.testing.assert_close(rows[:, 0], features[0][:, 0, :4, :3].mean((1, 2)))
    torch.testing.assert_close(rows[:, -7:], features[2])
    for levels, pool in (((3,), None), ((-4,), None), ((), None), ((0,), 0)):
        with pytest.raises(ModelError, match=r"levels are|pool is"):
            join_features(features, levels, pool)


@pytest.mark.parametrize("name", MODELS)
def test_wrong_channels_are_explained(name: str) -> None:
    with pytest.raises(ModelError, match="has 3 channels and the model was trained for 2"):
        restore(build(name), torch.rand(1, 3, 20, 28))


def test_unknown_model() -> None:
    with pytest.raises(UnknownNameError, match="no model is called 'resnet': there are unet"):
        build_model("resnet", {})


@settings(max_examples=60)
@given(SIZES, SIZES)
def test_the_unet_takes_every_size(height: int, width: int) -> None:
    x = torch.rand(1, 2, height, width)
    with torch.inference_mode():
        assert restore(build("unet"), x).shape == x.shape


@settings(max_examples=40)
@given(SIZES, SIZES)
def test_an_autoencoder_is_built_for_every_size(height: int, width: int) -> None:
    x = torch.rand(2, 1, height, width)
    model = Autoencoder(size=(height, width)).eval()
    with torch.inference_mode():
        restored = restore(model, x)
    assert restored.shape == x.shape
    assert ((restored > 0) & (restored < 1)).all()


def test_every_small_square() -> None:
    model = build("unet")
    with torch.inference_mode():
        for side in range(1, 71):
            x = torch.rand(1, 2, side, side)
            assert restore(model, x).shape == x.shape, side


def test_padding_does_not_show_where_it_is_not_needed() -> None:
    """A padded image gives inside what the unpadded one gives, away from the border."""
    model, x = build("unet"), torch.rand(1, 2, 96, 96)
    with torch.inference_mode():
        whole, cut = restore(model, x), restore(model, x[..., :94, :93])
    reach = model.receptive_field // 2
    inside = slice(0, 93 - reach - 4)
    torch.testing.assert_close(cut[..., inside, inside], whole[..., inside, inside])


@pytest.mark.parametrize("widths", [(8, 16, 32), (8, 8), (8, 8, 8, 8), (8,)])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_receptive_field_holds(widths: tuple[int, ...], count: int) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = UNet(widths=widths, depths=(count,) * len(widths))
    check_receptive_field(model)


@pytest.mark.parametrize("widths", [(8, 16, 32), (8, 8), (8,)])
@pytest.mark.parametrize("count", [0, 1])
def test_the_receptive_field_of_residual_blocks_holds(widths: tuple[int, ...], count: int) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        counts = (count,) * len(widths)
        model = ResidualUNet(widths=widths, falling=counts[1:], rising=counts)
    check_receptive_field(model)


def check_receptive_field(model: Model) -> None:
    middle = 64
    x = torch.rand(1, 1, 2 * middle, 2 * middle, requires_grad=True)
    reached = 0
    for offset in range(model.size_multiple):
        place = middle + offset
        (gradient,) = torch.autograd.grad(model(x)[0, 0, place, place], x)
        touched = gradient[0, 0].nonzero()
        reached = max(reached, int((touched - place).abs().max()))
    stated = model.receptive_field // 2
    assert reached <= stated
    assert stated - reached <= 2 * model.size_multiple


def test_the_classic_autoencoder_is_the_tutorials() -> None:
    model = Autoencoder()
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == 194_785
    shapes = []
    layers = [model.conv1, model.conv2, model.conv3, model.dense, model.up1, model.up2, model.up3]
    for layer in layers:
        layer.register_forward_hook(lambda _, __, output: shapes.append(tuple(output.shape[1:])))
    assert model(torch.rand(1, 1, 28, 28)).shape == (1, 1, 28, 28)
    # The transposed "same" convolutions lose their last row and column after the layer.
    assert shapes == [
        (16, 28, 28),
        (32, 7, 7),
        (64, 2, 2),
        (576,),
        (32, 7, 7),
        (16, 15, 15),
        (1, 29, 29),
    ]
    assert model.encode(torch.rand(5, 1, 28, 28)).shape == (5, 576)


def test_the_autoencoder_says_why_it_cannot() -> None:
    with pytest.raises(ModelError, match=r"needs a dense layer of .* use --model unet"):
        Autoencoder(size=(512, 512))
    with pytest.raises(ModelError, match="takes only 20 × 28"):
        restore(build("autoencoder"), torch.rand(1, 2, 28, 28))


def test_a_unet_needs_matching_levels() -> None:
    for widths, depths in [
        ((8, 16), (1,)),
        ((), ()),
        ((0,), (1,)),
        ((8,), (-1,)),
        ((8,), (10**9,)),
    ]:
        with pytest.raises(ModelError, match="a unet has up to 8 levels"):
            UNet(widths=widths, depths=depths)


def test_a_residual_unet_needs_matching_levels() -> None:
    for widths, falling, rising in [
        ((8, 16), (1, 1), (1, 1)),
        ((8, 16), (1,), (1,)),
        ((), (), ()),
        ((0,), (), (1,)),
        ((8, 8), (-1,), (1, 1)),
        ((8,), (), (10**9,)),
    ]:
        with pytest.raises(ModelError, match="a residual unet has up to 8 levels"):
            ResidualUNet(widths=widths, falling=falling, rising=rising)


def test_no_feature_of_a_residual_unet_can_die() -> None:
    """However far biases fall, a gradient still reaches every weight."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = ResidualUNet(widths=(8, 8), falling=(1,), rising=(1, 1))
        x = torch.rand(1, 1, 16, 16)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.fill_(-10)
    model(x).square().mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None
        used = 4 if name.startswith("tail") else None  # the rest fills a vector up
        assert parameter.grad[:used].flatten(1 if parameter.ndim > 1 else 0).abs().sum(-1).all()


@pytest.mark.parametrize("name", ["unet-m", "unet-l"])
def test_a_residual_unet_without_shortcuts_has_none(name: str) -> None:
    model = build(name, shortcuts=False)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if key.startswith("up."):
                parameter.zero_()
        noisy = torch.rand(2, 2, 16, 16)
        assert torch.equal(*model(noisy))  # nothing of the input comes through


def test_macs_are_counted_by_hand() -> None:
    # One level: a stem of 3 × 3 from 1 to 8 channels, a tail of 4 × 4 on every fourth pixel.
    assert macs_per_pixel(UNet(widths=(8,), depths=(0,))) == 9 * 8 + 16 * 8 * 8 / 4
    classic = macs_per_pixel(Autoencoder()) * 28 * 28
    by_hand = (
        784 * 9 * 16
        + 49 * 9 * 16 * 32
        + 4 * 9 * 32 * 64
        + 256 * 576
        + 9 * 9 * 64 * 32
        + 49 * 9 * 32 * 16
        + 196 * 9 * 16
    )
    assert classic == by_hand


@settings(max_examples=30)
@given(SIZES, SIZES, st.sampled_from(["mlp", "autoencoder-m"]))
def test_code_models_are_built_for_every_size(height: int, width: int, name: str) -> None:
    narrow: dict[str, dict[str, Any]] = {
        "mlp": {"widths": (5, 3)},
        "autoencoder-m": {"widths": (2, 2, 2), "code": 3},
    }
    model = build_model(name, {"channels": 2, "size": (height, width), **narrow[name]}).eval()
    x = torch.rand(2, 2, height, width)
    with torch.inference_mode():
        made = restore(model, x)
    assert made.shape == x.shape
    assert ((made >= 0) & (made <= 1)).all()


@pytest.mark.parametrize(
    "build",
    [
        lambda: MLP(widths=()),
        lambda: MLP(widths=(0,)),
        lambda: MLP(size=(5000, 5000)),
        lambda: ConvAutoencoder(widths=(1, 2)),  # type: ignore[arg-type]  # as a file may say
        lambda: ConvAutoencoder(code=0),
        lambda: ConvAutoencoder(size=(2000, 2000)),
    ],
)
def test_code_models_that_cannot_be_are_explained(build: Callable[[], Model]) -> None:
    with pytest.raises(ModelError, match=r"an mlp has|autoencoder (has|for)"):
        build()


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_every_model_takes_neighbours_and_gives_the_middle(name: str, hidden: bool) -> None:
    model = build(name, depth=5, hidden=hidden)
    x = torch.rand(2, 5 * 2, *(model.fixed_size or (16, 16)), requires_grad=True)
    made = restore(model, x)
    assert made.shape == (2, 2, *x.shape[2:])
    made.sum().backward()
    assert x.grad is not None
    seen = x.grad.unflatten(1, (5, 2)).abs().amax((0, 2, 3, 4)) > 0
    assert seen.tolist() == [True, True, not hidden, True, True]
    again = build_model(name, model.arguments).eval()
    again.load_state_dict(model.state_dict())
    torch.testing.assert_close(restore(again, x), made)
    with pytest.raises(ModelError):
        restore(model, x[:, :2])


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_single_images_has_the_arguments_of_before(name: str) -> None:
    assert not {"depth", "hidden"} & set(build(name).arguments)


@pytest.mark.parametrize(("depth", "hidden"), [(0, False), (2, False), (-3, False), (1, True)])
def test_a_depth_is_odd_and_hides_nothing_alone(depth: int, hidden: bool) -> None:
    with pytest.raises(ModelError, match=f"depth is {depth}: it is an odd number"):
        build("unet", depth=depth, hidden=hidden)
