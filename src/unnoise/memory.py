"""Keep freed memory in the process, so that the system does not clear pages for each feature map.

By default glibc returns large freed blocks to the system at once, so every layer of every tile pays
for fresh pages: about a quarter of the time of ``photo`` on two cores (docs/lab-notes.md).
"""

import ctypes
import sys
from functools import cache
from typing import Any

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of malloc.h
KEPT = 2**30  # bytes that may stay free: the feature maps of a tile


@cache
def keep_freed_memory() -> None:
    """Make glibc, once in this process, keep freed blocks; do nothing elsewhere."""
    mallopt = _of_glibc("mallopt")
    if mallopt is not None:  # other C libraries for Linux do not have it
        mallopt(M_MMAP_MAX, 0)  # no block gets its own pages, which would be returned with it
        mallopt(M_TRIM_THRESHOLD, KEPT)


def release_freed_memory() -> None:
    """Return freed memory to the system, for a process that is idle."""
    trim = _of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


def _of_glibc(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
