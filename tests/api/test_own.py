"""A model of the very images that it denoises."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import unnoise
from unnoise.api import train_on
from unnoise.denoiser import DenoiseOptions
from unnoise.errors import ConfigError, DataError, ModelFileError, OutputError
from unnoise.images import read_stack, write_stack

SIDE = 128


def stripes(seed: int, *, sigma: float = 20) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Return waves, clean and noisy, ``(128, 128)``, unlike any photograph."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE]
    clean = 128 + 60 * np.sin(0.25 * x + random.uniform(0, 6)) * np.cos(0.2 * y)
    return clean, np.rint(clean + random.normal(0, sigma, clean.shape)).astype(np.uint8)


def quick(files: list[Path], **settings: Any) -> tuple[Any, list[str]]:
    said: list[str] = []
    return train_on(files, say=said.append, device="cpu", **{"steps": 30, **settings}), said


def test_one_file_is_enough_and_the_model_is_kept(tmp_path: Path) -> None:
    clean, noisy = stripes(0)
    write_stack(tmp_path / "scan.tif", noisy)
    own, said = quick([tmp_path / "scan.tif"], steps=150, keep=tmp_path / "run")
    result = own.denoiser(noisy)
    before, after = (np.mean((image - clean) ** 2) for image in (noisy, result * 1.0))
    assert after < before / 2
    assert own.worse == ()
    facts = own.facts()
    assert (facts["objective"], facts["start"]) == ("neighbor2neighbor", None)
    assert (facts["steps"], facts["run"]) == (150, str(tmp_path / "run"))
    assert not any("shared" in text for text in said)
    np.testing.assert_array_equal(unnoise.load(tmp_path / "run", device="cpu")(noisy), result)
    with pytest.raises(OutputError):
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
        write_stack(tmp_path / f"{seed}.png", stripes(seed)[1])
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
    write_stack(path, stripes(0)[1][:side, : side + 3])
    own, _ = quick([path], steps=2)
    assert own.denoiser(read_stack(path)[0][0]).shape == (side, side + 3, 1)


def test_a_result_that_is_worse_than_its_input_is_named(
    tmp_path: Path,
) -> None:
    """Two steps from random weights give a blurred image, whose error is that of its edges."""
    write_stack(tmp_path / "scan.png", stripes(0, sigma=2)[1])
    own, _ = quick([tmp_path / "scan.png"], steps=2)
    assert own.worse == (tmp_path / "scan.png",)
    assert own.facts()["worse"] == [str(tmp_path / "scan.png")]
