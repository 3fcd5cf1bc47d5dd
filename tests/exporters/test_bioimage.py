"""Files for the BioImage Model Zoo, checked by its own validator, without network."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from random_models import fresh

import unnoise
from unnoise.errors import ModelError

# `make` installs it beside the other packages; see bioimageio.txt.
VALIDATOR = Path(sys.prefix) / "bioimageio"
VALIDATE = """
import json, socket, sys, warnings
def offline(*_, **__):
    raise OSError("no network in this test")
socket.socket.connect = socket.getaddrinfo = offline
from bioimageio.core import test_model
path, *kinds = sys.argv[1:]
found = [test_model(path, weight_format=kind, determinism="seed_only") for kind in kinds]
print("RESULT" + json.dumps([
    [each.status, [[d.name, d.status, str(d.errors)] for d in each.details]] for each in found
]))
"""


def validate(path: Path, *kinds: str) -> None:
    """Run the tests of a model by each kind of its weights: its format, and its test images."""
    if not VALIDATOR.is_dir():
        pytest.skip(f"no validator in {VALIDATOR}: make installs it")
    environment = {"PYTHONPATH": str(VALIDATOR), "HOME": str(path.parent), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", VALIDATE, str(path), *kinds],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    (line,) = (each for each in done.stdout.splitlines() if each.startswith("RESULT"))
    results = json.loads(line.removeprefix("RESULT"))
    assert len(results) == len(kinds)
    for (status, details), kind in zip(results, kinds, strict=True):
        assert status == "passed", [each for each in details if each[1] != "passed"]
        assert any(f"test outputs from test inputs ({kind})" in name for name, *_ in details)


def description(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        found: dict[str, Any] = json.loads(archive.read("bioimageio.yaml"))
        return found


def test_photo_passes_the_test_of_the_zoo(tmp_path: Path) -> None:
    path = tmp_path / "photo.zip"
    made = unnoise.export("photo", path)
    assert made is not None
    assert made.notes == ("the bounds of the model are left out: the format has no place for them",)
    validate(path, "onnx", "torchscript")
    text = description(path)
    assert text["license"] == "Apache-2.0"
    assert text["inputs"][0]["preprocessing"] == [
        {"id": "scale_linear", "kwargs": {"gain": 1 / 255, "offset": 0.0}}
    ]
    with zipfile.ZipFile(path) as archive:
        assert archive.read("cover.png").startswith(b"\x89PNG")
        assert "## Validation" in archive.read("README.md").decode()


@pytest.mark.parametrize(
    ("name", "channels", "values"),
    [
        ("unet", 1, {"dtype": "uint16", "low": 100.0, "high": 4195.0, "clamp": False}),
        ("unet", 2, {"dtype": "uint16", "low": (9.0, 5.0), "high": (99.0, 105.0), "clamp": False}),
        ("mlp", 1, None),
    ],
)
def test_values_are_scaled_as_in_training(
    name: str, channels: int, values: dict[str, Any] | None, tmp_path: Path
) -> None:
    known, info = fresh(name, channels=channels)
    info.__dict__["value_range"] = values
    known = unnoise.Denoiser(known.backend, info)
    path = tmp_path / "own.zip"
    made = unnoise.export(known, path, name="own images", author="A. Person", license="MIT")
    assert made is not None
    assert len(made.notes) == 1
    assert "cover show a photograph" in made.notes[0]
    validate(path, "onnx", "torchscript")


def test_a_run_gives_its_held_out_images(tmp_path: Path) -> None:
    unnoise.train("digits", steps=2, batch_size=8, out=tmp_path / "run")
    made = unnoise.export(tmp_path / "run", tmp_path / "digits.zip", author="A", license="MIT")
    assert made is not None
    assert made.notes == ()
    text = description(tmp_path / "digits.zip")
    assert [each["url"] for each in text["cite"]] == [
        "https://doi.org/10.1145/1390156.1390294",
        "https://doi.org/10.1007/978-3-319-24574-4_28",
    ]
    with (
        zipfile.ZipFile(tmp_path / "digits.zip") as archive,
        archive.open("test_input.npy") as file,
    ):
        image = np.load(file)
    assert image.shape[:2] == (1, 1)
    assert (image != np.rint(image)).any()  # the noise of the training was added
    validate(tmp_path / "digits.zip", "onnx", "torchscript")


def test_models_that_the_format_cannot_describe_are_refused(tmp_path: Path) -> None:
    for changed, reason in (({"depth": 3}, "3 neighbouring"), ({"strides": (2,)}, "at a stride")):
        known, _ = fresh("unet", channels=1, **changed)
        with pytest.raises(ModelError, match=reason):
            unnoise.export(known, tmp_path / "m.zip")
    assert not list(tmp_path.iterdir())
