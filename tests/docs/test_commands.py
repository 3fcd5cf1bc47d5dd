"""Every command and every piece of Python in README and docs runs."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import desk as desks
import numpy as np
import pytest
from pages import REASONS, ROOT, Block, blocks, lines, pages, shortened, split

import unnoise
from servers import started
from unnoise import cli
from unnoise.data import load_images

COMMANDS = [block for block in blocks() if block.kind in ("sh", "bash") and not block.reason]
PYTHON = [block for block in blocks() if block.kind in ("python", "py") and not block.reason]
SHELL = set("<>|;&$")
SHIM = f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pages import shortened
from unnoise import cli
cli.main(shortened(sys.argv[1:]))
"""


@pytest.fixture(scope="session")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with every file that pages name, and runs of models."""
    folder: Path = tmp_path_factory.mktemp("desk")
    desks.lay(folder)
    bin_folder = folder / ".bin"
    bin_folder.mkdir()
    (bin_folder / "unnoise").write_text(SHIM)
    (bin_folder / "unnoise").chmod(0o755)
    unnoise.train(folder / "noisy", steps=4, out=folder / "runs/noisy")
    for name in ("m", "scans"):
        shutil.copytree(folder / "runs/noisy", folder / "runs" / name)
    unnoise.train(folder / "cells.tif", steps=4, out=folder / "runs/cells")
    unnoise.train("digits", preset="features", steps=4, out=folder / "runs/f")
    unnoise.export(unnoise.load(folder / "runs/m"), folder / "model.onnx")
    return folder


@pytest.fixture
def desk(laid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the folder, where commands run."""
    folder = tmp_path / "desk"
    shutil.copytree(laid, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    monkeypatch.setenv("PATH", str(folder / ".bin"), prepend=os.pathsep)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return folder


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("block", COMMANDS, ids=str)
def test_commands_run(block: Block, desk: Path) -> None:
    for line in lines(block):
        words = split(line)
        if words[0] in CHECKED:
            CHECKED[words[0]](words)
        elif words[0] == "torchrun":
            own = words.index("unnoise") + 1
            _run([*words[:own], *shortened(words[own:])], desk)
        elif words[0] != "unnoise" or SHELL & set(re.sub(r"'[^']*'|\"[^\"$]*\"", "", line)):
            _run(["bash", "-ec", line], desk)
        elif words[1] == "serve":
            _serve(words[2:])
        else:
            _call(line, words[1:])


def _run(command: list[str], desk: Path) -> None:
    """Run a program."""
    done = subprocess.run(command, cwd=desk, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stderr}"


def _call(line: str, words: list[str]) -> None:
    """Run a command of unnoise in this process; nothing it prints matters here but errors."""
    with pytest.raises(SystemExit) as leaving:
        cli.main(shortened(words))
    assert not leaving.value.code, line


def _serve(words: list[str]) -> None:
    """Start a server on a free port, until it prints its address."""
    if "--port" in words:
        place = words.index("--port")
        words = words[:place] + words[place + 2 :]
    with started(*words) as server:
        assert server.url


def _check_make(words: list[str]) -> None:
    """Check that the targets exist; they take minutes to hours."""
    targets = re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.M)
    assert {word for word in words[1:] if "=" not in word} <= set(targets)


def _check_pip(words: list[str]) -> None:
    """Check that the extras exist; what they install is installed here."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    for named in re.findall(r"\[([\w,]+)\]", " ".join(words)):
        assert set(named.split(",")) <= set(extras)


CHECKED = {"make": _check_make, "pip": _check_pip}


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_runs(block: Block, desk: Path) -> None:
    rows = load_images("digits", split="train")
    flat = np.asarray(rows.stack[:64], np.float32).reshape(64, -1) / 255
    image = desks.noisy(desks.scene(1), 1)
    names: dict[str, Any] = {
        "unnoise": unnoise,
        "image": image,
        "noisy": image,
        "X": flat,
        "y": np.arange(64) % 4,
        "every_row": flat,
        "rows_with_labels": flat[:32],
        "labels": np.arange(32) % 4,
    }
    shutil.copytree(desk / "learn", desk / "scans", dirs_exist_ok=True)
    code = compile(re.sub(r"minutes=\d+", "steps=4", block.body), str(block), "exec")
    exec(code, names)  # noqa: S102  our own pages


def test_reasons_are_known() -> None:
    assert {block.reason for block in blocks() if block.reason} <= REASONS


def test_every_page_is_read() -> None:
    assert len(COMMANDS) > 30
    assert sum("train" in block.body for block in COMMANDS) > 10
    assert {path.name for path in pages()} >= {"README.md", "own-images.md", "ten-minutes.md"}


def _links() -> Iterator[tuple[Path, str]]:
    for path in pages():
        for target in re.findall(r"\]\(([^)#:]+\.\w+)(?:#[\w-]+)?\)", path.read_text("utf-8")):
            yield path, target


def test_links_between_files_hold() -> None:
    missing = [
        f"{path}: {target}" for path, target in _links() if not (path.parent / target).exists()
    ]
    assert missing == []
