import subprocess
import sys
from pathlib import Path

import pytest

from unnoise.errors import OutputError
from unnoise.locking import alone

pytest.importorskip("fcntl")
HOLD = """
import sys
from pathlib import Path
from unnoise.locking import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_command_is_kept_out_until_the_first_one_ends_or_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(OutputError, match="is in use by another command"), alone(tmp_path):
            pass
        other.kill()
        other.wait()
    for _ in range(2):
        with alone(tmp_path):
            pass
    assert list(tmp_path.iterdir()) == []
