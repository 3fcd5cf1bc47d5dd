"""What people see: contrast is stretched where it is low, and nowhere else."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from unnoise.images import Contrast, open_image, pixel_size, upright


def picture(dtype: type = np.uint8, low: float = 0, high: float = 255) -> np.ndarray:
    """Return a ramp ``(64, 64, 1)``: all values are equally frequent."""
    return np.linspace(low, high, 64 * 64).reshape(64, 64, 1).astype(dtype)


def test_a_photograph_that_uses_its_range_is_drawn_to_the_value() -> None:
    image = picture()
    contrast = Contrast.of(image)
    assert contrast.said == ""
    np.testing.assert_array_equal(np.rint(contrast.draw(image) * 255), image)


def test_a_dark_12_bit_image_is_not_black_and_the_stretch_is_said() -> None:
    image = picture(np.uint16, 210, 3950)
    contrast = Contrast.of(image)
    assert 0.4 < contrast.draw(image).mean() < 0.6
    assert contrast.said == "contrast stretched: 213 to 3,946"  # the percentiles 0.1 and 99.9


@pytest.mark.parametrize("value", [0, 800, 4095])
def test_a_flat_12_bit_image_has_a_contrast(value: int) -> None:
    drawn = Contrast.of(np.full((8, 8, 1), value, np.uint16)).draw(
        np.full((8, 8, 1), value, np.uint16)
    )
    assert np.isfinite(drawn).all()
    assert drawn.mean() >= (0.15 if value else 0)


def test_floats_beyond_white_are_stretched_and_noise_around_black_is_not() -> None:
    assert Contrast.of(picture(np.float32, 0, 4000)).stretched
    assert not Contrast.of(picture(np.float32, -0.1, 1.1)).stretched


def test_what_is_not_finite_or_masked_counts_for_nothing() -> None:
    image = picture(np.float32, 10, 20)
    image[0, 0] = np.nan
    contrast = Contrast.of(image)
    assert np.isfinite(contrast.draw(image)).all()
    masked = np.ma.MaskedArray(picture(np.uint16, 0, 1000), np.zeros((64, 64, 1), bool))
    masked[32:] = np.ma.masked
    assert Contrast.of(masked).values.high == pytest.approx(500, abs=2)


def test_each_channel_of_other_than_colours_has_its_own() -> None:
    image = np.concatenate([picture(np.uint16, 0, 100), picture(np.uint16, 0, 5000)], axis=2)
    drawn = Contrast.of(image, each=True).draw(image)
    np.testing.assert_allclose(drawn.mean((0, 1)), 0.5, atol=0.02)
    assert Contrast.of(image).draw(image)[..., 0].mean() < 0.02


@pytest.mark.parametrize(
    ("options", "micrometres"),
    [
        ({"resolution": (2e4, 4e4), "resolutionunit": "CENTIMETER"}, (0.25, 0.5)),
        ({"resolution": (300, 300), "resolutionunit": "INCH"}, (25400 / 300,) * 2),
        ({"resolution": (72, 72), "resolutionunit": "INCH"}, None),
        ({"resolution": (2, 2), "resolutionunit": "NONE"}, None),
        ({}, None),
        ({"imagej": True, "resolution": (4, 4), "metadata": {"unit": "micron"}}, (0.25, 0.25)),
        ({"imagej": True, "resolution": (4, 4), "metadata": {"unit": "\\u00B5m"}}, (0.25, 0.25)),
        ({"imagej": True, "resolution": (4, 4), "metadata": {"unit": "pixel"}}, None),
        (
            {"ome": True, "metadata": {"PhysicalSizeX": 325, "PhysicalSizeXUnit": "nm"}},
            (0.325, 0.325),
        ),
        ({"ome": True, "metadata": {"PhysicalSizeX": 0.1, "PhysicalSizeY": 0.2}}, (0.2, 0.1)),
        ({"ome": True}, None),
    ],
)
def test_the_size_of_a_pixel(
    tmp_path: Path, options: dict[str, object], micrometres: tuple[float, float] | None
) -> None:
    path = tmp_path / "image.tif"
    tifffile.imwrite(path, np.zeros((8, 9), np.uint16), **options)  # type: ignore[arg-type]
    with open_image(path) as reader:
        found = pixel_size(reader)
    assert found == (None if micrometres is None else pytest.approx(micrometres))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_keeps_channels_last(orientation: int) -> None:
    image = np.arange(2 * 3 * 3).reshape(2, 3, 3)
    turned = upright(image, orientation)
    for channel in range(3):
        np.testing.assert_array_equal(
            turned[..., channel], upright(image[..., channel], orientation)
        )
    assert turned.shape == ((2, 3, 3) if orientation < 5 else (3, 2, 3))
