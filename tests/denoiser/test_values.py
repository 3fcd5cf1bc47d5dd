"""Channels, transparency, strength and value range, by models whose answer is known."""

from typing import Any

import numpy as np
import pytest
from known_models import linear, seen

from unnoise.denoiser.network import CPU
from unnoise.errors import ConfigError, ImageError, ModelError

RANDOM = np.random.default_rng(0)


def image(*shape: int) -> np.ndarray:
    return RANDOM.integers(0, 128, shape, dtype=np.uint8)


@pytest.mark.parametrize("channels", [2, 3, 5])
def test_a_grey_model_takes_each_channel_by_itself(channels: int) -> None:
    denoiser = linear(1, scale=2.0)
    many = image(7, 9, channels)
    stack = np.moveaxis(many, -1, 0)
    np.testing.assert_array_equal(denoiser.stack(many[None])[0], many * 2)
    np.testing.assert_array_equal(denoiser.stack(stack), stack * 2)
    if channels < 4:
        np.testing.assert_array_equal(denoiser(many), many * 2)


def test_a_colour_model_gives_a_grey_image_the_mean() -> None:
    denoiser = linear(3, shift=(0.0, 3 / 255, 6 / 255))
    grey = image(6, 5)
    np.testing.assert_array_equal(denoiser(grey), grey + 3)
    np.testing.assert_array_equal(denoiser(grey[..., None]), grey[..., None] + 3)
    np.testing.assert_array_equal(denoiser(image(6, 5, 3) * 0), [[[0, 3, 6]] * 5] * 6)


def test_other_numbers_of_channels_are_refused() -> None:
    with pytest.raises(ModelError, match="has 2 channels and the model was trained for 3"):
        linear(3)(image(6, 5, 2))
    with pytest.raises(ModelError, match="has 3 channels and the model was trained for 4"):
        linear(4)(image(6, 5, 3))
    assert linear(7)(image(6, 5, 7)).shape == (6, 5, 7)
    with pytest.raises(ImageError, match=r"pass it to denoiser\.stack"):
        linear(1)(image(6, 5, 7))


@pytest.mark.parametrize("strength", [0.25, 1.0])
def test_a_fourth_channel_is_transparency_for_a_model_of_three(strength: float) -> None:
    rgba = image(6, 5, 4)
    rgba[..., :3] = rgba[..., :3] // 4 * 4
    clean = linear(3, scale=2.0)(rgba, strength=strength)
    np.testing.assert_array_equal(clean[..., 3], rgba[..., 3])
    np.testing.assert_array_equal(clean[..., :3], rgba[..., :3] * (1 + strength))


def test_values_that_the_model_cannot_know_are_refused() -> None:
    denoiser = linear(1)
    with pytest.raises(ImageError, match=r"go down to -3.* train it on images like these"):
        denoiser(np.array([[-3, 5]], np.int16))
    with pytest.raises(ImageError, match=r"from -3 to 2\.5: floats"):
        denoiser(np.array([[-3, 2.5]]))
    given = np.array([[-0.5, 1.5, 0.25]], np.float32)
    np.testing.assert_allclose(linear(1, scale=2.0)(given), [[0, 1, 0.5]])
    # What noise put outside stays outside where little is taken off.
    np.testing.assert_allclose(linear(1, scale=2.0)(given, strength=0.5), [[-0.25, 1.25, 0.375]])


def test_the_range_of_training_is_that_of_any_byte_order_and_float_width() -> None:
    kept = {"dtype": "uint16", "low": 0.0, "high": 4095.0, "clamp": False}
    twelve = linear(1, scale=0.5, value_range=kept)
    given = np.array([[4000, 17]], np.uint16)
    np.testing.assert_array_equal(twelve(given), twelve(given.astype(">u2")))
    floats = linear(1, scale=0.5, value_range={**kept, "dtype": "float32", "low": -100.0})
    wide = np.array([[3000.0, -50.0]])
    np.testing.assert_allclose(floats(wide), floats(wide.astype(np.float32)), rtol=1e-5)


def test_unless_the_model_has_four() -> None:
    rgba = image(6, 5, 4)
    np.testing.assert_array_equal(linear(4, scale=2.0)(rgba), rgba * 2)


@pytest.mark.parametrize("dtype", ["u1", "u2", "i2", "u4", "i8", "f4", "f8", "?"])
def test_strength_zero_gives_the_input_back_exactly(dtype: str) -> None:
    denoiser = linear(1, scale=0.3, shift=(0.1,))
    bits = {"f4": "u4", "f8": "u8", "?": "u1"}.get(dtype, dtype)
    given = np.frombuffer(RANDOM.bytes(8 * 30), bits)[:30].reshape(5, 6)
    if dtype in ("f4", "f8"):
        given = given / np.iinfo(bits).max
    given = given.astype(dtype)
    result = denoiser(given, strength=0)
    np.testing.assert_array_equal(result, given)
    assert result is not given
    if not dtype.startswith("i"):
        assert not np.array_equal(denoiser(given), given)


def test_strength_mixes_before_rounding() -> None:
    denoiser = linear(1, scale=0.0)
    given = np.full((4, 4), 3, np.uint8)
    assert denoiser(given, strength=0.2).max() == 2  # 2.4
    assert denoiser(given, strength=0.1).max() == 3  # 2.7
    floats = RANDOM.random((40, 50)).astype(np.float32)
    np.testing.assert_allclose(denoiser(floats, strength=0.25), 0.75 * floats, atol=1e-6)


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_strength_that_means_nothing_is_refused(strength: float) -> None:
    with pytest.raises(ConfigError, match=r"from 0.*to 1"):
        linear(1)(image(4, 4), strength=strength)


TWELVE_BITS: dict[str, Any] = {"dtype": "uint16", "low": 0.0, "high": 4095.0, "clamp": False}


def test_the_range_of_the_training_data_is_used_for_their_dtype() -> None:
    denoiser = linear(1, shift=(0.5,), value_range=TWELVE_BITS)
    given = np.array([[0, 2000, 4095, 60000]], np.uint16)
    # Not limited to 12 bits, only to what the dtype holds.
    np.testing.assert_allclose(denoiser(given), given + 2047.5, atol=0.5)
    assert denoiser(np.full((3, 3), 65000, np.uint16)).max() == 65535
    other = np.array([[0, 100, 200]], np.uint8)  # of another dtype: the nominal range
    np.testing.assert_allclose(denoiser(other), [[127.5, 227.5, 255]], atol=0.5)


def test_a_range_from_statistics_is_not_clamped() -> None:
    kept = {"dtype": "float32", "low": -100.0, "high": 900.0, "clamp": False}
    given = np.array([[-300.0, 0.0, 5000.0]], np.float32)
    clean = linear(1, shift=(0.01,), value_range=kept)(given)
    np.testing.assert_allclose(clean, given + 10, atol=1e-2)
    floats = np.full((1, 1, 3, 3), 1.5, np.float32)
    assert linear(1, value_range=kept).denoise_floats(floats).max() == 1.5
    assert linear(1).denoise_floats(floats).max() == 1


def test_large_arrays_are_tiled_and_give_the_same() -> None:
    denoiser = linear(1, scale=2.0)
    large = image(1200, 1101, 3)
    np.testing.assert_array_equal(denoiser(large), large * 2)
    floats = RANDOM.random((2, 2, 1300, 1000), np.float32) * np.float32(0.5)
    doubled = denoiser.denoise_floats(floats)
    np.testing.assert_allclose(doubled, floats + floats, atol=1e-6)
    assert max(np.prod(shape[2:]) for shape in seen(denoiser)) < CPU.side**2 * 1.02


def test_small_images_run_many_at_once() -> None:
    denoiser = linear(1)
    denoiser.stack(image(1000, 28, 28))
    assert len(seen(denoiser)) == 6  # 150,000 pixels at once
