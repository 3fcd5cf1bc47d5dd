"""The job script for SLURM: it trains, and goes on in a new job after the signal of the end."""

import os
import signal
import subprocess
import time
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "examples/slurm/train.sh"
# In place of srun: what it is told, then a training that lasts until it is ended.
SRUN = """#!/bin/bash
echo "$@" >> {log}
trap 'echo ended >> {log}; exit 143' TERM
{body}
"""


def _started(tmp_path: Path, body: str) -> "subprocess.Popen[bytes]":
    bin_folder, log = tmp_path / "bin", tmp_path / "log"
    bin_folder.mkdir()
    for name, text in {
        "srun": SRUN.format(log=log, body=body),
        "scontrol": f'#!/bin/bash\necho "scontrol $@" >> {log}\n',
    }.items():
        (bin_folder / name).write_text(text)
        (bin_folder / name).chmod(0o755)
    given = {
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "SLURM_JOB_ID": "7",
        "SLURM_GPUS_ON_NODE": "2",
    }
    return subprocess.Popen(
        ["bash", SCRIPT, "/data", "/runs/a", "--minutes", "600"], env={**os.environ, **given}
    )


def _log(tmp_path: Path, lines: int) -> list[str]:
    for _ in range(200):
        path = tmp_path / "log"
        said = path.read_text().splitlines() if path.is_file() else []
        if len(said) >= lines:
            return said
        time.sleep(0.1)
    raise AssertionError(said)


def test_it_trains_on_all_gpus_of_the_node(tmp_path: Path) -> None:
    job = _started(tmp_path, "exit 0")
    assert job.wait(60) == 0
    (told,) = _log(tmp_path, 1)
    assert told == (
        "torchrun --nproc-per-node 2 -m unnoise train /data --out /runs/a --resume --minutes 600"
    )


def test_it_fails_if_the_training_fails(tmp_path: Path) -> None:
    assert _started(tmp_path, "exit 2").wait(60) == 2


def test_it_stops_and_is_queued_again_when_the_time_is_over(tmp_path: Path) -> None:
    job = _started(tmp_path, "while true; do sleep 0.1; done")
    _log(tmp_path, 1)
    time.sleep(0.5)  # until the script waits
    job.send_signal(signal.SIGUSR1)
    assert job.wait(60) == 0
    assert _log(tmp_path, 3)[1:] == ["ended", "scontrol requeue 7"]
