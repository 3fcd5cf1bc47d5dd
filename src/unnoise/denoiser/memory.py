"""Feature maps in memory that malloc keeps, not in pages that the system clears each time.

By default glibc gives large freed blocks back, so every tile pays for fresh pages: with tiles that
read 704 × 704 a sixth of the time on one core (66 to 72 % of the throughput of an untiled
512 × 512 image without this, 82 % with it; benchmarks/tiles.py).
"""

import ctypes
import sys
from functools import cache

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of malloc.h
MAPPED = 2**25  # bytes; blocks from here on are given back. The most that glibc takes
TRIMMED = 2**29  # bytes that may stay free: more than the feature maps of a tile of a small network


@cache
def keep_freed_memory() -> None:
    """Tell glibc, once in this process, to keep freed blocks; elsewhere do nothing."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:  # other C libraries for Linux do not have it
        mallopt(M_MMAP_THRESHOLD, MAPPED)
        mallopt(M_TRIM_THRESHOLD, TRIMMED)
