"""One scene in many units: what comes out does not depend on how it was written down."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import unnoise
from unnoise.denoiser import Denoiser

SIGMA = 20  # of 255
FAR = 0.3  # dB
OUTLIERS = 12

Values = np.ndarray


def scene() -> Values:
    """A made photograph, from 0 to 1: soft light, discs and bars."""
    y, x = np.mgrid[:128, :160] / 128
    image = 0.5 + 0.3 * np.sin(3 * x + 2 * y) * np.cos(5 * y)
    for k in range(7):
        inside = (y - 0.13 * k - 0.1) ** 2 + (x - (0.37 * k) % 1.25) ** 2 < 0.01 + 0.002 * k
        image = np.where(inside, 0.1 + 0.13 * k, image)
    return np.where((y > 0.8) & (x * 20 % 2 < 1), 0.05, image)


CLEAN = scene()
NOISY = CLEAN + np.random.default_rng(3).normal(0, SIGMA / 255, CLEAN.shape)


def psnr(found: Values, where: Values | slice = slice(None)) -> float:
    return float(-10 * np.log10(np.mean((np.asarray(found, float) - CLEAN)[where] ** 2)))


@pytest.fixture(scope="module")
def photo() -> Denoiser:
    return unnoise.load("photo", device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def picture(photo: Denoiser) -> Values:
    """What becomes of the scene in 8 bits."""
    return photo(np.rint(NOISY * 255).clip(0, 255).astype(np.uint8)) / 255


def written(low: float, high: float, dtype: str) -> tuple[Values, Callable[[Values], Values]]:
    """Return the noisy scene with black and white at two values, and the way back."""
    values = low + NOISY * (high - low)
    if np.dtype(dtype).kind in "iu":
        limits = np.iinfo(dtype)
        values = np.rint(values).clip(limits.min, limits.max)
    return values.astype(dtype), lambda found: (np.asarray(found, float) - low) / (high - low)


@pytest.mark.parametrize(
    ("low", "high", "dtype"),
    [
        (0, 255, "uint16"),
        (0, 1023, "uint16"),
        (0, 4095, "uint16"),
        (0, 16383, "uint16"),
        (0, 65535, "uint16"),
        (0, 4095, "int16"),
        (-1000, 3000, "int16"),
        (-(2**31), 2**31 - 1, "int32"),
        (0, 255, "int64"),
        (0, 2**24, "uint32"),
        (0, 2**62, "int64"),
        (33000, 36800, "uint16"),
        (0, 1, "float32"),
        (0, 1, "float16"),
        (-1, 1, "float32"),
        (-0.5, 1.25, "float64"),
        (-np.pi, np.pi, "float32"),
        (0, 4000, "float32"),
        (0, 1.8, "float32"),
        (0, 0.06, "float32"),
        (10_000, 10_005, "float64"),
        (-50, 0, "float32"),
        (1e-9, 3e-9, "float64"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_any_unit_gives_the_scene(
    photo: Denoiser, picture: Values, low: float, high: float, dtype: str
) -> None:
    given, back = written(low, high, dtype)
    found = photo(given)
    assert found.dtype == given.dtype
    assert psnr(back(found)) > psnr(picture) - FAR


@settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@pytest.mark.filterwarnings("ignore::UserWarning")
@given(
    dtype=st.sampled_from(["uint16", "int16", "int32", "float32", "float64"]),
    offset=st.floats(-2, 2),
    exponent=st.floats(8, 13),
    channels=st.integers(1, 5),
    hot=st.booleans(),
    lacking=st.booleans(),
    seed=st.integers(0, 99),
)
def test_outliers_channels_and_missing_data_change_nothing(
    photo: Denoiser,
    picture: Values,
    dtype: str,
    offset: float,
    exponent: float,
    channels: int,
    hot: bool,
    lacking: bool,
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    span = 2.0**exponent
    low = max(offset * span, 0) if dtype == "uint16" else offset * span
    if dtype in ("uint16", "int16"):
        low = min(low, np.iinfo(dtype).max - 1.2 * span)
    image, back = written(low, low + span, dtype)
    given = np.repeat(image[..., None], channels, axis=2)
    touched = np.zeros(CLEAN.shape, bool)
    if hot:
        places = random.choice(CLEAN.size, OUTLIERS, replace=False)
        top = np.iinfo(dtype).max if np.dtype(dtype).kind in "iu" else low + 1000 * span
        given.reshape(-1, channels)[places] = top
        touched.reshape(-1)[places] = True
    masked = np.ma.MaskedArray(given, False)
    if lacking:
        masked[20:50, 30:70] = np.ma.masked
        masked.data[20:50, 30:70] = 0
        touched[18:52, 28:72] = True
    found = photo(masked, axes="YXC")
    assert isinstance(found, np.ma.MaskedArray)
    np.testing.assert_array_equal(found.data[masked.mask], masked.data[masked.mask])
    for channel in range(channels):
        made = back(found.data[..., channel])
        assert psnr(made, ~touched) > psnr(picture, ~touched) - FAR
