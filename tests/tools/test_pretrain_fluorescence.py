import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unnoise import train
from unnoise.images import read_stack, write_stack
from unnoise.runs import RunFolder, read_model_file

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(TOOLS)
    for name in ("fluorescence", "pretrain_photo", "pretrain_fluorescence"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return import_module("pretrain_fluorescence")


def test_what_is_left_out_is_in_no_pair(
    tool: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool, "DRAWN", 2)
    random = np.random.default_rng(0)
    write_stack(
        tmp_path / "photos/train/a.png", random.integers(0, 256, (260, 260, 3), dtype=np.uint8)
    )
    for name, low in (("X_1", 0), ("X_2", 0), ("Y_1", 200)):
        for side in ("noisy", "clean"):
            image = random.integers(low, low + 56, (40, 40), dtype=np.uint8)
            write_stack(tmp_path / "microscopy" / side / f"{name}.png", image)
    tool.draw(tmp_path / "pairs", tmp_path, ["Y"])
    names = sorted(path.name for path in (tmp_path / "pairs/noisy").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "pairs/clean").iterdir())
    kinds = [name.split("_")[0] for name in names]
    expected = {
        "drawn": 2 + 1,
        "real": 2 * tool.EXPOSURES,
        "specimen": len(tool.MAGNIFICATIONS) * tool.NOISES,
    }
    assert {kind: kinds.count(kind) for kind in expected} == expected
    real = [read_stack(tmp_path / "pairs/noisy" / name)[0] for name in names if "real" in name]
    assert max(image.max() for image in real) < 200


def test_the_training_before_is_counted_and_no_path_is_kept(
    tool: Any, run: Path, tmp_path: Path
) -> None:
    train("digits", init=RunFolder(run).model, steps=2, out=tmp_path / "more")
    tool.adopt(RunFolder(tmp_path / "more"), tmp_path / "adopted.safetensors")
    info, _ = read_model_file(tmp_path / "adopted.safetensors")
    before, _ = read_model_file(RunFolder(run).model)
    assert info.data == tool.DATA
    assert info.trained["steps"] == before.trained["steps"] + 2
