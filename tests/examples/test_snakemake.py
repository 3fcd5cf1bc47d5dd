"""The Snakemake example, run by Snakemake."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import unnoise
from unnoise.images import read_stack, write_stack

SNAKEMAKE = Path(sys.prefix) / "pipelines/bin/snakemake"
SNAKEFILE = Path(__file__).parents[2] / "examples/snakemake/Snakefile"

if not SNAKEMAKE.is_file():
    pytest.skip(f"no {SNAKEMAKE}: make test-pipelines installs it", allow_module_level=True)


def run(folder: Path, *config: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    options = ["--cores", "1", "--snakefile", str(SNAKEFILE), "--config", *config]
    return subprocess.run(
        [str(SNAKEMAKE), *options], cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": path, "HOME": str(folder)},
    )  # fmt: skip


def test_it_denoises_a_folder_and_does_only_what_is_missing(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    images = {f"{name}.png": random.integers(0, 256, (40, 40), np.uint8) for name in ("a", "b c")}
    (tmp_path / "noisy").mkdir()
    for name, image in images.items():
        write_stack(tmp_path / "noisy" / name, image)
    done = run(tmp_path, "images=noisy", "results=clean")
    assert done.returncode == 0, done.stderr
    photo = unnoise.load("photo")
    for name, image in images.items():
        found, _ = read_stack(tmp_path / "clean" / name)
        assert np.abs(found[0, ..., 0].astype(int) - photo(image)).max() <= 1
        assert "1 denoised" in (tmp_path / f"clean/logs/{name}.log").read_text()
    again = run(tmp_path, "images=noisy", "results=clean")
    assert "Nothing to be done" in again.stdout + again.stderr


def test_a_file_that_fails_stops_the_workflow_and_its_log_says_why(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images/a.png").write_bytes(b"no image")
    done = run(tmp_path, "results=out")
    assert done.returncode != 0
    assert "cannot read" in (tmp_path / "out/logs/a.png.log").read_text()
    assert not (tmp_path / "out/a.png").exists()
