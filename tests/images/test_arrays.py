import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from unnoise.errors import ImageError
from unnoise.images import Holes, as_array, as_stack, from_float, to_float

DTYPES = ["bool", "uint8", "int8", "uint16", "int16", "float32"]


@given(
    st.sampled_from(DTYPES).flatmap(
        lambda dtype: arrays.arrays(
            dtype,
            arrays.array_shapes(min_dims=2, max_dims=5, max_side=6),
            elements={"min_value": 0, "max_value": 1} if dtype == "float32" else None,
        )
    )
)
def test_round_trip_is_lossless(array: np.ndarray) -> None:
    stack, layout = as_stack(array, axes="TZYXC"[-array.ndim :] if array.ndim != 2 else "YX")
    back = from_float(to_float(stack), layout)
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("dtype", ["uint32", "int64", "uint64", "float64", "float16"])
def test_wide_dtypes_come_back_to_float32_precision(dtype: str) -> None:
    top = np.iinfo(dtype).max if dtype.startswith(("u", "i")) else 1
    array = (np.linspace(0, 1, 12).reshape(3, 4) * float(top) * (1 - 1e-9)).astype(dtype)
    stack, layout = as_stack(array)
    back = from_float(to_float(stack), layout)
    assert back.dtype == array.dtype
    np.testing.assert_allclose(back.astype(float), array.astype(float), atol=2e-7 * float(top))


def test_integers_scale_by_their_dtype() -> None:
    assert to_float(np.full((1, 1, 1, 1), 255, np.uint8)).item() == 1
    assert to_float(np.full((1, 1, 1, 1), 65535, np.uint16)).item() == 1
    assert to_float(np.zeros((2, 5, 4, 3), np.uint8)).shape == (2, 3, 5, 4)


def test_results_are_rounded_and_clipped() -> None:
    _, layout = as_stack(np.zeros((1, 3), np.uint8))
    floats = np.array([[[[-0.5, 0.1, 7]]]], np.float32)
    assert from_float(floats, layout).tolist() == [[0, 26, 255]]


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros(3), r"shape \(3,\)"),
        (np.zeros((1, 1, 1, 1, 1)), "pass --axes"),
        (np.zeros((0, 4)), "no pixel"),
        (np.zeros((2, 2), complex), "dtype complex128"),
        (np.array([["a", "b"]]), "dtype <U1"),
        (np.array([[0, np.nan]]), "NaN or infinity: pass"),
        (np.array([[np.inf, 0]]), "NaN or infinity"),
    ],
)
def test_what_is_no_image_is_explained(array: np.ndarray, says: str) -> None:
    with pytest.raises(ImageError, match=says):
        as_stack(array)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "uint8", "int64"])
def test_tensors_of_any_kind_are_arrays(dtype: str) -> None:
    tensor = torch.arange(12).reshape(3, 4).to(getattr(torch, dtype))
    if tensor.is_floating_point():
        tensor.requires_grad_()
    stack, layout = as_stack(tensor)
    assert layout.dtype == np.dtype("float32" if dtype == "bfloat16" else dtype)
    np.testing.assert_array_equal(stack[0, ..., 0], np.arange(12).reshape(3, 4))


def test_a_palette_of_pil_is_its_colours() -> None:
    colours = np.zeros((6, 5, 3), np.uint8)
    colours[:3, :, 0], colours[3:, :, 2] = 200, 90
    picture = Image.fromarray(colours).quantize(4)
    np.testing.assert_array_equal(as_array(picture), colours)
    assert as_array(Image.fromarray(colours[..., 0])).shape == (6, 5)
    picture.info["transparency"] = 0
    assert as_array(picture).shape == (6, 5, 4)


MODES = {"LA": 4, "PA": 4, "RGBA": 4, "RGBX": 3, "YCbCr": 3, "RGB": 3}


@pytest.mark.parametrize("mode", MODES)
def test_pictures_of_pil_are_red_green_blue_and_transparency(mode: str) -> None:
    colours = Image.effect_noise((5, 6), 60)
    made = as_array(colours.convert("RGB").convert("LA" if mode == "PA" else mode).convert(mode))
    assert made.shape == (6, 5, MODES[mode])
    if mode in ("LA", "YCbCr"):
        assert np.abs(made[..., :3] - np.asarray(colours, int)[..., None]).max() <= 2


@pytest.mark.parametrize("mode", ["CMYK", "HSV", "LAB"])
def test_pictures_of_pil_that_are_no_light_are_refused(mode: str) -> None:
    with pytest.raises(ImageError, match=f'is {mode}, .* pass picture.convert\\("RGB"\\)'):
        as_stack(Image.new(mode, (5, 6)))


def test_views_and_sparse_tensors_are_arrays() -> None:
    values = torch.complex(torch.ones(3, 4), 2 * torch.ones(3, 4))
    np.testing.assert_array_equal(as_array(values.conj().imag), np.full((3, 4), -2))
    np.testing.assert_array_equal(as_array(torch.eye(4).to_sparse()), np.eye(4))
    assert as_array(torch.ones(3, 4).to(torch.float8_e5m2)).dtype == np.float32


def test_masks_are_kept_and_what_has_no_data_is_masked() -> None:
    values = np.arange(12.0).reshape(3, 4)
    values[0, 0] = np.nan
    stack, _ = as_stack(np.ma.MaskedArray(values, values == 5), holes=Holes(7, nan=True))
    assert isinstance(stack, np.ma.MaskedArray)
    assert np.argwhere(np.ma.getmaskarray(stack)[0, ..., 0]).tolist() == [[0, 0], [1, 1], [1, 3]]


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ((60_000, 784), r"a table of 60000 flattened images: reshape it to \(60000, 28, 28\)"),
        ((300, 512, 4, 3), "300 images of 512 × 4 pixels: pass --axes"),
    ],
)
def test_shapes_that_nobody_means(shape: tuple[int, ...], says: str) -> None:
    array = np.broadcast_to(np.uint8(0), shape)
    with pytest.raises(ImageError, match=says):
        as_stack(array)
    as_stack(array, axes="YX" if len(shape) == 2 else "NYXC")  # unless somebody says so
