"""Strength of luma and colours, detail and hot pixels, through a denoiser."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from known_models import Linear, linear
from torch import Tensor

import unnoise
from unnoise import Denoiser
from unnoise.denoiser.networks import CPU
from unnoise.denoiser.options import DenoiseOptions
from unnoise.denoiser.torch_backend import TorchBackend
from unnoise.errors import ConfigError
from unnoise.images import LUMA, open_image, write_stack
from unnoise.pretrained import PRETRAINED

RANDOM = np.random.default_rng(0)
HOT_SAID = pytest.mark.filterwarnings("ignore:.*(hot or dead pixel|results are float32)")
BOTH: dict[str, Any] = {"chroma_strength": 0.6, "detail": 0.8, "hot_pixels": True}


class Blur(Linear):
    """The mean over 7 × 7 pixels: it takes texture away with the noise."""

    def forward(self, noisy: Tensor) -> Tensor:
        wide = torch.nn.functional.pad(noisy, (3, 3, 3, 3), "reflect")
        made: Tensor = torch.nn.functional.avg_pool2d(wide, 7, 1)
        return made


def blur(channels: int) -> Denoiser:
    model = Blur(channels, 1.0, (0.0,))
    return Denoiser(TorchBackend(model), linear(channels).info)


def photograph(side: int, across: int | None = None) -> np.ndarray:
    """Return colours with a texture, noise and some hot pixels."""
    y, x = np.mgrid[:side, : across or side]
    clean = 110 + 40 * np.sin(y / 60)[..., None] * np.array([1, 0.5, -0.5])
    clean[side // 4 : side // 2] += 25 * np.sin(x + 0.7 * y)[side // 4 : side // 2, :, None]
    noisy = clean + RANDOM.normal(0, 8, clean.shape)
    noisy[RANDOM.random(clean.shape) < 2e-4] = 255
    image: np.ndarray = np.rint(noisy.clip(0, 255)).astype(np.uint8)
    return image


def test_the_defaults_change_nothing() -> None:
    image, denoiser = photograph(96), blur(3)
    same: dict[str, Any] = {"chroma_strength": None, "detail": 0.0, "hot_pixels": False}
    for strength in (0.0, 0.4, 1.0):
        plain = denoiser(image, strength=strength)
        np.testing.assert_array_equal(denoiser(image, strength=strength, **same), plain)
        np.testing.assert_array_equal(
            denoiser(image, strength=strength, chroma_strength=strength), plain
        )


@pytest.mark.parametrize(("luma", "chroma"), [(1.0, 0.0), (0.0, 1.0), (0.3, 0.8)])
def test_luma_and_colours_have_a_strength_each(luma: float, chroma: float) -> None:
    image = RANDOM.random((40, 50, 3)).astype(np.float32)
    image += RANDOM.random((40, 50, 1), np.float32)
    image /= 2
    denoiser = blur(3)
    made, full = denoiser(image, strength=luma, chroma_strength=chroma), denoiser(image)
    change, whole = made - image, full - image
    bright, most = (each @ LUMA for each in (change, whole))
    np.testing.assert_allclose(bright, luma * most, atol=1e-5)
    np.testing.assert_allclose(
        change - bright[..., None], chroma * (whole - most[..., None]), atol=1e-5
    )


def test_a_grey_model_knows_colours_of_an_image() -> None:
    image = RANDOM.random((40, 50, 3)).astype(np.float32)
    with pytest.warns(UserWarning, match="one by one"):
        made = blur(1)(image, strength=0.0, chroma_strength=1.0)
    np.testing.assert_allclose(made @ LUMA, image @ LUMA, atol=1e-5)
    assert np.abs(made - image).max() > 0.1


def test_what_has_no_colours_says_so() -> None:
    grey = RANDOM.integers(0, 255, (40, 50), np.uint8)
    with pytest.warns(UserWarning, match="no colours, so chroma-strength changes nothing"):
        made = blur(1)(grey, chroma_strength=0.2)
    np.testing.assert_array_equal(made, blur(1)(grey))
    with pytest.warns(UserWarning, match="no colours|one by one") as said:
        blur(3)(photograph(40), chroma_strength=0.2, channels="separate")
    assert any("no colours" in str(each.message) for each in said)


@HOT_SAID
@pytest.mark.parametrize("shape", [(1100, 1100), (90, 13000)])
def test_tiles_give_what_the_whole_image_gives(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    image, denoiser = photograph(*shape), blur(3)
    tiled = denoiser(image, dtype="float32", **BOTH)
    large = CPU._replace(side=20_000, pixels=10**9)
    monkeypatch.setattr(denoiser.backend.network, "at_once", large)
    whole = denoiser(image, dtype="float32", **BOTH)
    np.testing.assert_allclose(tiled, whole, atol=255e-3)
    np.testing.assert_allclose(tiled, whole, atol=0.01)  # the noise is that of the same pixels
    assert np.abs(whole - denoiser(image, dtype="float32")).max() > 5


@HOT_SAID
def test_a_stack_is_its_images_and_a_file_is_its_array(tmp_path: Path) -> None:
    images = np.stack([photograph(64), photograph(64) // 2])
    denoiser = blur(3)
    together = denoiser.stack(images, **BOTH)
    for image, made in zip(images, together, strict=True):
        np.testing.assert_array_equal(denoiser(image, **BOTH), made)
    write_stack(tmp_path / "a.png", images[0])
    notes: list[str] = []
    options = DenoiseOptions(**BOTH)
    denoiser.denoise_file(
        tmp_path / "a.png", tmp_path / "b.png", options=options, note=notes.append
    )
    with open_image(tmp_path / "b.png") as reader:
        np.testing.assert_array_equal(reader.image(0), together[0])
    assert len(notes) == 1
    assert "hot or dead pixel" in notes[0]


def test_detail_brings_texture_back_and_no_noise() -> None:
    image, denoiser = photograph(256), blur(3)
    y, x = np.mgrid[:256, :256]
    texture = 25 * np.sin(x + 0.7 * y)
    full, half, none = (denoiser(image, detail=d).astype(float) @ LUMA for d in (1.0, 0.5, 0.0))
    inside = slice(72, 120)
    wanted = (texture - texture.mean())[inside]
    share = [float((wanted * each[inside]).mean() / wanted.var()) for each in (full, half, none)]
    assert share[0] > 0.7
    assert share[1] == pytest.approx((share[0] + share[2]) / 2, abs=0.02)
    assert share[2] < 0.1
    flat = slice(160, None)
    noise = ((image @ LUMA) - none)[flat].var()
    assert (full - none)[flat].var() < 0.05 * noise


@HOT_SAID
def test_hot_pixels_come_out_clean_at_every_strength() -> None:
    clean = np.full((64, 64), 90, np.uint8)
    image = clean.copy()
    image[20, 30], image[40, 10] = 255, 0
    denoiser = linear(1)
    for strength in (0.0, 0.5, 1.0):
        with pytest.warns(UserWarning, match="2 hot or dead pixels were replaced"):
            made = denoiser(image, strength=strength, hot_pixels=True)
        np.testing.assert_array_equal(made, clean)
    np.testing.assert_array_equal(denoiser(image), image)


@HOT_SAID
def test_hot_pixels_far_outside_of_the_range_are_replaced() -> None:
    kept = {"dtype": "uint16", "low": 0.0, "high": 4095.0, "clamp": False}
    denoiser = linear(1, value_range=kept)
    image = RANDOM.normal(1000, 50, (64, 64)).astype(np.uint16)
    image[10:12, 10:12] = 200  # four are no single pixel
    image[30, 40] = 65535
    assert denoiser(image)[30, 40] == 65535  # without the option they stay
    made = denoiser(image, hot_pixels=True)
    assert made[30, 40] < 1300
    rest = np.ones(image.shape, bool)
    rest[30, 40] = False
    np.testing.assert_allclose(made[rest], image[rest], atol=1)


@HOT_SAID
def test_what_has_no_data_is_no_hot_pixel() -> None:
    image = RANDOM.normal(100, 3, (64, 64)).astype(np.float32)
    image[20, 20] = -9999
    image[40, 40] = 300
    made = linear(1)(image, nodata=-9999, hot_pixels=True, range=(0, 400), detail=1.0)
    assert made[20, 20] == -9999
    assert made[40, 40] < 115


@HOT_SAID
@pytest.mark.parametrize("colours", [False, True])
def test_brightness_and_colour_of_flat_areas_do_not_shift(colours: bool) -> None:
    """Means of 64 × 64 pixels stay within 0.3 of 255 of the clean ones, or of the noisy ones."""
    photo = unnoise.load("photo", device="cpu", precision="fp32")
    clean = np.full((192, 192, 3), (60, 120, 200)) if colours else np.full((192, 192), 130)
    noisy = np.rint(clean + RANDOM.normal(0, 6, clean.shape)).astype(np.uint8)
    wishes: list[dict[str, Any]] = [
        {},
        {"strength": 0.5, "detail": 1.0},
        {"strength": 0.8, "chroma_strength": 0.2, "detail": 0.5, "hot_pixels": True},
        {"strength": 0.0, "chroma_strength": 1.0, "hot_pixels": True},
    ]
    for wish in wishes:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = photo(noisy, dtype="float32", **wish)
        shift = (made - noisy).reshape(3, 64, 3, 64, -1).mean((1, 3))
        assert np.abs(shift).max() < 0.3, wish


@HOT_SAID
def test_a_model_without_torch_does_the_same() -> None:
    image = photograph(96)
    engines = (PRETRAINED["photo"], PRETRAINED["photo"].with_suffix(".onnx"))
    torch_made, onnx_made = (
        unnoise.load(path, device="cpu", precision="fp32")(image, dtype="float32", **BOTH)
        for path in engines
    )
    np.testing.assert_allclose(onnx_made, torch_made, atol=0.1)


@pytest.mark.parametrize(
    "wrong", [{"chroma_strength": 1.2}, {"detail": -0.1}, {"detail": float("nan")}]
)
def test_values_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=rf"{next(iter(wrong))} is .* from 0"):
        DenoiseOptions(**wrong)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(ConfigError, match="inspect is about the model's result as it is"):
        DenoiseOptions(detail=0.5).check_whole("inspect")
