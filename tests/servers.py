"""A real server in a process of its own."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STARTS = 60  # seconds


@dataclass(frozen=True)
class Server:
    """A server that answers."""

    url: str
    process: subprocess.Popen[str]

    def memory(self) -> float:
        """Return what it holds, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


@contextmanager
def started(*arguments: object) -> Iterator[Server]:
    """Start ``unnoise serve``, and end it as a supervisor does."""
    command = [sys.executable, "-m", "unnoise", "serve", "--port", "0", *map(str, arguments)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.search(r"at (http://\S+)", line)
            assert found, line + process.stderr.read()
            yield Server(found[1], process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STARTS)
