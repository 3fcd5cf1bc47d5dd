"""Worker processes need no script of the caller, and end with it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from unnoise.images import write_stack
from unnoise.pretrained import PRETRAINED

JOB = """
from pathlib import Path
from unnoise.cluster import denoise_many
from unnoise.denoiser import Outputs
denoise_many({model!r}, {source!r}, outputs=Outputs(out={out!r}), workers=2)
print("done once")
"""
PARENT = """
import sys, time
from concurrent.futures import ProcessPoolExecutor
from unnoise.spawning import SPAWN, end_with_parent, without_script
import os
pool = ProcessPoolExecutor(2, mp_context=SPAWN, initializer=end_with_parent)
with without_script():
    print(*{pool.submit(os.getpid).result() for _ in range(2)}, flush=True)
time.sleep(60)
"""


def test_a_script_without_a_main_guard_runs_once(tmp_path: Path) -> None:
    for name in "abc":
        write_stack(tmp_path / f"in/{name}.png", np.full((40, 40), 90, np.uint8))
    script = tmp_path / "script.py"
    model = str(PRETRAINED["photo"].with_suffix(".onnx"))
    script.write_text(
        JOB.format(model=model, source=str(tmp_path / "in"), out=str(tmp_path / "out"))
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "done once\n"
    assert len(list((tmp_path / "out").glob("*.png"))) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")
def test_workers_end_when_their_parent_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        workers = [int(number) for number in parent.stdout.readline().split()]
        assert workers
        assert all(map(is_there, workers))
        parent.send_signal(signal.SIGKILL)
    end = time.monotonic() + 20
    while any(map(is_there, workers)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(is_there, workers))


def is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
