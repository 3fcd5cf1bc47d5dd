"""What became of each input: one line of JSON, written when the output is in place.

The driver alone writes it. Killed at any point, it holds whole lines and at most one torn one, so
a job that goes on knows what is done. A million names take eight megabytes.
"""

import json
import os
import time
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from unnoise.errors import OutputError
from unnoise.outputs import replacing

Row = dict[str, Any]

MANY = 2**14  # names held as Python objects before they are packed
SYNCED = 5.0  # seconds after which rows are on the disk, whatever happens to the machine


class Names:
    """A set of names in eight bytes each: two of a million are one by chance in 40 million sets."""

    def __init__(self) -> None:
        self._packed = np.empty(0, np.uint64)  # sorted
        self._new: set[int] = set()

    def __len__(self) -> int:
        return len(self._packed) + len(self._new)

    def add(self, name: str) -> bool:
        """Add a name, and return whether it is new."""
        data = name.encode("utf-8", "surrogateescape")
        key = int.from_bytes(blake2b(data, digest_size=8).digest(), "little")
        place = int(np.searchsorted(self._packed, np.uint64(key)))
        known = place < len(self._packed) and self._packed[place] == key
        if known or key in self._new:
            return False
        self._new.add(key)
        if len(self._new) >= MANY:
            fresh = np.fromiter(self._new, np.uint64, len(self._new))
            self._packed = np.union1d(self._packed, fresh)
            self._new.clear()
        return True


class Manifest:
    """The rows of a job, each added once."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")
        self._synced = time.monotonic()

    def add(self, rows: Iterable[Row]) -> None:
        """Add rows.

        Raises:
            OutputError: The disk refuses them.
        """
        try:
            for row in rows:
                self._file.write(json.dumps(row).encode() + b"\n")
            self._file.flush()
            if time.monotonic() - self._synced > SYNCED:
                self._sync()
        except OSError as error:
            raise OutputError(
                f"cannot write {self._file.name}: {error.strerror}; free some space there, and "
                "repeat the command: it goes on"
            ) from error

    def close(self) -> None:
        """Let go of the file."""
        self._sync()
        self._file.close()

    def _sync(self) -> None:
        os.fsync(self._file.fileno())
        self._synced = time.monotonic()


def clean(path: Path, folder: Path) -> Names:
    """Keep of a manifest what is done, one row for each output that is there.

    A torn last line, inputs that failed, and outputs that are gone lose their rows, so they are
    done again.

    Args:
        path: The manifest, which need not exist.
        folder: Of the outputs.

    Returns:
        The outputs that are done.
    """
    done = Names()
    if not path.exists():
        return done
    with path.open("rb") as old, replacing(path) as temporary, temporary.open("wb") as new:
        for line in old:
            output = _output(line)
            if output and os.path.lexists(folder / output) and done.add(output):
                new.write(line)
    return done


def _output(line: bytes) -> str | None:
    """Return the output of a row that is whole and good."""
    if not line.endswith(b"\n"):
        return None
    try:
        row = json.loads(line)
        return None if row["error"] is not None else str(row["output"])
    except (ValueError, TypeError, KeyError):
        return None
