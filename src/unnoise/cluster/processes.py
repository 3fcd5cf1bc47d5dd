"""Workers as processes of this machine, each at the other end of a pipe.

A process that dies closes its pipe, so the driver knows which one it was. A driver that dies closes
all pipes, so no worker is left behind.
"""

import os
import selectors
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection

from unnoise.api.common import describe_error
from unnoise.cluster.pool import Answer, Batch, Link, WorkerLostError
from unnoise.cluster.worker import Settings, Worker
from unnoise.denoiser.loading import ModelPlace
from unnoise.devices import usable_cores
from unnoise.memory import keep_freed_memory
from unnoise.spawning import SPAWN, end_with_parent, without_script

THREADS = ("OMP_NUM_THREADS", "VIPS_CONCURRENCY")  # what libraries ask for when they are loaded


class ProcessEngine:
    """Starts processes: by default, one for each GPU, or for each core."""

    def __init__(self, settings: Settings, *, workers: int | None) -> None:
        self._settings = settings
        self._gpus = count_gpus(settings.model, settings.running.device)
        self.workers = workers or self._gpus or usable_cores()
        self._threads = max(1, usable_cores() // self.workers)
        self._pipes = selectors.DefaultSelector()

    def start(self, number: int) -> Link:
        """Start a process."""
        device = f"cuda:{number % self._gpus}" if self._gpus else self._settings.running.device
        return ProcessLink(self._settings, device, self._threads, self._pipes)

    def wait(self, seconds: float) -> Sequence[Link]:
        """Wait for an answer."""
        return [key.data for key, _ in self._pipes.select(seconds)]

    def close(self) -> None:
        """Stop waiting: the processes have ended."""
        self._pipes.close()


class ProcessLink:
    """A process and the driver's end of its pipe, which is among those that are waited for."""

    def __init__(
        self, settings: Settings, device: str, threads: int, pipes: selectors.BaseSelector
    ) -> None:
        self._pipe, theirs = SPAWN.Pipe()
        self._pipes = pipes
        self._process = SPAWN.Process(
            target=_work, args=(theirs, settings, device, threads), daemon=True
        )
        with _threads(threads), without_script():
            self._process.start()
        theirs.close()
        pipes.register(self._pipe, selectors.EVENT_READ, self)

    def send(self, batch: Batch) -> None:
        """Give it a batch; the next ``receive`` finds out whether it is dead."""
        with suppress(OSError):
            self._pipe.send(batch)

    def receive(self) -> Answer:
        """Take an answer."""
        try:
            answer: Answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise WorkerLostError from error
        return answer

    def end(self) -> None:
        """Kill it: its work is thrown away anyway."""
        self._process.kill()
        self._process.join()
        self._pipes.unregister(self._pipe)
        self._pipe.close()


def count_gpus(model: ModelPlace, device: str) -> int:
    """Return how many GPUs of this machine torch has for a model; ONNX Runtime finds its own."""
    if device not in ("auto", "cuda") or not model.uses_torch:
        return 0
    import torch

    return torch.cuda.device_count()


def _work(pipe: Connection, settings: Settings, device: str, threads: int) -> None:
    """Answer batches until the driver is gone."""
    end_with_parent()
    keep_freed_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the driver, which ends us
    try:
        worker = Worker(settings, device=device, threads=threads)
    except Exception as error:
        pipe.send(describe_error(error))
        return
    with suppress(EOFError, OSError):
        pipe.send(None)
        while True:
            pipe.send(worker.run(pipe.recv()))


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Set the number of threads of a process that is started: NumPy asks before our code runs."""
    before = {name: os.environ[name] for name in THREADS if name in os.environ}
    os.environ.update(dict.fromkeys(THREADS, str(count)))
    try:
        yield
    finally:
        for name in THREADS:
            del os.environ[name]
        os.environ.update(before)
