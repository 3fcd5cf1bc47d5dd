"""Training on several processes: how they meet, and how they agree on values.

``torchrun`` starts the processes and sets, in the environment of each, its rank and the address of
the others. Every process takes every step: it computes its part of the batch, and all gradients are
averaged. Random numbers depend on the step and the sample, never on the rank. So any number of
processes takes the steps that one would, up to rounding.
"""

import gc
import io
import os
import re
import time
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed import DistStoreError
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

from unnoise.devices import local_gpu
from unnoise.errors import RunError
from unnoise.training.normalisation import sum_of_all, synchronise

LAUNCHED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")  # what torchrun sets
PATIENCE = timedelta(seconds=1)  # of one question, whether the first process is there


def is_first() -> bool:
    """Whether this process is the one that reports and writes."""
    return not _launched() or int(os.environ["RANK"]) == 0


def share(count: int, number: int, of: int) -> range:
    """Return the ``number``-th of even shares of ``count`` things."""
    return range(number * count // of, (number + 1) * count // of)


@dataclass(frozen=True)
class World:
    """The processes of a training, seen from one of them; by default it is alone."""

    rank: int = 0  # number of this process; the first one reports and writes
    size: int = 1
    common: Store | None = None  # stays where torchrun starts the processes again

    def share(self, count: int) -> range:
        """Return which of ``count`` things are this process's."""
        return share(count, self.rank, self.size)

    def total(self, part: Tensor) -> Tensor:
        """Return the sum of ``part`` over all processes."""
        return part if self.size == 1 else sum_of_all(part)

    def agree(self, value: float) -> float:
        """Return the number of the first process, such as one that it read from its clock."""
        if self.size == 1:
            return value
        shared = torch.tensor(float(value), dtype=torch.float64)
        dist.broadcast(shared, 0)
        return shared.item()

    def remember(self, name: str) -> None:
        """Keep a name for the processes that ``torchrun`` starts again after these."""
        if self.common is not None:
            self.common.set(name, "")

    def remembers(self, name: str) -> bool:
        """Whether processes before these kept that name."""
        return self.common is not None and bool(self.common.check([name]))

    def broadcast(self, value: Any) -> Any:
        """Return the value that the first process has: plain values and tensors, on the CPU."""
        if self.size == 1:
            return value
        buffer = io.BytesIO()
        if self.rank == 0:
            torch.save(value, buffer)
        shared = torch.zeros(int(self.agree(buffer.tell())), dtype=torch.uint8)
        if self.rank == 0:
            shared = torch.frombuffer(bytearray(buffer.getvalue()), dtype=torch.uint8)
        dist.broadcast(shared, 0)
        buffer = io.BytesIO(shared.numpy().tobytes())
        return torch.load(buffer, map_location="cpu", weights_only=True)

    def spread(self, module: nn.Module) -> nn.Module:
        """Return a module whose gradients become the mean of all processes'."""
        if self.size == 1:
            return module
        synchronise(module)
        device = next(module.parameters()).device
        places = [device] if device.type == "cuda" else None
        return DistributedDataParallel(module, device_ids=places, gradient_as_bucket_view=True)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Turn the errors that torch raises where another process is gone into a ``RunError``."""
        try:
            yield
        except RuntimeError as error:
            if self.size == 1 or not _is_of_the_connection(error):
                raise
            raise RunError(
                f"process {self.rank} of {self.size} has lost another one, which ended, is cut "
                f"off or did not answer in time ({_first_line(error)}): see its own message; when "
                "all can be reached again, go on from the last checkpoint with --resume"
            ) from error


ALONE = World()


def sync_apart(module: nn.Module) -> AbstractContextManager[object]:
    """Return a context that keeps gradients in this process while more are added."""
    if isinstance(module, DistributedDataParallel):
        held: AbstractContextManager[object] = module.no_sync()
        return held
    return nullcontext()


@contextmanager
def process_group(*, seconds: float) -> Iterator[World]:
    """Join the processes that were started together; a process on its own is alone.

    Args:
        seconds: How long a process waits for another before the training ends.

    Raises:
        RunError: The others cannot be reached.
    """
    if not _launched():
        yield ALONE
        return
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    if local_gpu().index < torch.cuda.device_count():
        torch.cuda.set_device(local_gpu())
    try:
        patience = timedelta(seconds=seconds)
        store, common = _meet(rank, size, patience)
        dist.init_process_group(backend, timeout=patience, world_size=size, rank=rank, store=store)
    except (RuntimeError, ValueError) as error:
        raise RunError(
            f"process {rank} of {size} cannot reach the others at {os.environ['MASTER_ADDR']}:"
            f"{os.environ['MASTER_PORT']}: {_first_line(error)}"
        ) from error
    world = World(rank, size, common)
    try:
        with world.watched():
            yield world
    except BaseException as error:
        _forget(error)
        raise
    finally:
        # DistributedDataParallel holds the group, too, and torch hangs if it is the last holder.
        gc.collect()
        dist.destroy_process_group()


def _meet(rank: int, size: int, patience: timedelta) -> tuple[Store, Store]:
    """Return a store that only the processes of this start write to, and one of all starts.

    ``torchrun`` may start processes again, with the store that earlier processes wrote their
    addresses to. torch reads any address there, also the address of a process that has ended. So
    the first process names a new place in the store, and the others make sure that it is alive.
    """
    common, *_ = next(rendezvous("env://", rank, size, timeout=patience))
    place = _invite(common, size) if rank == 0 else _find(common, rank, patience)
    return PrefixStore(place, common), common


def _invite(common: Store, size: int) -> str:
    """Name a new place, and answer all others there."""
    place = uuid4().hex
    common.set("unnoise", place)
    for rank in range(1, size):
        caller = common.get(f"{place}/caller {rank}").decode()
        common.set(f"{place}/answer {caller}", "here")
    return place


def _find(common: Store, rank: int, patience: timedelta) -> str:
    """Call at the place that the store names, until the process that named it answers."""
    caller = uuid4().hex
    until = time.monotonic() + patience.total_seconds()
    while True:
        place = common.get("unnoise").decode()
        common.set(f"{place}/caller {rank}", caller)
        try:
            common.wait([f"{place}/answer {caller}"], PATIENCE)
            return place
        except DistStoreError:
            if time.monotonic() > until:
                raise


def _forget(error: BaseException | None) -> None:
    """Release the objects that the frames of an error hold."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__


def _launched() -> bool:
    return dist.is_available() and all(name in os.environ for name in LAUNCHED)


def _is_of_the_connection(error: RuntimeError) -> bool:
    text = str(error).lower()
    return isinstance(error, dist.DistError) or any(
        word in text for word in ("gloo", "nccl", "connection", "timed out", "process group")
    )


def _first_line(error: Exception) -> str:
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    line = re.sub(r"\[/\S+\] ?", "", line)  # places in the source of gloo
    return line.split(". ")[0].strip()[:200]
