"""Verdicts, defined for whatever comes; a warning of NumPy is an error in these tests."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from blur import blur

import unnoise
from unnoise.api.inspecting import inspect_files
from unnoise.errors import ImageError, ModelFileError
from unnoise.images import ReadOptions, write_stack
from unnoise.trust import calibrate, glance, inspect, read_calibration

RANDOM = np.random.default_rng(0)
STRANGE: dict[str, np.ndarray] = {
    "constant": np.full((64, 70), 100, np.uint8),
    "black": np.zeros((64, 70), np.uint8),
    "white": np.full((64, 70), 255, np.uint8),
    "one pixel": np.full((1, 1), 7, np.uint8),
    "tiny": RANDOM.integers(0, 255, (5, 4), np.uint8),
    "a line": RANDOM.integers(0, 255, (1, 300), np.uint8),
    "pure noise": RANDOM.integers(0, 255, (90, 80), np.uint8),
    "saturated": RANDOM.choice(np.array([0, 255], np.uint8), (90, 80)),
    "one bright line": np.pad(np.full((1, 90), 255, np.uint8), ((40, 39), (0, 0))),
    "one hot pixel": np.pad(np.full((1, 1), 255, np.uint8), 40, constant_values=90),
    "two values": np.kron(np.eye(8), np.full((8, 8), 200)).astype(np.uint8),
    "colour": RANDOM.integers(0, 255, (40, 50, 3), np.uint8),
    "transparent": RANDOM.integers(0, 255, (40, 50, 4), np.uint8),
    "floats": RANDOM.random((64, 64)).astype(np.float32),
    "16 bits": RANDOM.integers(0, 65535, (64, 64), np.uint16),
}


@pytest.fixture(scope="module")
def photo() -> unnoise.Denoiser:
    return unnoise.load("photo", device="cpu", precision="fp32")


@pytest.mark.filterwarnings("ignore:.*(fourth channel|one by one|scaled by|little in common)")
@pytest.mark.parametrize("name", STRANGE)
def test_every_image_has_a_verdict(name: str, photo: unnoise.Denoiser) -> None:
    image = STRANGE[name]
    found = inspect(photo, image)
    # Up to the rounding of sums, which depends on how many images run at once.
    atol = 1e-5 if image.dtype.kind == "f" else 1
    np.testing.assert_allclose(found.image.astype(float), photo(image).astype(float), atol=atol)
    assert found.verdict in ("trust", "check", "reject")
    assert bool(found.reasons) == (found.verdict != "trust")
    assert np.isfinite([found.noise_level.std, found.removed_structure]).all()
    assert (found.psnr is None) == (found.psnr_untold is not None)
    assert found.psnr is None or np.isfinite(found.psnr)
    assert found.familiarity is None or 0 < found.familiarity <= 1
    assert all(np.isfinite(each).all() for each in found.maps.values())
    assert all(each.shape == image.shape[:2] for each in found.maps.values())
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower.dtype == found.upper.dtype == image.dtype
    assert np.less_equal(found.lower, found.upper).all()


@pytest.mark.parametrize(
    "name", [name for name in STRANGE if name not in ("colour", "transparent")]
)
@pytest.mark.parametrize("strides", [(1,), (2,), (1, 2)])
def test_a_model_of_noisy_images_says_as_much(name: str, strides: tuple[int, ...]) -> None:
    denoiser = replace_info(blur("noise2void, mse"), strides)
    white = np.float32(np.iinfo(STRANGE[name].dtype).max if STRANGE[name].dtype.kind == "u" else 1)
    image: np.ndarray = STRANGE[name].astype(np.float32) / white
    found = inspect(denoiser, image)
    assert found.verdict == "check"
    assert all(each.shape == image.shape for each in found.maps.values())
    assert found.psnr_hidden is None or np.isfinite(found.psnr_hidden)
    expected = np.asarray(denoiser(image), float)
    np.testing.assert_allclose(found.image.astype(float), expected, atol=1e-4)


def replace_info(denoiser: unnoise.Denoiser, strides: tuple[int, ...]) -> unnoise.Denoiser:
    return unnoise.Denoiser(denoiser.backend, replace(denoiser.info, strides=strides))


def test_files_of_four_channels_are_inspected_by_a_grey_model(tmp_path: Path) -> None:
    image = RANDOM.integers(0, 255, (40, 50, 4), np.uint8)
    write_stack(tmp_path / "a.png", image)
    write_stack(tmp_path / "b.png", image[..., :2])
    np.save(tmp_path / "c.npy", RANDOM.random((40, 50, 5), np.float32))
    found = list(inspect_files(blur(), [tmp_path], read=ReadOptions(axes="YXC")))
    assert [each.error for each in found] == [None] * 3
    with pytest.raises(ImageError, match=r"denoiser\.stack"):
        inspect(blur(), RANDOM.random((40, 50, 5), np.float32))


@pytest.mark.parametrize("name", ["pure noise", "saturated"])
def test_what_is_no_photograph_is_not_trusted(name: str, photo: unnoise.Denoiser) -> None:
    assert inspect(photo, STRANGE[name]).verdict != "trust"


def test_nan_is_refused(photo: unnoise.Denoiser) -> None:
    with pytest.raises(ImageError, match="NaN"):
        inspect(photo, np.full((20, 20), np.nan))


def test_too_strong_noise_is_said_with_what_to_do(photo: unnoise.Denoiser) -> None:
    from skimage import data

    clean = data.camera()[::2, ::2] / np.float32(255)
    good = inspect(photo, clean + np.float32(0.1) * RANDOM.standard_normal(clean.shape, np.float32))
    assert good.verdict == "trust"
    assert good.noise_level.std == pytest.approx(0.1, rel=0.05)
    weak = clean * 0.2 + 0.4  # so that strong noise does not leave the range of floats
    strong = np.float32(0.4) * RANDOM.standard_normal(clean.shape, np.float32)
    bad = inspect(photo, (weak + strong).clip(-1, 2))
    assert bad.verdict == "reject"
    assert any("train with --noise gaussian:0.." in reason for reason in bad.reasons)


@pytest.mark.parametrize(
    ("learned", "advice"),
    [
        ("gaussian:0.1", r"train with --noise gaussian:0\.\.0\.\d+$"),
        ("gaussian:0.1,clip", r"train with --noise gaussian:0\.\.0\.\d+,clip$"),
        ("poisson:30..60", "train with stronger noise than --noise poisson:30..60$"),
    ],
)
def test_advice_is_of_the_kind_of_noise_that_was_learned(learned: str, advice: str) -> None:
    calibration = calibrate(blur(noise=learned), images(40), None, pixels=1e9, seed=0)
    strong = 0.5 + 0.4 * RANDOM.standard_normal((64, 64)).astype(np.float32)
    found = inspect(blur(noise=learned, calibration=calibration.to_plain()), strong)
    assert any(re.search(advice, reason) for reason in found.reasons), found.reasons


def test_the_same_advice_is_given_once(photo: unnoise.Denoiser) -> None:
    stripes = np.where(np.arange(96) // 3 % 2, 0.9, 0.1)[None] * np.ones((96, 1))
    noisy = stripes + 0.4 * np.random.default_rng(0).standard_normal((96, 96))
    found = inspect(photo, noisy.astype(np.float32), range=(0, 1))
    assert len(found.reasons) > 1
    assert " ".join(found.reasons).count("--model self") <= 1


def test_a_model_without_calibration_says_what_is_missing() -> None:
    found = inspect(blur(), RANDOM.random((64, 64)).astype(np.float32))
    assert found.verdict == "check"
    assert "has no calibration" in found.reasons[0]
    assert found.lower is None


def images(count: int) -> list[np.ndarray]:
    """Return smooth images with the noise that the blur was made for."""
    y, x = np.mgrid[:64, :64] / 64
    shifts = RANDOM.uniform(0, 6, (count, 2))
    return [
        (
            0.5
            + 0.3 * np.sin(4 * x + a) * np.cos(4 * y + b)
            + 0.1 * RANDOM.standard_normal((64, 64))
        )[None].astype(np.float32)
        for a, b in shifts
    ]


def test_calibrated_on_images_it_trusts_such_images() -> None:
    calibration = calibrate(blur(), images(200), None, pixels=1e9, seed=0)
    assert calibration.images == 200
    assert calibration.noise_low <= 0.1 <= calibration.noise_high
    denoiser = blur(calibration=calibration.to_plain())
    verdicts = [inspect(denoiser, image[0]).verdict for image in images(100)]
    assert np.mean([verdict != "trust" for verdict in verdicts]) <= 0.1
    looks = [glance(denoiser, image, calibration).verdict for image in images(50)]
    assert np.mean([look != "trust" for look in looks]) <= 0.15
    steps = (np.arange(64) // 8 % 2)[None, :] * np.ones((64, 1))
    assert inspect(denoiser, steps.astype(np.float32)).verdict != "trust"


def test_too_few_images_give_no_limits() -> None:
    few = calibrate(blur(), images(10), None, pixels=1e9, seed=0)
    assert not few.limited
    found = inspect(blur(calibration=few.to_plain()), images(1)[0][0])
    assert found.verdict == "check"
    assert found.reasons[-1].startswith("too few held-out parts for limits: 10 of 20")


def test_what_only_trained_images_show_is_usual_too() -> None:
    # Dark strips have weak noise.
    held = [(0.5 + 0.2 * (image - 0.5)).astype(np.float32) for image in images(60)]
    narrow = calibrate(blur(), held, None, pixels=1e9, seed=0)
    wide = calibrate(blur(), held, None, images(60), pixels=1e9, seed=0)
    assert narrow.noise_high < 0.05 < 0.08 < wide.noise_high
    assert wide.images == narrow.images
    assert wide.structure == narrow.structure
    trusted = [
        np.mean([inspect(denoiser, image[0]).verdict == "trust" for image in images(30)])
        for denoiser in (blur(calibration=calibration.to_plain()) for calibration in (narrow, wide))
    ]
    assert trusted[0] == 0
    assert trusted[1] >= 0.8


def test_calibration_survives_the_file() -> None:
    calibration = calibrate(blur(), images(40), None, pixels=1e9, seed=0)
    back = read_calibration(calibration.to_plain())
    assert back is not None
    assert replace(back, kinds=()) == replace(calibration, kinds=())
    for one, other in zip(calibration.kinds, back.kinds, strict=True):
        windows = np.stack(images(9))[..., : one.height, : one.width]
        np.testing.assert_array_equal(one.score(windows), other.score(windows))
    assert read_calibration(None) is None


@pytest.mark.parametrize(
    "change",
    [
        {"height": 10**9},
        {"height": 5},
        {"width": 0},
        {"centre": {"shape": [10**30], "float16": ""}},
        {"scores": {"shape": [0], "float16": ""}},
        {"reference": {"shape": [1], "float16": "!"}},
    ],
)
def test_a_damaged_kind_is_refused(change: dict[str, Any]) -> None:
    calibration = calibrate(blur(), images(40), None, pixels=1e9, seed=0)
    plain = calibration.to_plain()
    plain["kinds"][0].update(change)
    with pytest.raises(ModelFileError, match="calibration in the model file is damaged"):
        read_calibration(plain)


@pytest.mark.parametrize(
    "change",
    [
        {"noise_low": "x"},
        {"noise_high": float("nan")},
        {"kinds": [{"height": 8}]},
        {"kinds": None},
        {"structure": None},
        {"images": float("inf")},
        {"noise_low": 10**400},
    ],
)
def test_a_damaged_calibration_is_refused(change: dict[str, Any]) -> None:
    calibration = calibrate(blur(), images(40), None, pixels=1e9, seed=0)
    with pytest.raises(ModelFileError, match="calibration in the model file is damaged"):
        read_calibration(calibration.to_plain() | change)
    with pytest.raises(ModelFileError, match="damaged"):
        read_calibration({})


def test_a_page_whose_noise_was_cut_off_is_to_be_checked_and_not_rejected(
    photo: unnoise.Denoiser,
) -> None:
    """White paper cannot get brighter, so what is removed from it looks like structure."""
    random = np.random.default_rng(0)
    page = np.full((256, 256), 255.0)
    for top, left in np.ndindex(14, 32):  # letters of 9 × 5 pixels
        letter = page[10 + 16 * top :, 10 + 7 * left :][:9, :5]
        letter[random.random(letter.shape) < 0.5] = 20
    page += random.normal(0, 15, page.shape)
    found = inspect(photo, np.rint(page).clip(0, 255).astype(np.uint8))
    assert any("noise was cut off" in reason for reason in found.reasons)
    assert any("unlike the training images" in reason for reason in found.reasons)
    assert found.verdict == "check"
