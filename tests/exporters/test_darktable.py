"""Files for darktable: what the program reads, and the images that its tensors give."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from random_models import fresh

import unnoise
from unnoise.errors import ConfigError, ModelError
from unnoise.exporters import darktable
from unnoise.types import Floats

FAST = ((1, 1), (37, 53), (130, 96))


@pytest.fixture(autouse=True)
def small_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(darktable, "SIZES", FAST)


def members(path: Path) -> tuple[str, dict[str, Any], bytes]:
    with zipfile.ZipFile(path) as archive:
        folders = {name.split("/")[0] for name in archive.namelist()}
        assert len(folders) == 1
        (folder,) = folders
        config = json.loads(archive.read(f"{folder}/config.json"))
        return folder, config, archive.read(f"{folder}/model.onnx")


def run(model: bytes, image: Floats) -> Floats:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (made,) = session.run(["output"], {"input": image})
    return np.asarray(made)


@pytest.mark.parametrize("channels", [1, 3])
def test_its_graph_gives_what_the_denoiser_gives(channels: int, tmp_path: Path) -> None:
    known, _ = fresh("unet", channels=channels)
    path = tmp_path / "own.dtmodel"
    made = unnoise.export(known, path, author="A. Person", license="MIT")
    assert made is not None
    assert made.sizes == FAST
    assert made.notes == ()
    folder, _, model = members(path)
    assert folder == "denoise-unnoise-denoiser"
    proto = onnx.load_from_string(model)
    assert [(each.domain, each.version) for each in proto.opset_import] == [("", 17)]
    dims = proto.graph.input[0].type.tensor_type.shape.dim
    assert [dim.dim_param or dim.dim_value for dim in dims] == [1, 3, "height", "width"]
    for sides in ((1, 1), (2, 9), (61, 40)):
        image = np.random.default_rng(1).random((1, 3, *sides), np.float32)
        assert np.abs(run(model, image) - known.denoise_floats(image)).max() < 1e-4


def test_highlights_and_what_lies_below_black_keep_their_excess(tmp_path: Path) -> None:
    known, _ = fresh("unet", channels=3)
    unnoise.export(known, tmp_path / "m.dtmodel")
    model = members(tmp_path / "m.dtmodel")[2]
    image = np.random.default_rng(2).uniform(-0.5, 3, (1, 3, 24, 24)).astype(np.float32)
    inside = image.clip(0, 1)
    expected = known.denoise_floats(inside) + image - inside
    assert np.abs(run(model, image) - expected).max() < 1e-4


def test_the_card_of_photo_is_filled_and_its_file_is_the_same_each_time(tmp_path: Path) -> None:
    first, second = tmp_path / "a.dtmodel", tmp_path / "b.dtmodel"
    made = unnoise.export("photo", first)
    assert made is not None
    assert made.notes == ("the bounds of the model are left out: darktable has no use for them",)
    unnoise.export("photo", second, id="denoise-mine", name="Mine")
    folder, config, _ = members(first)
    assert folder == config["id"] == "denoise-unnoise-photo"
    assert config["task"] == "denoise"
    assert config["backend"] == "onnx"
    assert config["attributes"]["input_sizes"][0] == 1152
    card = config["model_card"]
    assert set(card) == {
        *("long_description", "scope", "author", "source", "license"),
        *("training_data", "training_data_license", "notes"),
    }
    assert card["license"] == "Apache-2.0"
    assert "BSDS500" in card["training_data"]
    assert "UNKNOWN" not in json.dumps(config)
    assert members(second)[:2] == ("denoise-mine", {**config, "id": "denoise-mine", "name": "Mine"})
    unnoise.export("photo", second, overwrite=True)
    assert second.read_bytes() == first.read_bytes()


def test_what_is_not_known_is_not_invented(tmp_path: Path) -> None:
    known, _ = fresh("unet", channels=1)
    made = unnoise.export(known, tmp_path / "m.dtmodel")
    assert made is not None
    assert "author and license in the file: UNKNOWN" in made.notes[0]
    card = members(tmp_path / "m.dtmodel")[1]["model_card"]
    assert card["author"] == card["license"] == card["training_data_license"] == "UNKNOWN"


@pytest.mark.parametrize(
    ("name", "changed", "reason"),
    [
        ("autoencoder", {}, "takes only images of 28 × 28 pixels"),
        ("unet", {"channels": 2}, "for 2 channels that are no colours"),
        ("unet", {"strides": (1, 2)}, "at a stride"),
        ("unet", {"depth": 3}, "sees 3 neighbouring images"),
    ],
)
def test_models_that_do_not_suit_are_refused(
    name: str, changed: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    known, _ = fresh(name, **changed)
    with pytest.raises(ModelError, match=reason):
        unnoise.export(known, tmp_path / "m.dtmodel")
    assert not list(tmp_path.iterdir())


def test_values_of_another_range_are_refused(tmp_path: Path) -> None:
    known, info = fresh("unet", channels=1)
    info.__dict__["value_range"] = {"dtype": "uint16", "low": 0.0, "high": 4095.0, "clamp": True}
    with pytest.raises(ModelError, match="another range"):
        unnoise.export(known, tmp_path / "m.dtmodel")


def test_options_of_other_formats_are_refused(tmp_path: Path) -> None:
    for options, word in (
        ({"half": True}, "half and opset"),
        ({"opset": 18}, "half and opset"),
        ({"id": "../up"}, "lower-case"),
    ):
        with pytest.raises(ConfigError, match=word):
            unnoise.export("photo", tmp_path / "m.dtmodel", **options)
    with pytest.raises(ConfigError, match="id is for darktable"):
        unnoise.export("photo", tmp_path / "m.onnx", id="a")
    with pytest.raises(ConfigError, match=r"\.dtmodel"):
        unnoise.export("photo", tmp_path / "m.zip", format="darktable")
    with pytest.raises(ConfigError, match="no ending of a format"):
        unnoise.export("photo", tmp_path / "m")
