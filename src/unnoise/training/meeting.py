"""How the processes of one start find each other, and no process of an earlier start.

``torchrun`` may start processes again, with the store that earlier processes wrote their addresses
to. torch reads any address there, also the address of a process that has ended. So the first
process names a new place in the store, and the others make sure that this process is alive.
"""

import time
from datetime import timedelta
from uuid import uuid4

from torch.distributed import DistStoreError
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

PATIENCE = timedelta(seconds=1)  # of one question, whether the first process is there


def meet(rank: int, size: int, *, seconds: float) -> tuple[Store, Store]:
    """Return a store that only the processes of this start write to, and one of all starts."""
    common, *_ = next(rendezvous("env://", rank, size, timeout=timedelta(seconds=seconds)))
    place = _invite(common, size) if rank == 0 else _find(common, rank, seconds)
    return PrefixStore(place, common), common


def _invite(common: Store, size: int) -> str:
    """Name a new place, and answer all others there."""
    place = uuid4().hex
    common.set("unnoise", place)
    for rank in range(1, size):
        caller = common.get(f"{place}/caller {rank}").decode()
        common.set(f"{place}/answer {caller}", "here")
    return place


def _find(common: Store, rank: int, seconds: float) -> str:
    """Call at the place that the store names, until the process that named it answers."""
    caller = uuid4().hex
    until = time.monotonic() + seconds
    while True:
        place = common.get("unnoise").decode()
        common.set(f"{place}/caller {rank}", caller)
        try:
            common.wait([f"{place}/answer {caller}"], PATIENCE)
            return place
        except DistStoreError:
            if time.monotonic() > until:
                raise
