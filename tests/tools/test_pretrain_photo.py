import importlib.util
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from unnoise import train
from unnoise.noise import parse_noise
from unnoise.runs import RunFolder, read_model_file, write_model_file

TOOL = Path(__file__).parents[2] / "tools" / "pretrain_photo.py"


@pytest.fixture(scope="module")
def tool() -> Any:
    spec = importlib.util.spec_from_file_location("pretrain_photo", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def target(tool: Any, run: Path, tmp_path: Path) -> Path:
    """Return a file like that in the package, from a run."""
    target = tmp_path / "photo.safetensors"
    assert tool.adopt(RunFolder(run), target).startswith("new weights")
    return target


def test_only_better_weights_come_into_the_package(tool: Any, run: Path, target: Path) -> None:
    info, weights = read_model_file(target)
    assert info.data == tool.DATA  # no path of the machine that trained it
    assert tool.adopt(RunFolder(run), target).startswith("kept")
    worse = replace(info, trained=info.trained | {"psnr": info.trained["psnr"] - 1})
    write_model_file(target, worse, weights)
    assert tool.adopt(RunFolder(run), target).startswith("new weights")
    assert read_model_file(target)[0].trained == info.trained


def test_weights_measured_with_other_noise_are_not_compared(
    tool: Any, run: Path, target: Path
) -> None:
    info, weights = read_model_file(target)
    worse = info.trained | {"psnr": info.trained["psnr"] - 1}
    write_model_file(target, replace(info, trained=worse, noise="gaussian:0.07"), weights)
    before = target.read_bytes()
    assert "cannot be compared" in tool.adopt(RunFolder(run), target)
    assert target.read_bytes() == before
    assert tool.adopt(RunFolder(run), target, replace_any=True).startswith("new weights")
    assert read_model_file(target)[0].noise == read_model_file(RunFolder(run).model)[0].noise


def test_the_package_can_be_trained_on(tool: Any) -> None:
    """The weights in the package were measured with the noise of the preset."""
    noise = tomllib.loads(tool.PRESET.read_text(encoding="utf-8"))["noise"]
    assert read_model_file(tool.TARGET)[0].noise == str(parse_noise(noise))


def test_bounds_are_put_beside_the_weights_that_they_were_trained_for(
    tool: Any, target: Path, tmp_path: Path
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
