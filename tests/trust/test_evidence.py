"""What an image and its result show by themselves: each fact in words, and no false alarms."""

import io
from pathlib import Path

import numpy as np
import pytest
from blur import blur
from numpy.typing import NDArray
from PIL import Image
from skimage import data

import unnoise
from unnoise import Denoiser
from unnoise.trust import inspect
from unnoise.trust.evidence import Evidence, excess, thin_structure
from unnoise.trust.noise_level import NoiseLevel

# The first weights of photo, which know white noise alone.
OF_WHITE_NOISE = Path(__file__).parents[2] / "benchmarks/photo/photo-1.safetensors"
Floats = NDArray[np.float32]
RANDOM = np.random.default_rng(0)
CLEAN = (data.camera()[None, ::2, ::2] / 255).astype(np.float32)
LEVEL = 0.04
NOISE = NoiseLevel(LEVEL, 0.0, LEVEL**2)


def white(level: float = LEVEL) -> Floats:
    drawn: Floats = (level * RANDOM.standard_normal(CLEAN.shape)).astype(np.float32)
    return drawn


def grainy(level: float = LEVEL) -> Floats:
    drawn = white(1)
    drawn = drawn + np.roll(drawn, 1, 1) + np.roll(drawn, 1, 2) + np.roll(drawn, (1, 1), (1, 2))
    scaled: Floats = (level * drawn / drawn.std()).astype(np.float32)
    return scaled


def reasons(noisy: Floats, restored: Floats, *, stride: int = 1, clipped: bool = False) -> str:
    found = Evidence.of(noisy).reasons(noisy, restored, NOISE, stride=stride, clipped=clipped)
    return "; ".join(found)


def test_a_perfect_result_has_none() -> None:
    for noise in (white(), grainy(), white(0.001)):
        assert reasons(CLEAN + noise, CLEAN) == ""


@pytest.mark.parametrize("left", [1.0, 0.9])
def test_noise_that_was_left_is_said_and_its_grain(left: float) -> None:
    noise = white()
    said = reasons(CLEAN + noise, CLEAN + np.float32(left) * noise)
    assert f"noise was left: {100 * left**2:.0f} % of 0.03" in said  # the calmest blocks have less
    assert "grain" not in said
    noise = grainy()
    assert "Its grain (correlation 0.4" in reasons(CLEAN + noise, CLEAN + noise)
    assert reasons(CLEAN + noise, CLEAN + np.float32(0.3) * noise) == ""


@pytest.mark.parametrize("axis", ["horizontal", "vertical"])
def test_lines_that_were_left_are_said(axis: str) -> None:
    shape = (1, CLEAN.shape[1], 1) if axis == "horizontal" else (1, 1, CLEAN.shape[2])
    lines = (LEVEL * RANDOM.standard_normal(shape)).astype(np.float32)
    noisy = CLEAN + lines + white()
    assert f"--structure {axis}" in reasons(noisy, CLEAN + lines)
    assert reasons(noisy, CLEAN) == ""
    assert Evidence.of(noisy).unknown_noise(clipped=False) == "its noise has lines"


def test_a_mosaic_is_said_unless_it_is_seen_by_its_phases() -> None:
    noisy = CLEAN + white()
    noisy[:, ::2, ::2] *= 0.5
    noisy[:, 1::2, 1::2] *= 0.7
    assert "--mosaic RGGB" in reasons(noisy, CLEAN)
    assert "--mosaic" not in reasons(noisy, CLEAN, stride=2)


def test_impulses_that_were_left_are_said() -> None:
    noisy, draw = CLEAN.copy(), RANDOM.random(CLEAN.shape)
    noisy[draw < 0.01], noisy[draw > 0.99] = 0, 1
    assert "median filter" in reasons(noisy, noisy)
    assert "impulses" not in reasons(noisy, CLEAN)
    assert Evidence.of(noisy).unknown_noise(clipped=False) == "it has impulses"


def test_noise_that_was_cut_off_is_said_unless_the_model_knows_it() -> None:
    dark = CLEAN * np.float32(0.3) - np.float32(0.1)
    noisy = (dark + white(0.15)).clip(0, 1)
    assert "cut off" in reasons(noisy, dark.clip(0, 1))
    assert "cut off" not in reasons(noisy, dark.clip(0, 1), clipped=True)


def test_an_image_that_uses_little_of_the_scale_is_said() -> None:
    assert "--range LOW HIGH" in reasons(CLEAN * np.float32(0.01), CLEAN * np.float32(0.01))


def worms() -> Floats:
    image = np.full((1, 256, 256), 0.1, np.float32)
    for start in range(20, 240, 60):
        for step in range(150):
            y, x = start + round(12 * np.sin(step / 20)), 40 + step
            image[:, y - 1 : y + 2, x] = 0.8
    return image


def test_thin_structure_that_was_lost_is_said() -> None:
    noisy = worms() + white()
    flat = np.full_like(noisy, 0.1)
    assert "thin structure was lost" in reasons(noisy, flat)
    assert reasons(noisy, worms()) == ""
    assert thin_structure(noisy, worms(), NOISE) == 0


def test_all_of_an_image_is_100_percent() -> None:
    noisy = worms() + white()
    assert "thin structure was lost in 100 % of the image" in reasons(noisy, noisy + 0.5)


def test_more_that_was_removed_at_structure_is_measured() -> None:
    noisy = CLEAN + white()
    assert excess(noisy, CLEAN) == pytest.approx(1, abs=0.15)
    detail = CLEAN - np.roll(CLEAN, 1, 2)
    assert excess(noisy, CLEAN - detail) > 1.5
    assert excess(CLEAN, CLEAN) == 0
    brighter = CLEAN + white(1) * np.sqrt(CLEAN * np.float32(0.01))  # photons
    assert excess(brighter, CLEAN) == pytest.approx(1, abs=0.25)


class Nothing(Denoiser):
    """It changes nothing."""

    def denoise_floats(self, images: Floats, view: object = None) -> Floats:  # noqa: ARG002
        return images.copy()


def test_a_model_that_leaves_a_grain_is_not_trusted_and_promises_nothing() -> None:
    noisy = (CLEAN + grainy())[0]
    found = inspect(unnoise.load(OF_WHITE_NOISE, device="cpu", precision="fp32"), noisy)
    assert found.verdict != "trust"
    assert found.psnr is None
    assert found.psnr_untold is not None
    assert "its noise has a grain" in found.psnr_untold
    assert any("noise was left" in reason for reason in found.reasons)


def test_a_model_that_changes_nothing_is_not_trusted_and_promises_nothing() -> None:
    plain = blur()
    nothing = Nothing(plain.backend, plain.info)
    found = inspect(nothing, (CLEAN + grainy())[0])
    assert found.verdict != "trust"
    assert found.psnr is None
    assert any("noise was left" in reason for reason in found.reasons)
    found = inspect(nothing, np.full((64, 64), 0.5, np.float32))
    assert (found.psnr, found.psnr_untold) == (None, "hardly anything was removed")


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea"])
def test_texture_of_a_clean_photograph_is_no_grain_that_was_left(name: str) -> None:
    picture = getattr(data, name)()
    stream = io.BytesIO()
    Image.fromarray(picture[40:296, 100:356]).save(stream, "JPEG", quality=90)
    found = inspect(unnoise.load("photo"), np.asarray(Image.open(stream)))
    assert not any("with a grain was left" in reason for reason in found.reasons)
