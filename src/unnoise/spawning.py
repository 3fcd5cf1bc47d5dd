"""Worker processes: begun without the caller's script, ended with the caller.

A spawned process would import the script that began it, and run it again where it has no main
guard. Workers here run functions of the package alone, so they need no script.
"""

import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SPAWN = multiprocessing.get_context("spawn")  # torch does not survive a fork


@contextmanager
def without_script() -> Iterator[None]:
    """Hide the script from the processes that begin inside of the block.

    They find it by ``__spec__`` and ``__file__`` of ``__main__``.
    """
    main = sys.modules["__main__"]
    hidden: dict[str, Any] = {
        name: main.__dict__.pop(name) for name in ("__spec__", "__file__") if name in vars(main)
    }
    main.__spec__ = None
    try:
        yield
    finally:
        vars(main).update(hidden)


def end_with_parent() -> None:
    """End this process when the one that began it is gone, even if that was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
