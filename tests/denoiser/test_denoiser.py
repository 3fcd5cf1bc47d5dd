from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from unnoise import Denoiser
from unnoise.errors import ImageError, ModelFileError, OutputError


def noisy_image(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    random = np.random.default_rng(0).random(shape)
    return (random * 255).astype(dtype) if dtype == "uint8" else random.astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64", "bool"])
@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1), (37, 51), (1, 1), (3, 70)])
def test_same_shape_and_dtype(denoiser: Denoiser, shape: tuple[int, ...], dtype: str) -> None:
    image = noisy_image(shape, dtype)
    clean = denoiser(image)
    assert (clean.shape, clean.dtype) == (image.shape, image.dtype)
    assert clean.min() >= 0
    assert clean.max() <= (255 if dtype == "uint8" else 65535 if dtype == "uint16" else 1)


def test_the_result_depends_on_the_value_not_on_the_dtype(denoiser: Denoiser) -> None:
    image = noisy_image((28, 28), "uint8")
    floats = denoiser(image.astype(np.float32) / 255)
    assert np.abs(denoiser(image) / 255 - floats).max() <= 0.5 / 255 + 1e-6
    wide = denoiser(image.astype(np.uint16) * 257)
    assert np.abs(wide / 65535 - floats).max() <= 1e-4


def test_a_stack_is_its_images(denoiser: Denoiser) -> None:
    images = noisy_image((70, 28, 28), "float32")
    one_by_one = np.stack([denoiser(image) for image in images])
    np.testing.assert_allclose(denoiser.stack(images), one_by_one, atol=1e-5)
    assert denoiser.stack(images[:, :, :3]).shape == (70, 28, 3)
    with pytest.raises(ImageError, match=r"pass it to denoiser.stack"):
        denoiser(images)


def test_saved_and_loaded_it_gives_the_same(denoiser: Denoiser, tmp_path: Path) -> None:
    image, path = noisy_image((28, 28), "float32"), tmp_path / "m.safetensors"
    denoiser.save(path)
    again = Denoiser.load(path)
    np.testing.assert_array_equal(again(image), denoiser(image))
    assert again.info == denoiser.info
    with pytest.raises(OutputError, match="--overwrite"):
        denoiser.save(path)
    assert again.describe()["kmacs_per_pixel"] > 1


def test_features(denoiser: Denoiser) -> None:
    images = noisy_image((300, 28, 28), "uint8")
    features = denoiser.encode(images)
    assert features.shape == (300, 32, 7, 7)
    np.testing.assert_allclose(features[-1:], denoiser.encode(images[-1]), atol=1e-5)
    assert denoiser.encode(noisy_image((1, 5), "uint8")).shape == (1, 32, 1, 2)


@pytest.mark.parametrize(
    ("image", "error", "says"),
    [
        (np.full((8, 8), np.nan), ImageError, "NaN"),
        (np.zeros(8), ImageError, "an image has at least two axes"),
        (np.zeros((8, 0)), ImageError, "no pixel"),
    ],
)
def test_what_cannot_be_denoised_is_explained(
    denoiser: Denoiser,
    image: np.ndarray,
    error: type[Exception],
    says: str,
) -> None:
    with pytest.raises(error, match=says):
        denoiser(image)


def test_weights_that_do_not_fit_are_refused(run: Path, tmp_path: Path) -> None:
    from safetensors import safe_open

    weights = load_file(run / "model.safetensors")
    with safe_open(run / "model.safetensors", framework="pt") as file:
        header = file.metadata()["unnoise"]
    changes = {
        "shape": (header, {**weights, "stem.weight": torch.zeros(4, 1, 3, 3)}),
        "missing": (header, {k: v for k, v in weights.items() if k != "stem.bias"}),
        "arguments": (header.replace('"widths"', '"wdths"'), weights),
        # A header may not make us allocate what the file does not hold.
        "half": (header, {k: v.half() for k, v in weights.items()}),
        "deep": (header.replace("[1, 1, 1]", "[1, 1, 1000000000]"), weights),
        "range": (header.replace('"low": 0.0', '"low": [0, 1]'), weights),
        "huge": (header.replace("[8, 16, 32]", "[1000000, 1000000, 1000000]"), weights),
    }
    for name, (text, tensors) in changes.items():
        path = tmp_path / f"{name}.safetensors"
        save_file(tensors, path, metadata={"unnoise": text})
        with pytest.raises(ModelFileError, match="does not hold the weights it says"):
            Denoiser.load(path)
