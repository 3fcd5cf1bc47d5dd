"""Worker processes that start without the caller's script, and end with the caller.

A spawned process imports the script that started it; a script without a main guard would run again.
These workers run only functions of the package, so they need no script.
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
    """Hide the script from processes that start inside the block.

    They would find it by ``__spec__`` and ``__file__`` of ``__main__``.
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
    """End this process when its parent is gone, even if the parent was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
