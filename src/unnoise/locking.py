"""A folder in which one command works at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unnoise.errors import OutputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # there is no stand-in: commands are not kept apart


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep a second command out of ``folder``; the system lets go if this one is killed.

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
                f"{folder} is in use: another command works there; wait for it, or choose another "
                "--out"
            ) from error
        except OSError:
            pass  # some network disks lock no folders
        yield
    finally:
        os.close(handle)
