import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

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


def test_only_better_weights_come_into_the_package(tool: Any, run: Path, tmp_path: Path) -> None:
    target = tmp_path / "photo.safetensors"
    assert tool.adopt(RunFolder(run), target).startswith("new weights")
    info, weights = read_model_file(target)
    assert info.data == tool.DATA  # no path of the machine that trained it
    assert tool.adopt(RunFolder(run), target).startswith("kept")
    worse = replace(info, trained=info.trained | {"psnr": info.trained["psnr"] - 1})
    write_model_file(target, worse, weights)
    assert tool.adopt(RunFolder(run), target).startswith("new weights")
    assert read_model_file(target)[0].trained == info.trained
