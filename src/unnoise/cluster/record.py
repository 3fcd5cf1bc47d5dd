"""The record of a job in its folder: one driver at work, and one line of JSON for each input.

A line is written when the output is in place. Killed at any point, the manifest holds whole lines
and at most one torn one, so a job that goes on knows what is done. A million names take eight
megabytes; the names of inputs and of outputs are kept.
"""

import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.api.one_file import FileResult
from unnoise.errors import OutputError
from unnoise.images import is_zarr
from unnoise.locking import alone
from unnoise.outputs import (
    TEMPORARY,
    check_writable,
    flush,
    remove_leftovers,
    replacing,
    write_text,
)

JOB, MANIFEST = "job.json", "manifest.jsonl"
BLOCKS = ".blocks"  # the tiles of one huge image until all are there
COLUMNS = (  # of a row, in this order
    "input", "output", "verdict", "noise_level", "reasons", "notes", "lost", "seconds",
    "megapixels", "error",
)  # fmt: skip
MANY = 2**14  # names held as Python objects before they are packed
SYNCED = 5.0  # seconds after which rows are on the disk, whatever happens to the machine


@contextmanager
def job_folder(out: Path, facts: Mapping[str, Any], *, overwrite: bool) -> Iterator[None]:
    """Take a folder for a job: go on with the job that is there if its facts are the same."""
    check_writable(out)
    facts = json.loads(json.dumps(facts))  # tuples become lists, as in job.json
    with alone(out):
        if overwrite or not _goes_on(out, facts):
            (out / MANIFEST).unlink(missing_ok=True)
            shutil.rmtree(out / BLOCKS, ignore_errors=True)
            write_text(out / JOB, json.dumps(facts, indent=2) + "\n")
        _clear(out)
        try:
            yield
        finally:
            _clear(out)


def _goes_on(out: Path, facts: Mapping[str, Any]) -> bool:
    """Return whether the folder holds this job; if not, nothing was done in it yet."""
    others = [entry.name for entry in out.iterdir() if not _is_nothing(entry)]
    if not others:
        return False
    if not (out / JOB).is_file():
        raise OutputError(
            f"{out} holds {others[0]} and is no folder of a job: choose a new --out, or pass "
            "--overwrite to replace the outputs that are there"
        )
    try:
        before = json.loads((out / JOB).read_text(encoding="utf-8"))
        differing = [
            f"{name} was {before.get(name)} and is {now}"
            for name, now in facts.items()
            if before.get(name) != now
        ]
    except (OSError, ValueError, AttributeError) as error:
        raise OutputError(
            f"cannot read {out / JOB}: {error}; choose another --out, or pass --overwrite"
        ) from error
    if differing:
        raise OutputError(
            f"{out} holds another job: {'; '.join(differing)}. Choose another --out, or pass "
            "--overwrite to begin anew"
        )
    return True


def _is_nothing(entry: Path) -> bool:
    """Return whether an entry is half-written, or of a job that has done nothing yet."""
    if entry.name == MANIFEST:
        return entry.stat().st_size == 0
    return entry.name == JOB or entry.name.startswith(TEMPORARY)


def _clear(out: Path) -> None:
    """Remove what killed workers left half-written."""
    for place, folders, _ in os.walk(out):
        remove_leftovers(Path(place))
        left = (name for name in folders if not name.startswith(TEMPORARY))
        folders[:] = [name for name in left if not is_zarr(Path(place, name))]


class Names:
    """A set of names in eight bytes each: in one of 40 million sets, two of a million are alike."""

    def __init__(self) -> None:
        # Sorted, each less than half of the one before: merging costs little for a name.
        self._packed: list[NDArray[np.uint64]] = []
        self._new: set[int] = set()

    def __len__(self) -> int:
        return sum(map(len, self._packed)) + len(self._new)

    def add(self, name: str) -> bool:
        """Add a name, and return whether it is new."""
        data = name.encode("utf-8", "surrogateescape")
        key = int.from_bytes(blake2b(data, digest_size=8).digest(), "little")
        if key in self._new or any(_holds(part, np.uint64(key)) for part in self._packed):
            return False
        self._new.add(key)
        if len(self._new) >= MANY:
            self._pack()
        return True

    def _pack(self) -> None:
        part = np.sort(np.fromiter(self._new, np.uint64, len(self._new)))
        while self._packed and len(self._packed[-1]) <= 2 * len(part):
            part = np.sort(np.concatenate([self._packed.pop(), part]), kind="stable")
        self._packed.append(part)
        self._new.clear()


def _holds(part: NDArray[np.uint64], key: np.uint64) -> bool:
    place = int(np.searchsorted(part, key))
    return place < len(part) and bool(part[place] == key)


class Manifest:
    """The results of a job, each added once; outputs are named below its folder."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")
        self._folder = os.path.join(path.parent, "")  # noqa: PTH118  with a separator at its end
        self._synced = time.monotonic()

    def add(self, results: Iterable[FileResult]) -> None:
        """Add a row for each result."""
        with self._writing():
            for result in results:
                row = {name: getattr(result, name) for name in COLUMNS}
                if result.output is not None:
                    row["output"] = result.output.removeprefix(self._folder).replace(os.sep, "/")
                self._file.write(json.dumps(row).encode() + b"\n")
            self._file.flush()
            if time.monotonic() - self._synced > SYNCED:
                flush(self._file)
                self._synced = time.monotonic()

    def close(self) -> None:
        """Let go of the file."""
        with self._writing(), self._file:
            flush(self._file)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(
                f"cannot write {self._file.name}: {error.strerror}; free some space there, and "
                "repeat the command: it goes on"
            ) from error


def clean(path: Path, folder: Path) -> tuple[Names, Names]:
    """Keep one row for each output that is there, and return the inputs and outputs that are done.

    A torn last line, inputs that failed, and outputs that are gone lose their rows: they are done
    again. The manifest need not exist.
    """
    inputs, outputs = Names(), Names()
    if not path.exists():
        return inputs, outputs
    with path.open("rb") as old, replacing(path) as temporary, temporary.open("wb") as new:
        for line in old:
            given, output = _done(line)
            if output and os.path.lexists(folder / output) and outputs.add(output):
                inputs.add(given)
                new.write(line)
    return inputs, outputs


def _done(line: bytes) -> tuple[str, str]:
    """Return input and output of a row; nothing if the row is torn or has an error."""
    if not line.endswith(b"\n"):
        return "", ""
    try:
        row = json.loads(line)
        return ("", "") if row["error"] is not None else (str(row["input"]), str(row["output"]))
    except (ValueError, TypeError, KeyError):
        return "", ""
