"""What malloc keeps is changed by commands, and never in a program that uses the package."""

import subprocess
import sys

import pytest

LOOK = "from unnoise.memory import keep_freed_memory as keep; print(keep.cache_info().currsize)"
USE = "import numpy, unnoise; unnoise.load('photo')(numpy.zeros((16, 16), 'uint8'))"
COMMAND = """
import contextlib, unnoise.cli
with contextlib.suppress(SystemExit):
    unnoise.cli.main(["info", "photo", "--json"])
"""


@pytest.mark.parametrize(("code", "changes"), [(USE, 0), (COMMAND, 1)])
def test_only_commands_change_it(code: str, changes: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{LOOK}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == str(changes)
