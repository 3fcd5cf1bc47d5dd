"""What a small install does: the command line with nothing but its own dependencies."""

import base64
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

import unnoise
from unnoise.errors import ConfigError, ModelError, ModelFileError
from unnoise.images import read_stack, write_stack
from unnoise.pretrained import PRETRAINED

ABSENT = ("torch", "scipy", "skimage", "sklearn", "matplotlib", "jinja2", "safetensors", "onnx")
MAIN = f"""
import sys
for name in {ABSENT}:
    sys.modules[name] = None  # as if it were not installed
from unnoise.cli import main
main(sys.argv[1:])
"""
PHOTO = PRETRAINED["photo"].with_suffix(".onnx")


def call(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", MAIN, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    rows = np.add.outer(np.arange(90), np.arange(120))[..., None] + np.array([0, 20, 40])
    noisy = rows + np.random.default_rng(0).normal(0, 20, rows.shape)
    write_stack(tmp_path / "noisy.png", noisy.clip(0, 255).astype(np.uint8))
    return tmp_path / "noisy.png"


def test_photo_denoises_and_inspects(image: Path) -> None:
    done = call("denoise", image)
    assert done.returncode == 0, done.stderr
    found, _ = read_stack(image.with_name("noisy_denoised.png"))
    known = unnoise.load("photo", device="cpu", precision="fp32").stack(read_stack(image)[0])
    assert np.abs(found.astype(int) - known).max() <= 1
    done = call("inspect", "photo", image)
    assert done.returncode == 0, done.stderr
    assert "noise 0.0" in done.stdout
    done = call("info", "photo")
    assert (done.returncode, "78.952" in done.stdout) == (0, True)


def test_verbs_that_need_more_say_what_to_install(image: Path, run: Path, tmp_path: Path) -> None:
    for arguments in (
        ("train", "digits"),
        ("evaluate", "photo", image, "--noise", "gaussian:0.1"),
        ("show", "digits"),
        ("probe", "photo", "digits"),
        ("demo", "--out", tmp_path / "demo"),
        ("export", "photo", tmp_path / "model.onnx"),
        ("denoise", image, "--model", run),
        ("inspect", "photo", image, "--report", tmp_path / "page.html"),
    ):
        done = call(*arguments)
        assert done.returncode == 2, arguments
        assert "pip install 'unnoise[train]'" in done.stderr, done.stderr
        assert "Traceback" not in done.stderr


def test_what_only_torch_can_do_is_said(tmp_path: Path) -> None:
    photo = unnoise.load(PHOTO)
    with pytest.raises(ModelError, match="no features"):
        photo.encode(np.zeros((16, 16), np.uint8))
    with pytest.raises(ModelError, match="no weights"):
        photo.save(tmp_path / "photo.safetensors")
    with pytest.raises(ConfigError, match="bf16 and compile are for torch"):
        unnoise.load(PHOTO, precision="bf16")
    with pytest.raises(ConfigError, match="this ONNX Runtime runs on cpu"):
        unnoise.load(PHOTO, device="mps")


def altered(path: Path, **changes: str | None) -> Path:
    """Write photo with other metadata; dots in names are two underscores here."""
    proto = onnx.load(PHOTO)
    kept = {entry.key: entry.value for entry in proto.metadata_props}
    for name, value in changes.items():
        key = name.replace("__", ".")
        kept.pop(key, None)
        if value is not None:
            kept[key] = value
    del proto.metadata_props[:]
    for key, value in kept.items():
        proto.metadata_props.add(key=key, value=value)
    onnx.save(proto, path)
    return path


NETWORK = '{"channels": %d, "size_multiple": %d, "receptive_field": 141, "fixed_size": null}'


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"unnoise": None}, "not of unnoise"),
        ({"unnoise": "{}"}, "damaged unnoise header"),
        ({"unnoise__network": None}, "does not hold the network"),
        ({"unnoise__network": NETWORK % (1, 8)}, "does not hold the network"),
        ({"unnoise__network": NETWORK % (3, 0)}, "does not hold the network"),
        ({"unnoise__network": NETWORK % (3, 10**9)}, "does not hold the network"),
        ({"unnoise__network": "[]"}, "does not hold the network"),
        ({"unnoise__bounds__model": "%%%"}, "does not hold the network"),
        ({"unnoise__bounds__model": base64.b64encode(b"no").decode()}, "cannot read"),
    ],
)
def test_a_file_that_is_not_ours_is_refused(
    changes: dict[str, str | None], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelFileError, match=message):
        unnoise.load(altered(tmp_path / "model.onnx", **changes))


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with pytest.raises(ModelFileError, match="there is no model file"):
        unnoise.load(path)
    for data in (b"", b"hello", PHOTO.read_bytes()[:100_000]):
        path.write_bytes(data)
        with pytest.raises(ModelFileError, match=r"cannot read|not of unnoise"):
            unnoise.load(path)
