"""Every output file: written to a temporary name beside the target, fsynced, renamed.

A reader therefore sees the old file or the new one, never a half; a full or read-only disk, or a
kill, leaves the old one as it was.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from unnoise.errors import OutputError

TEMPORARY = ".unnoise-"  # how temporary names begin


@contextmanager
def replacing(path: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """Give a temporary path to write to; on success it becomes ``path``.

    The temporary name keeps the suffix of ``path``, since libraries choose the format by it.

    Args:
        path: The final place. Missing parent folders are made.
        overwrite: Whether an existing file may be replaced.

    Raises:
        OutputError: ``path`` exists and may not be replaced, or the disk refuses the file.
    """
    check_free(path, overwrite=overwrite)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=TEMPORARY, suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        _publish(temporary, path)
    except OSError as error:
        raise OutputError(_explain(path, error)) from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def check_free(path: Path, *, overwrite: bool) -> None:
    """Raise ``OutputError`` if a file exists that may not be replaced."""
    if not overwrite and path.exists():
        raise OutputError(f"{path} exists: choose another name, or pass --overwrite")


def _explain(path: Path, error: OSError) -> str:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    advice = "free some space there, or try another --out" if full else "try another --out"
    return f"cannot write {path}: {error.strerror or error}; {advice}"


def write_text(path: Path, text: str, *, overwrite: bool = True) -> None:
    """Write ``text`` as UTF-8, whole or not at all."""
    write_bytes(path, text.encode("utf-8"), overwrite=overwrite)


def write_bytes(path: Path, data: bytes, *, overwrite: bool = True) -> None:
    """Write ``data``, whole or not at all."""
    with replacing(path, overwrite=overwrite) as temporary:
        temporary.write_bytes(data)


def check_writable(folder: Path) -> None:
    """Make ``folder`` and fail now, not after an hour's work, if nothing can be written there."""
    probe = folder / f"{TEMPORARY}probe"
    write_bytes(probe, b"")
    probe.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files and folders that a killed process left in ``folder``."""
    for leftover in folder.glob(f"{TEMPORARY}*"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


def _publish(temporary: Path, path: Path) -> None:
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    # mkstemp makes private files; a result gets the mode of what it replaces, or the one any new
    # file of this process would get.
    mask = os.umask(0)
    os.umask(mask)
    temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~mask)
    temporary.replace(path)
