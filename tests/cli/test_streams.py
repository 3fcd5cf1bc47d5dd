"""``-``: an image from standard input, its result to standard output, and what goes wrong there."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from unnoise.images import read_stack
from unnoise.pretrained import EXAMPLES

PHOTO = EXAMPLES["photo"]


def run(*arguments: object, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "unnoise", "denoise", *map(str, arguments)]
    return subprocess.run(command, input=given, capture_output=True, check=False)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("result") / "photo.png"
    assert run(PHOTO, "--out", path, "--model", "photo").returncode == 0
    return path.read_bytes()


def test_a_pipe_gives_the_bytes_of_the_file(result: bytes, tmp_path: Path) -> None:
    given = PHOTO.read_bytes()
    piped = run("-", "--model", "photo", given=given)
    assert piped.returncode == 0
    assert piped.stdout == result
    assert b"standard input -> standard output" in piped.stderr
    assert run(PHOTO, "--out", "-", "--model", "photo", "--quiet").stdout == result
    named = run("-", "--out", tmp_path / "a.png", "--json", "--model", "photo", given=given)
    assert (tmp_path / "a.png").read_bytes() == result
    (row,) = json.loads(named.stdout)
    assert (row["input"], row["output"]) == ("standard input", str(tmp_path / "a.png"))


def test_the_format_of_the_output_can_be_chosen(result: bytes, tmp_path: Path) -> None:
    (tmp_path / "result.png").write_bytes(result)
    known, _ = read_stack(tmp_path / "result.png")
    for kind, suffix in (("tiff", "tif"), ("webp", "webp"), ("png", "png")):
        made = run("-", "--format", kind, "--model", "photo", given=PHOTO.read_bytes())
        (tmp_path / f"made.{suffix}").write_bytes(made.stdout)
        found, _ = read_stack(tmp_path / f"made.{suffix}")
        assert np.array_equal(found, known)


def test_measurements_become_a_picture_with_a_note(tmp_path: Path) -> None:
    image = np.random.default_rng(0).normal(900, 30, (40, 50)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", image)
    folder = tmp_path / "out"
    made = run(tmp_path / "a.tif", "--out", folder, "--format", "png", "--model", "photo")
    assert made.returncode == 0, made.stderr
    assert b"as black to white" in made.stderr
    found, _ = read_stack(folder / "a.png")
    assert found.dtype == np.uint16
    tifffile.imwrite(tmp_path / "stack.tif", np.stack([image] * 3), photometric="minisblack")
    refused = run(tmp_path / "stack.tif", "--out", folder, "--format", "png")
    assert refused.returncode == 2
    assert b"is a stack of 3 images, and png holds one" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "given", "message"),
    [
        (["-"], b"", "standard input is empty"),
        (["-"], b"hello", "begins with 68 65 6c 6c 6f, which is no PNG"),
        (["-"], PHOTO.read_bytes()[:2000], "cannot read standard input"),
        (["-", "b.png"], b"x", "- is one image, and 2 inputs were given"),
        (["-", "--json"], b"x", "--json and the image would both go to standard output"),
        (
            ["-", "--engine", "processes"],
            b"x",
            "--engine processes is for many",
        ),
        (["-", "--suffix", "_a"], b"x", "--suffix _a is for names of files"),
        (["nothing.png", "--out", "-"], b"", "nothing.png is no file"),
        ([PHOTO.parent, "--out", "-"], b"", "pretrained is no file"),
        (["--modle", "photo", "a.png"], b"", "unknown option --modle"),
        ([PHOTO, "--out", "a.webp", "--format", "png"], b"", "disagree"),
    ],
)
def test_mistakes_are_explained(
    arguments: list[object], given: bytes, message: str, tmp_path: Path
) -> None:
    made = run(*arguments, given=given)
    assert made.returncode == 2
    assert made.stdout == b""
    assert message in made.stderr.decode()
    assert "Traceback" not in made.stderr.decode()
    assert str(tmp_path.parent) not in made.stderr.decode()


def test_a_full_disk_behind_standard_output_is_one_message() -> None:
    with Path("/dev/full").open("wb") as full:
        made = subprocess.run(
            [sys.executable, "-m", "unnoise", "denoise", "-", "--model", "photo", "--quiet"],
            input=PHOTO.read_bytes(), stdout=full, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    assert made.returncode == 2
    assert b"cannot write to standard output: No space left on device" in made.stderr
    assert b"Traceback" not in made.stderr
