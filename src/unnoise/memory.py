"""Feature maps in memory that malloc keeps, not in pages that the system clears each time.

By default glibc gives large freed blocks back at once, so every layer of every tile pays for fresh
pages: about a quarter of the time for the network of ``photo`` on two cores (docs/lab-notes.md).
"""

import ctypes
import sys
from functools import cache
from typing import Any

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of malloc.h
KEPT = 2**30  # bytes that may stay free: the feature maps of a tile


@cache
def keep_freed_memory() -> None:
    """Tell glibc, once in this process, to keep freed blocks; elsewhere do nothing."""
    mallopt = _of_glibc("mallopt")
    if mallopt is not None:  # other C libraries for Linux do not have it
        mallopt(M_MMAP_MAX, 0)  # no block gets pages of its own, which go when it goes
        mallopt(M_TRIM_THRESHOLD, KEPT)


def release_freed_memory() -> None:
    """Give what malloc keeps back to the system, for a process that rests."""
    trim = _of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


def _of_glibc(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
