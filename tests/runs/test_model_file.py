import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from unnoise.errors import ModelFileError
from unnoise.runs import ModelInfo, read_model_file, write_model_file
from unnoise.runs.model_file import FORMAT_VERSION

INFO = ModelInfo(
    model="unet",
    arguments={"channels": 1},
    channels=1,
    noise="gaussian:0.1",
    objective="supervised, mse",
    data="digits",
    seed=3,
    trained={"psnr": 20.5},
)


def test_round_trip(tmp_path: Path) -> None:
    weights = {"a": torch.rand(3, 4), "b": torch.arange(3)}
    write_model_file(tmp_path / "m.safetensors", INFO, weights)
    info, back = read_model_file(tmp_path / "m.safetensors")
    assert info == INFO
    assert all(torch.equal(back[name], weights[name]) for name in weights)


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.safetensors")
    write_model_file(path, INFO, {"a": torch.ones(2)})
    assert read_model_file(path)[0] == INFO


def test_a_file_that_may_not_be_read_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.safetensors"
    write_model_file(path, INFO, {"a": torch.ones(2)})

    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ModelFileError, match=r"cannot read .*m\.safetensors: Permission denied$"):
        read_model_file(path)


def test_a_newer_version_is_refused_with_the_one_that_reads_it(tmp_path: Path) -> None:
    newer = replace(INFO, format_version=FORMAT_VERSION + 1, unnoise="9.1.0")
    write_model_file(tmp_path / "m.safetensors", newer, {"a": torch.rand(1)})
    with pytest.raises(ModelFileError, match=r"install unnoise 9\.1\.0 or newer"):
        read_model_file(tmp_path / "m.safetensors")


def test_what_is_no_model_file_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    with pytest.raises(ModelFileError, match="there is no model file"):
        read_model_file(path)
    torch.save({"a": torch.rand(1)}, path)
    with pytest.raises(ModelFileError, match="is a pickle"):
        read_model_file(path)
    path.write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(ModelFileError, match="is a pickle"):
        read_model_file(path)
    path.write_bytes(b"")
    with pytest.raises(ModelFileError, match="damaged"):
        read_model_file(path)
    save_file({"a": torch.rand(1)}, path)
    with pytest.raises(ModelFileError, match="not of unnoise"):
        read_model_file(path)
    for header in (
        "{",
        "[]",
        json.dumps({"format_version": 1}),
        json.dumps({"format_version": "x"}),
    ):
        save_file({"a": torch.rand(1)}, path, metadata={"unnoise": header})
        with pytest.raises(ModelFileError, match="damaged unnoise header"):
            read_model_file(path)


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    write_model_file(path, INFO, {"a": torch.rand(8)})
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelFileError):
            read_model_file(path)


def test_a_file_of_the_first_format_is_read_as_it_was_meant(tmp_path: Path) -> None:
    """It has none of the later keys: no range of results, no word on colours."""
    path = tmp_path / "old.safetensors"
    write_model_file(path, INFO, {"w": torch.zeros(1)})
    with safe_open(path, framework="pt") as opened:
        header = json.loads(opened.metadata()["unnoise"])
    assert header["format_version"] == 1  # nothing in it that the first format lacks
    for later in ("result_range", "colour"):
        header.pop(later, None)
    save_file({"w": torch.zeros(1)}, path, {"unnoise": json.dumps(header)})
    info, _ = read_model_file(path)
    assert info.result_range is None
    assert info.colour is None
    assert info.value_range == INFO.value_range


def test_an_unfinished_training_is_named(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").touch()
    with pytest.raises(ModelFileError, match=r"not finished: go on with unnoise train --resume"):
        read_model_file(tmp_path / "model.safetensors")
