"""Import time and peak memory of training, each measured in a fresh process.

Usage: python benchmarks/footprint.py [--data mnist] [--data-dir FOLDER]
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time

ROUNDS = 7


def seconds(code: str) -> float:
    """Median wall time of a fresh interpreter that runs ``code``."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


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
    code = "import unnoise, sys; unnoise.train(sys.argv[1], epochs=1, data_dir=sys.argv[2] or None)"
    command = [sys.executable, "-c", code, options.data, options.data_dir or ""]
    subprocess.run(command, check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"training on {options.data}, one epoch: peak memory {peak:.2f} GiB")


if __name__ == "__main__":
    main()
