"""Every output file: written to a temporary name beside the target, fsynced, renamed.

A reader therefore sees the old file or the new one, never a half; a full or read-only disk, or a
kill, leaves the old one as it was.
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

LONGEST_SUFFIX = 16  # bytes that a temporary name keeps of a suffix: a name has 255 at most
TEMPORARY = ".unnoise-"  # how temporary names begin
# What file systems answer that know no such call.
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
        temporary = _new_file(path)
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
    advice = ADVICE.get(error.errno or 0, "")
    return f"cannot write {path}: {error.strerror or error}{advice}"


def write_text(path: Path, text: str, *, overwrite: bool = True) -> None:
    """Write ``text`` as UTF-8, whole or not at all; names of files keep their own bytes."""
    write_bytes(path, text.encode("utf-8", "surrogateescape"), overwrite=overwrite)


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


def flush(file: IO[bytes]) -> None:
    """Bring what was written to the disk, where the file system can be asked to.

    Raises:
        OSError: The disk is full or broken; not where network shares refuse the call itself.
    """
    file.flush()
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in REFUSED:
            raise


def new_name(folder: Path, suffix: str) -> Path:
    """Return a temporary name that nobody else has."""
    return folder / f"{TEMPORARY}{secrets.token_hex(8)}{suffix}"


def _new_file(path: Path) -> Path:
    """Make an empty file beside ``path``, with its mode if it exists, else that of new files."""
    mode = 0o666
    with suppress(OSError):
        mode = path.stat().st_mode & 0o777 | 0o600  # to write to; it is made exact at the end
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= LONGEST_SUFFIX else ""
    temporary = new_name(path.parent, suffix)
    # The system takes the umask into account: asking for it would change it for all threads.
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode))
    return temporary


def _publish(temporary: Path, path: Path) -> None:
    with temporary.open("r+b") as file:  # Windows flushes only what is open for writing
        flush(file)
    with suppress(OSError):  # a mode is not worth a result: network shares refuse it
        if path.exists():
            temporary.chmod(path.stat().st_mode & 0o777)
    temporary.replace(path)
