"""A model of the very images that it denoises."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

import unnoise
from unnoise.api.own import is_worse, train_on
from unnoise.denoiser import DenoiseOptions, Running
from unnoise.errors import ConfigError, DataError, ModelFileError, RunError
from unnoise.images import read_stack, write_stack

SIDE = 64


def scan(
    seed: int, *, sigma: float = 30, grain: float = 0
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Return discs on waves, clean and noisy, ``(64, 64)``; noise is blurred by ``grain``."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    clean = 90 + 50 * np.sin(random.uniform(4, 12) * x + random.uniform(2, 9) * y)
    for _ in range(5):
        disc = np.hypot(x - random.uniform(), y - random.uniform()) < random.uniform(0.05, 0.2)
        clean[disc] = random.uniform(20, 235)
    noise = gaussian_filter(random.normal(0, 1, clean.shape), grain)
    noisy = np.rint(clean + sigma * noise / noise.std()).clip(0, 255)
    return clean, noisy.astype(np.uint8)


def quick(files: list[Path], **settings: Any) -> tuple[Any, list[str]]:
    said: list[str] = []
    running = Running(device="cpu")
    return train_on(files, say=said.append, running=running, **{"steps": 30, **settings}), said


def test_one_file_is_enough_and_the_model_is_kept(tmp_path: Path) -> None:
    clean, noisy = scan(0)
    write_stack(tmp_path / "scan.tif", noisy)
    own, said = quick([tmp_path / "scan.tif"], steps=3, keep=tmp_path / "run")
    result = own.denoiser(noisy)
    before, after = (np.mean((image - clean) ** 2) for image in (noisy, result * 1.0))
    assert after < before / 2
    assert own.worse == ()
    facts = own.facts()
    assert (facts["objective"], facts["strides"]) == ("neighbor2neighbor", [1])
    assert (facts["steps"], facts["run"]) == (3, str(tmp_path / "run"))
    assert not any("shared" in text for text in said)
    np.testing.assert_array_equal(unnoise.load(tmp_path / "run", device="cpu")(noisy), result)
    with pytest.raises(RunError, match="holds a run already"):
        quick([tmp_path / "scan.tif"], keep=tmp_path / "run")


def test_photographs_with_white_noise_start_from_photo(sample_photo: Path) -> None:
    from skimage import data

    part = data.astronaut()[20:180, 160:320]
    noise = np.random.default_rng(1).normal(0, 15, part.shape)
    path = sample_photo.with_name("astronaut.png")
    write_stack(path, np.rint(part + noise).clip(0, 255).astype(np.uint8))
    own, said = quick([path], steps=2)
    assert own.start == "photo"
    assert own.denoiser.info.model == "unet-m"
    assert any("starting from photo" in text for text in said)


def test_the_time_is_shared_and_a_bad_file_is_left_out(tmp_path: Path) -> None:
    for seed in range(3):
        write_stack(tmp_path / f"{seed}.png", scan(seed)[1])
    (tmp_path / "bad.png").write_bytes(b"no picture")
    own, said = quick(sorted(tmp_path.glob("*.png")), steps=3)
    assert "the 3 steps are shared by 4 files: one model learns from all of them" in said
    assert "3 images of" in next(text for text in said if "neighbor2neighbor" in text)
    assert own.looked_at == 3


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    write_stack(tmp_path / "small.png", np.zeros((10, 40), np.uint8))
    with pytest.raises(DataError, match=r"10 × 40: patches need 16 .* a model that is there"):
        quick([tmp_path / "small.png"])
    with pytest.raises(ConfigError, match="learns all channels"):
        quick([tmp_path / "small.png"], options=DenoiseOptions(channels="separate"))
    with pytest.raises(ConfigError, match="unnoise denoise IMAGES --model self"):
        unnoise.load("self")
    with pytest.raises(ModelFileError):
        unnoise.load("./self")


@pytest.mark.parametrize("side", [16, 20, 40])
def test_an_image_smaller_than_a_patch_is_learned_from(tmp_path: Path, side: int) -> None:
    path = tmp_path / "small.png"
    write_stack(path, scan(0)[1][:side, : side + 3])
    own, _ = quick([path], steps=2)
    assert own.denoiser(read_stack(path)[0][0]).shape == (side, side + 3, 1)


def test_images_with_a_grain_start_from_random_weights(tmp_path: Path) -> None:
    write_stack(tmp_path / "scan.png", scan(0, grain=1)[1])
    own, said = quick([tmp_path / "scan.png"], steps=1)
    assert own.start is None
    assert any("starting from random weights" in text for text in said)


@pytest.mark.parametrize(
    ("sigma", "width", "worse"), [(10, 0.5, False), (10, 4, True), (30, 1, False), (30, 8, True)]
)
def test_a_blur_of_noise_is_worse_where_it_truly_is(
    sigma: float, width: float, worse: bool
) -> None:
    """At sigma 10 edges lose much more than flat places lose noise, and yet it may be better."""
    y, x = np.mgrid[:256, :256]
    clean = (128 + 60 * np.sign(np.sin(x / 9) * np.sin(y / 9)) * (x > 96))[None] / 255
    noise = np.random.default_rng(0).normal(0, sigma / 255, clean.shape)
    noisy = (clean + noise).astype(np.float32)

    def blur(images: NDArray[np.float32]) -> NDArray[np.float32]:
        made: NDArray[np.float32] = gaussian_filter(images, (0, 0, width, width))
        return made

    assert (np.mean((blur(noisy[None])[0] - clean) ** 2) > np.mean(noise**2)) == worse
    assert is_worse(blur, noisy) == worse


def test_text_that_is_blurred_is_worse() -> None:
    """Hardly any noise, and thin dark strokes on a paper with a texture."""
    random = np.random.default_rng(1)
    page = np.full((256, 256), 0.9)
    for top in range(8, 250, 14):
        for left in range(8, 250, 5):
            page[top : top + 8, left : left + 2] = 0.1 if random.random() < 0.6 else 0.9
    noisy = (page + random.normal(0, 0.003, page.shape))[None].astype(np.float32)
    assert is_worse(lambda images: gaussian_filter(images, (0, 0, 1.5, 1.5)), noisy)
    assert not is_worse(lambda images: images, noisy)
