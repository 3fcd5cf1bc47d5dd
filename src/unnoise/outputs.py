"""Output files, whole or none: written under a temporary name beside the target, synced, renamed.

So a reader sees the old file or the new one, never a part of one. If the disk is full or read-only,
or if the process is killed, the old file stays as it was.
"""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from unnoise.errors import OutputError

LONGEST_SUFFIX = 16  # bytes of the longest suffix that a temporary name keeps: a name has 255
TEMPORARY = ".unnoise-"  # the start of temporary names
# Errors of file systems that do not support a call.
REFUSED = (
    *(errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP),
    *(errno.EPERM, errno.EACCES, errno.EBADF),
)
ADVICE = {
    errno.ENOSPC: "; free some space there, or try another --out",
    errno.EDQUOT: "; free some space there, or try another --out",
    errno.EACCES: "; choose a folder that you may write to, with --out",
    errno.EPERM: "; choose a folder that you may write to, with --out",
    errno.EROFS: "; choose a folder that can be written to, with --out",
    errno.ENAMETOOLONG: "; choose a shorter name",
    errno.ENOTDIR: "; a part of the path is a file: choose another --out",
}


@contextmanager
def replacing(path: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """Yield a temporary path to write to; at the end of the block it becomes ``path``.

    The temporary name keeps the suffix of ``path``, since libraries choose the format by it.

    Args:
        path: The final path. Missing parent folders are made.
        overwrite: Whether an existing file may be replaced.

    Raises:
        OutputError: ``path`` exists and may not be replaced, or it cannot be written.
    """
    check_free(path, overwrite=overwrite)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _new_file(path)
        mode = temporary.stat().st_mode & 0o777
        yield temporary
        _publish(temporary, path, mode)
    except OSError as error:
        raise OutputError(_explain(path, error)) from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def check_free(path: Path, *, overwrite: bool) -> None:
    """Raise ``OutputError`` if ``path`` exists and may not be replaced."""
    if not overwrite and path.exists():
        raise OutputError(f"{path} exists: choose another name, or pass --overwrite")


def _explain(path: Path, error: OSError) -> str:
    advice = ADVICE.get(error.errno or 0, "")
    return f"cannot write {path}: {error.strerror or error}{advice}"


def write_text(path: Path, text: str, *, overwrite: bool = True) -> None:
    """Write ``text`` as UTF-8, whole or not at all; file names in it keep their own bytes."""
    write_bytes(path, text.encode("utf-8", "surrogateescape"), overwrite=overwrite)


def write_bytes(path: Path, data: bytes, *, overwrite: bool = True) -> None:
    """Write ``data``, whole or not at all."""
    with replacing(path, overwrite=overwrite) as temporary:
        temporary.write_bytes(data)


def check_writable(folder: Path) -> None:
    """Make ``folder``, and fail now, not after an hour of work, if it cannot be written to."""
    probe = folder / f"{TEMPORARY}probe"
    write_bytes(probe, b"")
    probe.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files and folders of killed processes from ``folder``."""
    for leftover in folder.glob(f"{TEMPORARY}*"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


def flush(file: IO[bytes]) -> None:
    """Bring the contents of a file to the disk, if the file system supports that.

    Raises:
        OSError: The disk is full or broken.
    """
    file.flush()
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in REFUSED:
            raise


def new_name(folder: Path, suffix: str) -> Path:
    """Return a unique temporary path in ``folder``."""
    return folder / f"{TEMPORARY}{secrets.token_hex(8)}{suffix}"


def _new_file(path: Path) -> Path:
    """Make an empty file beside ``path``, with the mode of ``path`` or of a new file."""
    mode = 0o666
    with suppress(OSError):
        mode = path.stat().st_mode & 0o777 | 0o600  # writable; the exact mode is set at the end
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= LONGEST_SUFFIX else ""
    temporary = new_name(path.parent, suffix)
    # The system applies the umask. Reading the umask would change it for all threads.
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode))
    return temporary


def _publish(temporary: Path, path: Path, mode: int) -> None:
    """Rename a file, with the mode of ``path``, or with this one if ``path`` is new."""
    with temporary.open("r+b") as file:  # Windows flushes only files that are open for writing
        flush(file)
    with suppress(OSError):  # network shares refuse it, and a mode is not worth losing a result
        # Libraries may have put another file in its place, with a mode of their own.
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else mode)
    temporary.replace(path)
