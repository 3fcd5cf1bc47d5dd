"""Does the driver of a job take longer for each file where there are more files, or more workers?

Usage: python benchmarks/scale/driver.py [--files 20000 1000000] [--workers 10 1000] [--rounds 3]

The driver names each input once, hands it to a worker and writes a row for its result. Here the
workers answer at once, so all that is measured is the driver. Prints its processor time for a file
at each number of files and of workers: medians of some rounds, in which all sizes take turns.
"""

import argparse
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from machine import describe_machine

from unnoise.api.one_file import FileResult
from unnoise.cluster.pool import Answer, Batch, Pool
from unnoise.cluster.record import Manifest, Names
from unnoise.cluster.worker import Worker

MICRO = 1e6


@dataclass(frozen=True)
class Nothing:
    """A file that takes no work."""

    name: str
    output: str

    def run(self, worker: Worker) -> FileResult:  # noqa: ARG002  none of it is needed
        return FileResult(self.name, self.output, seconds=0.01)

    def failed(self, reason: str) -> FileResult:
        return FileResult(self.name, error=reason)


class Instant:
    """A worker that answers at once."""

    def __init__(self, answered: "deque[Instant]") -> None:
        self._answered = answered
        self._answers: deque[Answer] = deque([None])
        answered.append(self)

    def send(self, batch: Batch) -> None:
        self._answers.append([item.run(None) for item in batch])  # type: ignore[arg-type]  # needs none
        self._answered.append(self)

    def receive(self) -> Answer:
        return self._answers.popleft()

    def end(self) -> None:
        """Nothing runs."""


class Instants:
    """An engine of such workers."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._answered: deque[Instant] = deque()

    def start(self, number: int) -> Instant:  # noqa: ARG002  all are alike
        return Instant(self._answered)

    def wait(self, seconds: float) -> Sequence[Instant]:  # noqa: ARG002  there always is one
        return [self._answered.popleft()]

    def close(self) -> None:
        """Nothing is held."""


def list_files(count: int, folder: Path) -> Iterator[Nothing]:
    names = Names()
    for number in range(count):
        name = f"scans/{number:09}.tif"
        assert names.add(name)
        yield Nothing(name, str(folder / name))


def drive(files: int, workers: int) -> float:
    """Return the driver's seconds for a file."""
    with tempfile.TemporaryDirectory() as place:
        manifest = Manifest(Path(place) / "manifest.jsonl")
        begun, done = time.process_time(), 0
        with Pool(Instants(workers)) as pool:
            for results in pool.run(list_files(files, Path(place))):
                manifest.add(results)
                done += len(results)
        manifest.close()
        assert done == files
        return (time.process_time() - begun) / files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--files", type=int, nargs="+", default=[20_000, 1_000_000])
    parser.add_argument("--workers", type=int, nargs="+", default=[10, 1000])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(describe_machine())
    sizes = list(product(options.files, options.workers))
    found: dict[tuple[int, int], list[float]] = {size: [] for size in sizes}
    for _ in range(options.rounds):
        for size in sizes:
            found[size].append(drive(*size))
    print(f"{'files':>10} {'workers':>8} {'driver, µs a file':>18}")
    for (files, workers), seconds in found.items():
        print(f"{files:>10,} {workers:>8,} {median(seconds) * MICRO:>18.1f}")


if __name__ == "__main__":
    main()
