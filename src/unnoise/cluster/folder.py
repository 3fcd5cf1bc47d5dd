"""The folder of a job: one job, one driver at work, and nothing half-written is left."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unnoise.errors import OutputError
from unnoise.images import is_zarr
from unnoise.locking import alone
from unnoise.outputs import TEMPORARY, check_writable, remove_leftovers, write_text

JOB, MANIFEST = "job.json", "manifest.jsonl"
BLOCKS = ".blocks"  # the tiles of one huge image until all are there


@contextmanager
def job_folder(out: Path, facts: Mapping[str, Any], *, overwrite: bool) -> Iterator[None]:
    """Take a folder for a job: begin it, or go on with it if it is the same.

    Args:
        out: The folder; it is new, empty, or of the same job.
        facts: They are the same in the same job.
        overwrite: Begin anew; outputs that are there are replaced.

    Raises:
        OutputError: The folder holds something else, is in use, or cannot be written to.
    """
    check_writable(out)
    facts = json.loads(json.dumps(facts))  # as those of before, where tuples are lists
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
    """Whether the folder holds this job; if not, nothing was done in it yet."""
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
    """Whether an entry is half-written, or belongs to a job that has done nothing yet."""
    if entry.name == MANIFEST:
        return entry.stat().st_size == 0
    return entry.name == JOB or entry.name.startswith(TEMPORARY)


def _clear(out: Path) -> None:
    """Remove what killed workers left half-written."""
    for place, folders, _ in os.walk(out):
        remove_leftovers(Path(place))
        folders[:] = [
            name
            for name in folders
            if not name.startswith(TEMPORARY) and not is_zarr(Path(place, name))
        ]
