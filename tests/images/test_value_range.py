from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from unnoise.errors import ConfigError, ImageError
from unnoise.images import Layout, ValueRange, as_stack, from_float, ranges_of, to_float

INTEGERS = ["int8", "int16", "uint16", "uint32", "int32"]


def every(dtype: str) -> np.ndarray:
    limits = np.iinfo(dtype)
    return np.arange(limits.min, limits.max + 1).astype(dtype).reshape(1, -1)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@given(ends=st.tuples(st.floats(-1e5, 1e5), st.floats(0.5, 2e5)))
def test_integers_are_lossless_in_any_range(dtype: str, ends: tuple[float, float]) -> None:
    array = every(dtype)
    stack, layout = as_stack(array)
    scale = ValueRange(ends[0], ends[0] + ends[1], clamp=False)
    np.testing.assert_array_equal(from_float(to_float(stack, scale), layout, scale), array)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_the_nominal_range_is_lossless_with_its_clamp(dtype: str) -> None:
    stack, layout = as_stack(every(dtype))
    scale = ValueRange.nominal(layout.dtype)
    floats = to_float(stack, scale)
    assert (floats.min(), floats.max()) == (0, 1)
    np.testing.assert_array_equal(from_float(floats, layout, scale), every(dtype))


@given(arrays.arrays("float32", (1, 9), elements=st.floats(-(2.0**99), 2.0**99, width=32)))
def test_floats_come_back_to_float32_precision(array: np.ndarray) -> None:
    stack, layout = as_stack(array)
    scale = ValueRange.of([stack])
    back = from_float(to_float(stack, scale), layout, replace(scale, clamp=False))
    low, span = float(np.min(scale.low)), float(scale.span)
    atol = 1.2e-7 * (np.abs(array.astype(float) - low).max() + abs(low) + span)
    np.testing.assert_allclose(back.astype(float), array, atol=atol, rtol=2e-7)


@given(arrays.arrays("float32", (3, 9), elements=st.floats(0, 1, width=32)))
def test_floats_in_the_nominal_range_are_exact_in_it(array: np.ndarray) -> None:
    array[0, 0], array[1, 1] = 0, 1
    stack, layout = as_stack(array, axes="YX")
    scale = ValueRange.of([stack])
    assert scale == ValueRange.nominal(np.float32)
    np.testing.assert_array_equal(from_float(to_float(stack, scale), layout, scale), array)


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([0, 1], "bool", (0, 1, True)),
        ([0, 16], "uint8", (0, 255, True)),
        ([3, 3], "uint8", (0, 255, True)),
        ([100, 110], "uint8", (0, 255, True)),  # a picture, however little it uses
        ([0, 7], "uint8", (0, 7, False)),  # counts
        ([0, 0], "uint16", (0, 65535, True)),
        ([0, 240], "uint16", (0, 255, False)),
        ([9, 1000], "uint16", (0, 1023, False)),
        ([0, 4095], "uint16", (0, 4095, False)),
        ([2000, 2000], "uint16", (0, 4095, False)),  # a constant says no more
        ([477, 576], "uint16", (477, 576, False)),
        ([33000, 36800], "uint16", (33000, 36800, False)),
        ([0, 60000], "uint16", (0, 65535, True)),
        ([0, 250], "int64", (0, 255, False)),
        ([-5, 90], "int16", (-5, 90, False)),
        ([-5, -5], "int16", (-5, 0, False)),
        ([0, 32767], "int16", (0, 32767, True)),
        ([0, 1], "float32", (0, 1, True)),
        ([0.2, 0.8], "float32", (0, 1, True)),
        ([0.5, 0.5], "float32", (0, 1, True)),
        ([0, 0.06], "float32", (0, 0.06, False)),
        ([-1, 1], "float32", (-1, 1, False)),
        ([0, 1.8], "float32", (0, 1.8, False)),
        ([0, 4000], "float32", (0, 4000, False)),
        ([10_000, 10_005], "float64", (10_000, 10_005, False)),
        ([7, 7], "float32", (0, 7, False)),
        ([-7, -7], "float64", (-7, 0, False)),
    ],
)
def test_the_range_of_data(values: list[float], dtype: str, expected: tuple[float, ...]) -> None:
    scale = ValueRange.of([smooth(*values).astype(dtype)])
    assert (scale.low, scale.high) == pytest.approx(expected[:2])
    assert scale.clamp == expected[2]


def smooth(low: float, high: float) -> np.ndarray:
    """Return an image ``(40, 50, 1)`` without noise, half of it black and half of it white."""
    image = np.full((40, 50, 1), low, float)
    image[:, 25:] = high
    return image


@pytest.mark.parametrize("sigma", [0.01, 0.1, 0.25])
def test_noise_takes_floats_beyond_their_nominal_range(sigma: float) -> None:
    noisy = smooth(0, 1) + np.random.default_rng(0).normal(0, sigma, (40, 50, 1))
    assert ValueRange.of([noisy]) == ValueRange.nominal(np.float64)
    assert not ValueRange.of([2 * noisy - 1]).clamp


def test_outliers_set_no_range() -> None:
    values = np.linspace(-100, 300, 4000, dtype=np.float32).reshape(40, 100, 1)
    values[3, 5], values[7, 9] = 9e9, -4e9
    scale = ValueRange.of([values])
    assert scale.low == pytest.approx(-99.5, abs=0.6)
    assert scale.high == pytest.approx(299.5, abs=0.6)
    far = scale.find_far(values)
    assert far is not None
    assert np.argwhere(far).tolist() == [[3, 5, 0], [7, 9, 0]]
    almost_zero = np.zeros((100, 100, 1), np.float32)
    almost_zero[0, 0] = 50
    assert ValueRange.of([almost_zero]) == ValueRange(0, 50, clamp=False)


def test_what_is_masked_or_not_finite_sets_no_range() -> None:
    values = smooth(0, 4000)
    lacking = np.ma.MaskedArray(values.copy(), np.zeros(values.shape, bool))
    lacking[:20, :20] = np.ma.masked
    lacking.data[:20, :20] = -9999
    assert ValueRange.of([lacking]) == ValueRange.of([values])
    values[:5], values[5:9] = np.nan, np.inf
    assert ValueRange.of([values]) == ValueRange(0, 4000, clamp=False)


def test_channels_have_ranges_of_their_own_where_they_differ() -> None:
    two = np.concatenate([smooth(0, 100), smooth(3000, 3050)], axis=2).astype(np.uint16)
    each = ValueRange.of([two], each=True)
    assert (each.low, each.high) == ((0, 3000), (100, 3050))
    floats = to_float(two[None], each)
    assert floats[0, 1].min() == 0
    assert floats[0, 1].max() == 1
    layout = Layout(two.dtype, "NYXC", (1, *two.shape))
    np.testing.assert_array_equal(from_float(floats, layout, each)[0], two)
    assert ValueRange.of([two, two], each=False) == ValueRange(0, 3050, clamp=False)


def test_sides_of_a_pair_share_a_unit_or_have_one_each() -> None:
    bright = smooth(0, 4000).astype(np.uint16)
    noisy = (bright * 0.97).astype(np.uint16)
    assert ranges_of([[noisy], [bright]]) == (ValueRange(0, 4095, clamp=False),) * 2
    dark = (bright / 20).astype(np.uint16)
    assert [each.high for each in ranges_of([[dark], [bright]])] == [200, 4095]
    means = bright.astype(np.float32) + np.float32(0.25)
    assert ranges_of([[bright], [means]]) == (ValueRange(0, 4095, clamp=False),) * 2
    share = ranges_of([[bright], [(bright / 4095).astype(np.float32)]])
    assert [each.high for each in share] == [4095, 1]
    pictures: list[list[np.ndarray]] = [
        [smooth(0, 255).astype(np.uint8)],
        [smooth(0, 65535).astype(np.uint16)],
    ]
    assert [each.high for each in ranges_of(pictures)] == [255, 65535]


def test_what_is_in_the_unit_of_a_range() -> None:
    kept = ValueRange(0, 4095, clamp=False)
    assert kept.knows(ValueRange(0, 4095, clamp=False), 5)
    assert kept.knows(ValueRange(300, 1500, clamp=False), 5)
    assert kept.knows(ValueRange(100, 160, clamp=False), 10)  # a frame of nothing but noise
    assert not kept.knows(ValueRange(100, 160, clamp=False), 1)
    assert not kept.knows(ValueRange(0, 65535, clamp=True), 5)
    assert not kept.knows(ValueRange(-9000, 2000, clamp=False), 5)


@pytest.mark.parametrize("ends", [(1, 1), (5, 2), (0, np.inf), (np.nan, 1)])
def test_a_range_that_is_none_is_refused(ends: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match="two finite numbers"):
        ValueRange.given(*ends)


@given(st.sampled_from([*INTEGERS, "float32"]).flatmap(lambda d: arrays.arrays(d, (2, 3))))
def test_a_range_is_never_empty(array: np.ndarray) -> None:
    scale = ValueRange.of([np.nan_to_num(array)])
    assert (scale.span > 0).all()


def test_dtypes_must_agree() -> None:
    with pytest.raises(ImageError, match="one dtype, and these have float32, uint8"):
        ValueRange.of([np.zeros((3, 1), np.uint8), np.zeros((3, 1), np.float32)])


def test_clamp_limits_to_the_range_and_its_absence_to_the_dtype() -> None:
    _, layout = as_stack(np.zeros((1, 3), np.uint16))
    floats = np.array([[[[-1, 0.5, 2]]]], np.float32)
    kept = from_float(floats, layout, ValueRange(100, 200, clamp=True))
    assert kept.tolist() == [[100, 150, 200]]
    free = from_float(floats, layout, ValueRange(100, 200, clamp=False))
    assert free.tolist() == [[0, 150, 300]]


def test_floats_of_another_scale_are_allowed_with_a_range() -> None:
    stack, _ = as_stack(np.array([[0.0, 500.0]]))
    scale = ValueRange(0, 1000, clamp=False)
    assert to_float(stack, scale).ravel().tolist() == [0, 0.5]
