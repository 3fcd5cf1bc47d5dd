"""The noise of a camera is like the one that was measured on developed photographs."""

import pytest
import torch
from skimage import data
from torch import Tensor

from unnoise.noise import parse_noise
from unnoise.noise.camera import develop, to_linear, to_srgb
from unnoise.noise.grain import split
from unnoise.seeding import generator

# Of 15 photographs by three cameras at ISO 1,600 to 6,400: correlation at 1, 2 and 3 pixels.
LUMA, RED_LESS_GREEN = (0.6, 0.17, 0.05), (0.88, 0.68, 0.49)
LEVELS = 3, 7  # of 255, the standard deviation of their luma


@pytest.fixture(scope="module")
def photograph() -> Tensor:
    image = torch.from_numpy(data.astronaut()[:384, :384].copy()).permute(2, 0, 1) / 255
    return image.unfold(1, 128, 128).unfold(2, 128, 128).permute(1, 2, 0, 3, 4).flatten(0, 1)


def noise_of(clean: Tensor, spec: str, repeat: int = 6) -> Tensor:
    many = clean.repeat(repeat, 1, 1, 1)
    return parse_noise(spec)(many, generator(1)) - many


def median_correlation(noise: Tensor, distance: int) -> float:
    moved = (noise[..., distance:] * noise[..., :-distance]).mean((1, 2))
    return float((moved / noise.square().mean((1, 2))).median())


def test_its_grain_is_the_one_of_developed_photographs(photograph: Tensor) -> None:
    noise = noise_of(photograph, "camera:1600..6400")
    for image, measured in (
        (split(noise)[0][:, 0], LUMA),
        (noise[:, 0] - noise[:, 1], RED_LESS_GREEN),
    ):
        found = [median_correlation(image, distance) for distance in (1, 2, 3)]
        assert found == pytest.approx(measured, abs=0.1)


def test_its_level_is_the_one_of_developed_photographs(photograph: Tensor) -> None:
    level = 255 * split(noise_of(photograph, "camera:3200..6400"))[0].std((1, 2, 3)).median()
    assert LEVELS[0] < float(level) < LEVELS[1]


def test_its_tails_are_those_of_developed_photographs(photograph: Tensor) -> None:
    """Measured: a median kurtosis of 4.3, 3.7 to 6.5; that of normal values is 3."""
    luma = split(noise_of(photograph, "camera:1600..6400"))[0].flatten(1)
    centred = luma - luma.mean(1, keepdim=True)
    kurtosis = (centred**4).mean(1) / centred.square().mean(1) ** 2
    assert 3.7 < float(kurtosis.median()) < 6.5


def test_four_times_the_sensitivity_has_about_twice_the_noise(photograph: Tensor) -> None:
    low, high = (
        noise_of(photograph, f"camera:{iso}").std((1, 2, 3)).median() for iso in (400, 1600)
    )
    assert float(high / low) == pytest.approx(2, abs=0.15)


def test_in_linear_light_noise_grows_with_brightness() -> None:
    """Shot noise: in linear light its variance is proportional to brightness."""
    dark, bright = to_srgb(torch.tensor([0.1, 0.4]))
    clean = torch.stack([dark, bright])[:, None, None, None].expand(-1, 3, 64, 64)
    many = clean.repeat_interleave(300, 0)
    developed = many + develop(many, torch.full((600, 1, 1, 1), 400.0), generator(2))
    noise = to_linear(developed) - to_linear(many)
    variances = noise.var((1, 2, 3)).view(2, 300).median(1).values
    assert float(variances[1] / variances[0]) == pytest.approx(4, rel=0.25)


def test_more_noise_is_kept_where_there_is_texture() -> None:
    """Measured: a kurtosis of 4 to 7, where noise that is alike everywhere has 3."""
    clean = torch.full((200, 3, 64, 64), 0.4)
    clean[..., 32:] += 0.1 * torch.randn(200, 1, 64, 32, generator=generator(0))
    noise = parse_noise("camera:800")(clean, generator(1)) - clean
    flat, textured = noise[..., 8:24].std((1, 2, 3)), noise[..., 40:56].std((1, 2, 3))
    assert 1.1 < float((textured / flat).median()) < 2


def test_noise_rises_with_brightness_in_some_photographs_and_falls_in_others() -> None:
    """Measured: in some it is twice as strong in the brightest quarter, in others weaker."""
    clean = torch.full((400, 3, 64, 64), 0.15)
    clean[..., 32:] = 0.6
    noise = parse_noise("camera:800")(clean, generator(1)) - clean
    ratios = noise[..., 40:56].std((1, 2, 3)) / noise[..., 8:24].std((1, 2, 3))
    assert float(ratios.quantile(0.1)) < 0.8
    assert float(ratios.quantile(0.9)) > 1.3


def test_a_grey_image_has_grey_noise_that_is_not_white() -> None:
    clean = torch.full((40, 1, 64, 64), 0.5)
    noise = parse_noise("camera:3200")(clean, generator(0)) - clean
    assert noise.shape == clean.shape
    assert 0.3 < median_correlation(noise[:, 0], 1) < 0.8
    assert parse_noise("camera:3200")(torch.rand(2, 5, 9, 7), generator(0)).shape == (2, 5, 9, 7)


def test_the_curve_of_srgb_is_undone() -> None:
    values = torch.linspace(0, 1, 1001)
    torch.testing.assert_close(to_srgb(to_linear(values)), values, atol=1e-5, rtol=0)
