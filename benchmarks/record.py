"""Run a benchmark, and keep what it prints as JSON, from which docs and README take their figures.

Usage: python benchmarks/record.py NAME SCRIPT [OPTION...]

Runs ``python SCRIPT OPTION...`` from the root of the repository, shows its output while it runs,
and writes benchmarks/results/NAME.json:

- ``command``: what to type to repeat it
- ``machine``, ``date``: where and when it ran
- ``seconds``: how long it took
- ``others``: mean number of other processes that wanted a core meanwhile; times are of a quiet
  machine where it is near 0
- ``output``: the lines of standard output

A command that fails writes nothing. ``tools/figures.py`` reads these files.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import describe_machine

from unnoise.outputs import write_text

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results"


def main() -> None:
    if len(sys.argv) < 3 or sys.argv[1].startswith("-"):
        sys.exit(str(__doc__))
    name, *script = sys.argv[1:]
    machine, date = describe_machine().rsplit(", ", 1)
    start, busy = time.time(), _busy_seconds()
    output = []
    with subprocess.Popen(
        [sys.executable, *script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            output.append(_without_folders(line.rstrip("\n")))
    if process.returncode:
        sys.exit(process.returncode)
    seconds, times = time.time() - start, os.times()
    others = _busy_seconds() - busy - times.children_user - times.children_system
    kept = {
        "command": " ".join(["python", *script]),
        "machine": machine,
        "date": date,
        "seconds": round(seconds),
        "others": round(max(0.0, others / seconds), 2),
        "output": output,
    }
    RESULTS.mkdir(exist_ok=True)
    write_text(RESULTS / f"{name}.json", json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


def _without_folders(line: str) -> str:
    """Return a line without the folders of this machine."""
    line = line.replace(os.environ.get("UNNOISE_DATA", os.devnull), "$UNNOISE_DATA")
    return re.sub(rf"{re.escape(tempfile.gettempdir())}/\w+", "$TMPDIR", line)


def _busy_seconds() -> float:
    """Return the time that all cores together worked since the machine started (Linux)."""
    path = Path("/proc/stat")
    if not path.is_file():
        return 0.0
    user, nice, system = path.read_text(encoding="utf-8").split()[1:4]
    return (int(user) + int(nice) + int(system)) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
