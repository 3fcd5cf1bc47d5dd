"""Several models on one image: their order, and simple filters beside them."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import unnoise
from unnoise.api import comparing
from unnoise.api.inspecting import inspect_files
from unnoise.cli import main
from unnoise.errors import ConfigError
from unnoise.images import write_stack
from unnoise.trust import Risk


def noisy_hills(side: int = 128) -> np.ndarray:
    y, x = np.mgrid[:side, :side] / side
    clean = 120 + 60 * np.sin(9 * x) * np.cos(7 * y)
    noise = 20 * np.random.default_rng(0).standard_normal(clean.shape)
    noisy: np.ndarray = (clean + noise).round().clip(0, 255).astype(np.uint8)
    return noisy


@pytest.fixture(scope="module")
def photo() -> unnoise.Denoiser:
    return unnoise.load("photo", device="cpu", precision="fp32")


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_the_better_model_is_first(photo: unnoise.Denoiser, denoiser: unnoise.Denoiser) -> None:
    found = unnoise.compare([denoiser, photo], noisy_hills(), names=["digits", "photo"])
    assert [row.name for row in found.rows] == ["photo", "digits"]
    assert found.rows[0].behind == 0
    assert (found.rows[1].behind or 0) > 0.5
    assert "photo is the best" in found.sentence


def test_a_model_cannot_be_distinguished_from_itself(photo: unnoise.Denoiser) -> None:
    found = unnoise.compare([photo, photo], noisy_hills())
    assert found.rows[1].like == (found.rows[0].name,)
    assert "cannot be distinguished" in found.sentence


def test_an_error_too_small_to_estimate_is_not_put_last(
    photo: unnoise.Denoiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    risks = iter([Risk(0.01, 0.02, 0.0, np.zeros(1)), Risk(-0.001, 0.02, 0.0, np.zeros(1))])
    monkeypatch.setattr(comparing, "estimate_risk", lambda *_: next(risks))
    found = unnoise.compare([photo, photo], noisy_hills(), names=["a", "b"])
    assert [row.name for row in found.rows] == ["b", "a"]
    assert all(row.behind is None for row in found.rows)
    assert "cannot be put in order: the error is too small to estimate for b" in found.sentence


@pytest.mark.parametrize("sigma", [25, 40])
def test_texture_is_not_taken_for_noise(photo: unnoise.Denoiser, sigma: int) -> None:
    random = np.random.default_rng(0)
    y, x = np.mgrid[:192, :192] / 192
    texture = gaussian_filter(random.standard_normal((192, 192)), 1.2) * 60
    clean = 120 + 30 * np.sin(5 * x) * np.cos(4 * y) + texture
    noisy = ((clean + random.normal(0, sigma, clean.shape)) / 255).astype(np.float32)
    found = unnoise.compare([photo], noisy, range=(0, 1))
    error = np.mean((np.asarray(photo(noisy, range=(0, 1))) - clean / 255) ** 2)
    assert found.rows[0].psnr == pytest.approx(-10 * np.log10(error), abs=1)


def test_names_and_models_must_match(photo: unnoise.Denoiser) -> None:
    with pytest.raises(ConfigError, match="there is no model"):
        unnoise.compare([], noisy_hills())
    with pytest.raises(ConfigError, match="2 names for 1 models"):
        unnoise.compare([photo], noisy_hills(), names=["a", "b"])


def test_every_image_has_an_order(photo: unnoise.Denoiser) -> None:
    for image in (np.full((20, 20), 7, np.uint8), np.zeros((3, 2), np.uint8)):
        found = unnoise.compare([photo, photo], image)
        assert all(row.psnr is None or np.isfinite(row.psnr) for row in found.rows)
        assert found.sentence


def test_inspect_says_whether_a_model_is_worth_it(photo: unnoise.Denoiser, tmp_path: Path) -> None:
    write_stack(tmp_path / "hills.png", noisy_hills(64))
    (found,) = inspect_files(photo, [tmp_path / "hills.png"], compare=True)
    assert "the model" in found.facts["worth"]
    names = [row["name"] for row in found.facts["compared"]]
    assert any(name.startswith("gaussian (sigma in pixels") for name in names)
    assert found.facts["compared_seconds"] > 0


def test_compare_prints_the_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_stack(tmp_path / "hills.png", noisy_hills())
    assert call("compare", "photo", "--images", tmp_path / "hills.png", "--json") == 0
    (image,) = json.loads(capsys.readouterr().out)
    assert image["rows"][0]["name"] == "photo"
    assert call("compare", "photo", "photo", "--images", tmp_path / "none.png") == 2
    assert "none.png" in capsys.readouterr().err
