import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from unnoise.errors import ImageError
from unnoise.images import ValueRange, as_stack, from_float, to_float

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
    back = from_float(to_float(stack, scale), layout, scale)
    span = np.float64(scale.high) - scale.low
    atol = 1.2e-7 * (np.abs(array.astype(float) - scale.low).max() + abs(scale.low) + span)
    np.testing.assert_allclose(back.astype(float), array, atol=atol, rtol=2e-7)


@given(arrays.arrays("float32", (3, 9), elements=st.floats(0, 1, width=32)))
def test_nominal_floats_are_exact(array: np.ndarray) -> None:
    stack, layout = as_stack(array, axes="YX")
    scale = ValueRange.of([stack])
    assert scale == ValueRange.nominal(np.float32)
    np.testing.assert_array_equal(from_float(to_float(stack, scale), layout, scale), array)


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([0, 1], "bool", (0, 1, True)),
        ([0, 3], "uint8", (0, 255, True)),
        ([0, 100], "uint16", (0, 255, False)),
        ([9, 256], "uint16", (0, 511, False)),
        ([0, 4095], "uint16", (0, 4095, False)),
        ([0, 32767], "uint16", (0, 32767, False)),
        ([0, 32768], "uint16", (0, 65535, True)),
        ([0, 70000], "uint32", (0, 131071, False)),
        ([5, 90], "int16", (0, 90, False)),
        ([-5, 90], "int16", (-5, 90, False)),
        ([-5, -5], "int16", (-5, 0, False)),
        ([0, 0], "int16", (0, 1, False)),
        ([0, 1], "float32", (0, 1, True)),
        ([7, 7], "float32", (0, 7, False)),
        ([-7, -7], "float64", (-7, 0, False)),
    ],
)
def test_the_range_of_data(values: list[float], dtype: str, expected: tuple[float, ...]) -> None:
    scale = ValueRange.of([np.array([values], dtype)])
    assert (scale.low, scale.high, scale.clamp) == expected


def test_floats_are_measured_without_their_extremes() -> None:
    values = np.linspace(-100, 300, 4001, dtype=np.float32)
    scale = ValueRange.of([values, np.array([9e9], np.float32)])
    assert scale.low == pytest.approx(-99.6, abs=0.2)
    assert scale.high == pytest.approx(299.8, abs=0.2)
    almost_zero = np.zeros(10_000, np.float32)
    almost_zero[0] = 50
    assert ValueRange.of([almost_zero]) == ValueRange(0, 50, clamp=False)


@given(st.sampled_from([*INTEGERS, "float32"]).flatmap(lambda d: arrays.arrays(d, (2, 3))))
def test_a_range_is_never_empty(array: np.ndarray) -> None:
    scale = ValueRange.of([np.nan_to_num(array)])
    assert scale.high > scale.low


def test_dtypes_must_agree() -> None:
    with pytest.raises(ImageError, match="one dtype, and these have float32, uint8"):
        ValueRange.of([np.zeros(3, np.uint8), np.zeros(3, np.float32)])


def test_clamp_limits_to_the_range_and_its_absence_to_the_dtype() -> None:
    _, layout = as_stack(np.zeros((1, 3), np.uint16))
    floats = np.array([[[[-1, 0.5, 2]]]], np.float32)
    kept = from_float(floats, layout, ValueRange(100, 200, clamp=True))
    assert kept.tolist() == [[100, 150, 200]]
    free = from_float(floats, layout, ValueRange(100, 200, clamp=False))
    assert free.tolist() == [[0, 150, 300]]


def test_floats_of_another_scale_are_allowed_with_a_range() -> None:
    stack, layout = as_stack(np.array([[0.0, 500.0]]))
    scale = ValueRange(0, 1000, clamp=False)
    assert to_float(stack, scale).ravel().tolist() == [0, 0.5]
    with pytest.raises(ImageError, match="divide them"):
        to_float(stack, ValueRange.nominal(layout.dtype))
