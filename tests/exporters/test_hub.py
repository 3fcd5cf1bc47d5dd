"""Folders in the layout of Hugging Face, and reading them from a stand-in of the hub."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest

import unnoise
from unnoise import Denoiser
from unnoise.errors import ModelFileError, OutputError

IMAGE = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)


@pytest.fixture
def folder(denoiser: Denoiser, tmp_path: Path) -> Path:
    unnoise.export(denoiser, tmp_path / "mine", format="hub")
    return tmp_path / "mine"


def test_a_folder_holds_weights_config_and_card(folder: Path, denoiser: Denoiser) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]
    config = json.loads((folder / "config.json").read_text())
    assert config["library_name"] == "unnoise"
    assert config["model"] == denoiser.info.model
    assert config["noise"] == denoiser.info.noise
    card = (folder / "README.md").read_text()
    assert card.startswith("---\nlibrary_name: unnoise\n")
    assert f"{denoiser.info.trained['psnr']:.2f} dB after" in card
    loaded = unnoise.load(folder, precision="fp32")
    np.testing.assert_array_equal(loaded(IMAGE), denoiser(IMAGE))


def test_a_card_that_somebody_wrote_stays(folder: Path, denoiser: Denoiser) -> None:
    (folder / "README.md").write_text("mine")
    with pytest.raises(OutputError, match="exists"):
        unnoise.export(denoiser, folder, format="hub")
    unnoise.export(denoiser, folder, format="hub", overwrite=True)
    assert (folder / "README.md").read_text() == "mine"
    with pytest.raises(OutputError, match="is a file"):
        unnoise.export(denoiser, folder / "README.md", format="hub")


class Hub(BaseHTTPRequestHandler):
    """The files of one repository, where and with the headers that the hub gives them."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self.folder = folder
        super().__init__(*arguments)  # type: ignore[arg-type]  # passed on as they come

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        known = {f"/me/mine/resolve/main/{path.name}": path for path in self.folder.iterdir()}
        path = known.get(self.path)
        data = b"" if path is None else path.read_bytes()
        self.send_response(404 if path is None else 200)
        if path is None:
            missing = "Entry" if self.path.startswith("/me/mine/") else "Repo"
            self.send_header("X-Error-Code", f"{missing}NotFound")
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("ETag", f'"{hashlib.sha1(data, usedforsecurity=False).hexdigest()}"')
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(folder: Path, serve: Callable[[Callable[..., BaseHTTPRequestHandler]], str]) -> str:
    return serve(partial(Hub, folder))


LOAD = """
import sys, numpy, unnoise
image = numpy.random.default_rng(0).integers(0, 256, (28, 28), numpy.uint8)
try:
    denoiser = unnoise.load(sys.argv[1], device="cpu", precision="fp32")
    sys.stdout.buffer.write(denoiser(image).tobytes())
except unnoise.UnnoiseError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def loaded(
    address: str, hub: str, cache: Path, *, offline: bool = False
) -> subprocess.CompletedProcess[bytes]:
    """Load from the hub in a process of its own: the address of the hub is read once."""
    environment = {
        "HF_ENDPOINT": hub,
        "HF_HOME": str(cache),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_OFFLINE": str(int(offline)),
    }
    command = [sys.executable, "-c", LOAD, address]
    return subprocess.run(command, env=environment, capture_output=True, check=False)


def test_a_model_of_the_hub_is_loaded_and_kept(
    hub: str, tmp_path: Path, denoiser: Denoiser
) -> None:
    done = loaded("hf://me/mine", hub, tmp_path / "cache")
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == denoiser(IMAGE).tobytes()
    assert loaded("hf://me/mine", hub, tmp_path / "cache", offline=True).stdout == done.stdout
    missing = loaded("hf://me/mine", hub, tmp_path / "other", offline=True).stderr.decode()
    assert "ModelFileError: cannot reach hf://me/mine" in missing


def test_what_the_hub_lacks_is_said(hub: str, folder: Path, tmp_path: Path) -> None:
    (folder / "model.safetensors").unlink()
    error = loaded("hf://me/mine", hub, tmp_path / "cache").stderr.decode()
    assert "holds neither model.safetensors nor model.onnx" in error
    error = loaded("hf://me/other", hub, tmp_path / "cache").stderr.decode()
    assert error.startswith("ModelFileError: cannot get hf://me/other")
    for address in ("hf://me", "hf://me/mine/more", "hf://../.."):
        with pytest.raises(ModelFileError, match="is no address of a model"):
            unnoise.load(address)
