"""How many cores this process may use."""

import os


def usable_cores() -> int:
    """Return the cores that the system gives this process, or all where it does not say."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(affinity(0)) if affinity else os.cpu_count() or 1
