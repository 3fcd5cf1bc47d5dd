import tomllib
from dataclasses import replace
from pathlib import Path

import pretrain_photo as tool
import pytest
import torch

from unnoise import train
from unnoise.noise import parse_noise
from unnoise.runs import RunFolder, read_model_file, write_model_file


@pytest.fixture
def target(run: Path, tmp_path: Path) -> Path:
    """Return a file like that in the package, from a run."""
    target = tmp_path / "photo.safetensors"
    assert tool.adopt(RunFolder(run), target).startswith("new weights")
    return target


def test_only_better_weights_come_into_the_package(run: Path, target: Path) -> None:
    info, weights = read_model_file(target)
    assert info.data == tool.DATA  # no path of the machine that trained it
    assert tool.adopt(RunFolder(run), target).startswith("kept")
    worse = replace(info, trained=info.trained | {"psnr": info.trained["psnr"] - 1})
    write_model_file(target, worse, weights)
    assert tool.adopt(RunFolder(run), target).startswith("new weights")
    assert read_model_file(target)[0].trained == info.trained


def test_weights_measured_with_other_noise_are_not_compared(run: Path, target: Path) -> None:
    info, weights = read_model_file(target)
    worse = info.trained | {"psnr": info.trained["psnr"] - 1}
    write_model_file(target, replace(info, trained=worse, noise="gaussian:0.07"), weights)
    before = target.read_bytes()
    assert "cannot be compared" in tool.adopt(RunFolder(run), target)
    assert target.read_bytes() == before
    assert tool.adopt(RunFolder(run), target, replace_any=True).startswith("new weights")
    assert read_model_file(target)[0].noise == read_model_file(RunFolder(run).model)[0].noise


def test_the_package_can_be_trained_on() -> None:
    """The weights in the package were measured with the noise of the preset."""
    noise = tomllib.loads(tool.PRESET.read_text(encoding="utf-8"))["noise"]
    assert read_model_file(tool.TARGET)[0].noise == str(parse_noise(noise))


def test_bounds_are_put_beside_the_weights_that_they_were_trained_for(
    target: Path, tmp_path: Path
) -> None:
    before, weights = read_model_file(target)
    train("digits", init=target, freeze=True, intervals=0.8, steps=2, out=tmp_path / "bounds")
    tool.adopt_bounds(RunFolder(tmp_path / "bounds"), target)
    after, all_weights = read_model_file(target)
    assert after.bounds is not None
    assert after.calibration is not None
    assert (after.trained, after.data) == (before.trained, before.data)
    assert all(torch.equal(all_weights[name], weights[name]) for name in weights)
    train("digits", intervals=0.8, steps=2, out=tmp_path / "other")
    with pytest.raises(AssertionError, match="other weights"):
        tool.adopt_bounds(RunFolder(tmp_path / "other"), target)
