"""Channels, transparency, strength and value range, by models whose answer is known."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from known_models import linear, seen

import unnoise
from unnoise.denoiser import DenoiseOptions
from unnoise.denoiser.networks import CPU
from unnoise.errors import ConfigError, ImageError, ModelError
from unnoise.images import open_image, read_stack, write_stack

RANDOM = np.random.default_rng(0)


ONE_BY_ONE = pytest.mark.filterwarnings("ignore:.*channels are denoised one by one")
READ_SO = pytest.mark.filterwarnings("ignore:.*scaled by")


def image(*shape: int) -> np.ndarray:
    return RANDOM.integers(0, 128, shape, dtype=np.uint8)


@ONE_BY_ONE
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


def test_a_colour_model_takes_what_is_no_colour_one_by_one() -> None:
    denoiser, many = linear(3, shift=(0.0, 3 / 255, 6 / 255)), image(6, 5, 5)
    for given, axes in ((many[..., :2], None), (many, "YXC"), (np.moveaxis(many, -1, 0), "CYX")):
        with pytest.warns(UserWarning, match="channels are denoised one by one"):
            np.testing.assert_array_equal(denoiser(given, axes=axes), given + 3)
    colours = many[..., :3]
    np.testing.assert_array_equal(denoiser(colours), colours + np.array([0, 3, 6], np.uint8))
    with pytest.warns(UserWarning, match="one by one"):
        np.testing.assert_array_equal(denoiser(colours, channels="separate"), colours + 3)
    with pytest.raises(ConfigError, match="the image has 5 and the model takes 3 at once"):
        denoiser(many, axes="YXC", channels="together")


@ONE_BY_ONE
def test_other_numbers_of_channels_are_refused() -> None:
    with pytest.raises(ModelError, match="has 3 channels and the model was trained for 4"):
        linear(4)(image(6, 5, 3))
    assert linear(7)(image(6, 5, 7)).shape == (6, 5, 7)
    with pytest.raises(ImageError, match=r"pass it to denoiser\.stack"):
        linear(1)(image(6, 5, 7))


@pytest.mark.filterwarnings("ignore:the fourth channel is taken as transparency")
@pytest.mark.parametrize("strength", [0.25, 1.0])
def test_a_flat_fourth_channel_is_transparency_for_a_model_of_three(strength: float) -> None:
    rgba = image(6, 5, 4)
    rgba[..., :3] = rgba[..., :3] // 4 * 4
    rgba[..., 3] = 255
    rgba[2:4, :2, 3] = 70
    clean = linear(3, scale=2.0)(rgba, strength=strength)
    np.testing.assert_array_equal(clean[..., 3], rgba[..., 3])
    np.testing.assert_array_equal(clean[..., :3], rgba[..., :3] * (1 + strength))


def test_a_fourth_channel_that_is_not_flat_is_an_image() -> None:
    many = image(6, 5, 4)
    with pytest.warns(UserWarning, match="taken as an image|one by one") as said:
        np.testing.assert_array_equal(linear(3, scale=2.0)(many), many * 2)
    assert [str(each.message).split(":")[0] for each in said] == [
        "the fourth channel is taken as an image",
        "its 4 channels are denoised one by one",
    ]


def test_a_file_whose_transparency_is_an_image_is_noted(tmp_path: Path) -> None:
    planes = np.random.default_rng(0).integers(0, 255, (4, 32, 40), np.uint8)
    # As it is written without a word: it is called red, green, blue and alpha.
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate")
    photo = unnoise.load("photo", device="cpu", precision="fp32")
    with open_image(tmp_path / "a.tif") as reader:
        notes = photo.sight.of_reader(reader, DenoiseOptions()).notes
    assert any("pass --axes, such as ZYX" in note for note in notes)


def test_transparency_does_not_make_visible_noise_look_weak(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    y, x = np.mgrid[:128, :128] / 128
    clean = np.stack([120 + 60 * np.sin(7 * x + c) * np.cos(5 * y) for c in range(3)], axis=-1)
    noisy = np.rint(clean + random.normal(0, 25, clean.shape)).clip(0, 255).astype(np.uint8)
    visible = np.zeros((128, 128), bool)
    visible[40:90, 40:90] = True
    hidden = np.dstack([np.where(visible[..., None], noisy, 0), visible * np.uint8(255)])
    write_stack(tmp_path / "a.png", hidden)
    photo = unnoise.load("photo", device="cpu", precision="fp32")
    photo.denoise_file(tmp_path / "a.png", tmp_path / "b.png")
    made = [read_stack(tmp_path / "b.png")[0][0][..., :3], photo(noisy)]
    part, whole = (float(np.mean((each - clean)[visible] ** 2)) for each in made)
    assert part < 1.7 * whole  # less context; with smooth surroundings it was 36 times


def test_what_lies_under_transparent_pixels_reaches_no_visible_one(tmp_path: Path) -> None:
    rgba = image(20, 30, 4)
    rgba[..., 3] = 200
    rgba[5:9, 4:10, 3] = 0
    other = rgba.copy()
    other[5:9, 4:10, :3] = 255
    for name, each in (("a.png", rgba), ("b.png", other)):
        write_stack(tmp_path / name, each)
    photo = unnoise.load("photo", device="cpu", precision="fp32")
    found = []
    for name, each in (("a.png", rgba), ("b.png", other)):
        photo.denoise_file(tmp_path / name, tmp_path / f"out{name}")
        with open_image(tmp_path / f"out{name}") as reader:
            found.append(reader.image(0))
        np.testing.assert_array_equal(found[-1][5:9, 4:10], each[5:9, 4:10])
    seen = rgba[..., 3] > 0
    np.testing.assert_array_equal(found[0][seen], found[1][seen])


def test_values_of_another_range_are_scaled_and_said() -> None:
    denoiser = linear(1, shift=(0.5,))
    with pytest.warns(UserWarning, match="scaled by their range, -300 to 500 of int16"):
        assert denoiser(np.array([[-300, 500]], np.int16)).tolist() == [[100, 900]]
    with pytest.warns(UserWarning, match=r"range, -3 to 2\.5 of float64"):
        np.testing.assert_allclose(denoiser(np.array([[-3, 2.5]])), [[-0.25, 5.25]], rtol=1e-6)
    given = np.array([[0.0, 10.0]])
    np.testing.assert_allclose(denoiser(given, range=(0, 100)), given + 50)
    with pytest.raises(ConfigError, match="two finite numbers"):
        denoiser(given, range=(3, 3))


def test_floats_that_noise_takes_beyond_0_and_1() -> None:
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


@READ_SO
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
    given = np.array([[0, 2000, 4095, 5000]], np.uint16)
    # Not limited to 12 bits.
    np.testing.assert_allclose(denoiser(given), given + 2047.5, atol=0.5)
    with pytest.warns(UserWarning, match="knows the range 0 to 4095 of uint16, and these values"):
        assert denoiser(np.full((3, 3), 65000, np.uint16)).max() == 65535
    other = np.array([[0, 100, 200]], np.uint8)  # of another dtype: the nominal range
    np.testing.assert_allclose(denoiser(other), [[127.5, 227.5, 255]], atol=0.5)


def test_a_range_from_statistics_is_not_clamped() -> None:
    kept = {"dtype": "float32", "low": -100.0, "high": 900.0, "clamp": False}
    given = np.array([[-300.0, 0.0, 1200.0]], np.float32)
    clean = linear(1, shift=(0.01,), value_range=kept)(given)
    np.testing.assert_allclose(clean, given + 10, atol=1e-2)
    floats = np.full((1, 1, 3, 3), 1.5, np.float32)
    assert linear(1, value_range=kept).denoise_floats(floats).max() == 1.5
    assert linear(1).denoise_floats(floats).max() == 1


def test_hot_pixels_stay_and_are_not_seen() -> None:
    given = RANDOM.integers(0, 4000, (30, 40)).astype(np.uint16)
    given[3, 4] = 65535
    clean = linear(1, shift=(0.5,), value_range=TWELVE_BITS)(given)
    assert clean[3, 4] == 65535
    rest = given < 65535
    np.testing.assert_allclose(clean[rest], given[rest] + 2047.5, atol=0.5)


@ONE_BY_ONE
@READ_SO
def test_channels_keep_their_ranges() -> None:
    kept = {"dtype": "uint16", "low": [0.0, 1000.0], "high": [4000.0, 1100.0], "clamp": False}
    given = RANDOM.integers(0, 100, (9, 8, 2)).astype(np.uint16) * [[[40, 1]]] + [[[0, 1000]]]
    given = given.astype(np.uint16)
    clean = linear(2, shift=(0.1, 0.1), value_range=kept)(given)
    np.testing.assert_allclose(clean, given + np.array([400, 10]), atol=0.5)
    clean = linear(1, shift=(0.1,))(given, axes="YXC")
    span = np.ptp(given[..., 1])
    np.testing.assert_allclose(clean[..., 1], given[..., 1] + 0.1 * span, atol=0.6)


def test_results_are_in_the_unit_of_the_clean_side() -> None:
    bright = {"low": 0.0, "high": 40950.0, "clamp": False}
    dark = np.array([[0, 2000, 4095]], np.uint16)
    denoiser = linear(1, value_range=TWELVE_BITS, result_range=bright)
    assert denoiser(dark).tolist() == [[0, 20000, 40950]]


@READ_SO
def test_counts_come_as_floats_where_that_is_asked_for() -> None:
    counts = RANDOM.integers(0, 9, (40, 30), np.uint8)
    denoiser = linear(1, shift=(0.03,))
    with pytest.warns(UserWarning, match="rounded to whole numbers"):
        assert denoiser(counts).dtype == np.uint8
    for dtype in ("auto", "float32"):
        with pytest.warns(UserWarning, match="results are float32"):
            clean = denoiser(counts, dtype=dtype)
        assert clean.dtype == np.float32
        np.testing.assert_allclose(clean, counts + 0.03 * counts.max(), atol=1e-5)
    picture = image(9, 9)
    assert denoiser(picture, dtype="auto").dtype == np.uint8
    with pytest.warns(UserWarning, match="results are float32"):
        assert denoiser(picture, dtype="float32").dtype == np.float32


def test_what_has_no_data_comes_back_as_it_was() -> None:
    given = RANDOM.random((30, 40)).astype(np.float32)
    given[4:9, 3:20] = np.nan
    given[20, 20] = np.inf
    denoiser = linear(1, scale=0.5)
    with pytest.raises(ImageError, match="--nan keep"):
        denoiser(given)
    clean = denoiser(given, nan="keep")
    np.testing.assert_array_equal(clean, np.where(np.isfinite(given), given / 2, given))
    given = np.where(np.isfinite(given), given, -9999)
    np.testing.assert_array_equal(
        denoiser(given, nodata=-9999), np.where(given > -9999, given / 2, given)
    )
    masked = np.ma.MaskedArray(given, given == -9999, fill_value=5)
    clean = denoiser(masked)
    assert isinstance(clean, np.ma.MaskedArray)
    assert clean.fill_value == 5
    np.testing.assert_array_equal(clean.mask, masked.mask)
    np.testing.assert_array_equal(clean.data, np.where(masked.mask, given, given / 2))
    with pytest.raises(ConfigError, match="refuse, or keep"):
        denoiser(given, nan="drop")  # type: ignore[arg-type]  # what a person may write


@ONE_BY_ONE
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
