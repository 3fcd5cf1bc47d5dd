"""Import time, peak memory and the size of an install, each in processes of their own.

Usage: python benchmarks/footprint.py [--data mnist] [--data-dir FOLDER]
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROUNDS = 7


def seconds(code: str) -> float:
    """Median wall time of a fresh interpreter that runs ``code``."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def installed() -> float:
    """Return the MB of what ``pip install unnoise`` brings, with no extra."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        packages = next(Path(folder).glob("lib/python*/site-packages"))
        before = {path.name for path in packages.iterdir()}
        root = Path(__file__).parents[1]
        pip = [f"{folder}/bin/pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-c", root / "constraints.txt", root], check=True)
        new = [path for path in packages.iterdir() if path.name not in before]
        files = [file for path in new for file in (path, *path.rglob("*")) if file.is_file()]
        return sum(file.stat().st_size for file in files) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--data-dir")
    options = parser.parse_args()
    bare = seconds("pass")
    help_code = (
        "import sys; sys.argv = ['unnoise', '--help']; import unnoise.cli; unnoise.cli.main()"
    )
    print(
        f"import unnoise: {seconds('import unnoise') - bare:.3f} s beside {bare:.3f} s for Python"
    )
    print(f"unnoise --help: {seconds(help_code):.2f} s in all")
    print(f"pip install unnoise, with no extra: {installed():.0f} MB")
    code = "import unnoise, sys; unnoise.train(sys.argv[1], epochs=1, data_dir=sys.argv[2] or None)"
    command = [sys.executable, "-c", code, options.data, options.data_dir or ""]
    subprocess.run(command, check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"training on {options.data}, one epoch: peak memory {peak:.2f} GiB")


if __name__ == "__main__":
    main()
