import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from parallel_processes import small
from safetensors.torch import load_file

from unnoise.training import ALONE

SCRIPT = Path(__file__).with_name("parallel_processes.py")
COUNT = 2


def torchrun(*arguments: str | Path, **environment: str) -> str:
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(COUNT)]
    done = subprocess.run(
        [*command, *map(str, arguments)],
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("processes")
    torchrun(SCRIPT, "all", folder)
    return folder


def test_several_processes_reach_the_losses_and_weights_of_one(folder: Path) -> None:
    reached, state = small(ALONE)
    assert len(reached) == 24
    for rank in range(COUNT):
        facts = json.loads((folder / f"facts-{rank}.json").read_text())
        assert facts["reached"] == pytest.approx(reached, rel=1e-5)
        theirs = torch.load(folder / f"state-{rank}.pt", weights_only=True)
        for name in ("model", "average"):
            assert theirs[name].keys() == state[name].keys()
            for key, value in state[name].items():
                torch.testing.assert_close(theirs[name][key], value, rtol=1e-4, atol=1e-6)


def test_all_hear_of_the_first_and_of_the_sum(folder: Path) -> None:
    for rank in range(COUNT):
        facts = json.loads((folder / f"facts-{rank}.json").read_text())
        assert facts["told"] == [0, [0.0, 0.0]]
        assert facts["agreed"] == 0.25
        assert facts["total"] == 3


@pytest.mark.slow
def test_a_process_that_dies_is_started_again_and_the_run_ends_as_if_it_had_not(
    folder: Path,
) -> None:
    told = torchrun("--max-restarts", "1", SCRIPT, "died", folder, FATAL="1")
    assert "going on from step" in told
    wanted, weights = (load_file(folder / name / "model.safetensors") for name in ("all", "died"))
    assert wanted.keys() == weights.keys()
    assert all(torch.equal(weights[name], wanted[name]) for name in wanted)


@pytest.mark.slow
def test_the_first_process_decides_whether_a_run_is_made_longer_or_complete(folder: Path) -> None:
    shutil.copytree(folder / "all", folder / "further")
    torchrun(SCRIPT, "further", folder)
    for name, text in (("longer", "from step 100 of 104"), ("complete", "is complete")):
        first, second = (
            json.loads((folder / f"{name}-{rank}.json").read_text()) for rank in range(COUNT)
        )
        assert any(text in line for line in first["said"])
        assert second["said"] == []
        assert second["result"] == first["result"]
        assert second["trained"]["steps"] == first["trained"]["steps"] == 104
