"""A folder in which one command works at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unnoise.errors import OutputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # it has no substitute, so folders are not locked


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other commands out of ``folder``; if this process is killed, the system unlocks it.

    Raises:
        OutputError: Another command works there.
    """
    if fcntl is None:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutputError(
                f"{folder} is in use by another command: wait for it, or choose another --out"
            ) from error
        except OSError:
            pass  # some network disks lock no folders
        yield
    finally:
        os.close(handle)
