"""Requests run in parallel, one per worker; the rest wait in a queue of limited length.

``BusyError`` becomes the status 503. It is raised if the queue is full when a request arrives, if
too many bodies arrive at the same time, or if a request waited too long for its turn.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

from unnoise.memory import release_freed_memory
from unnoise.server.requests import RefusedError

Result = TypeVar("Result")

FIRST_GUESS = 0.5  # seconds of a request, before any was measured
MOST_ARRIVING = 128  # bodies that may arrive at the same time, each written to the disk
REST = 1.0  # seconds without work, after which freed memory is given back
DECAY = 0.9  # in the moving average of the seconds of a request


class BusyError(RefusedError):
    """The queue is full, or a request waited too long; ask again after ``retry_after`` seconds."""

    status = 503

    def __init__(self, retry_after: int) -> None:
        super().__init__("the server is busy: try again later")
        self.retry_after = retry_after


class WorkQueue:
    """Runs blocking work in threads, in the order in which it came."""

    def __init__(self, *, workers: int, queue: int, seconds: float) -> None:
        # ``queue`` requests may wait for one of the ``workers``, each for up to ``seconds``.
        self._workers, self._most, self._patience = workers, workers + queue, seconds
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="unnoise")
        self._turns = asyncio.Semaphore(workers)
        self._inside = self._arriving = 0
        self._rest: asyncio.TimerHandle | None = None
        self._seconds = FIRST_GUESS

    @property
    def inside(self) -> int:
        """The number of requests that wait or run."""
        return self._inside

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """Count a request while its body arrives, before it waits."""
        if self._inside >= self._most or self._arriving >= MOST_ARRIVING:
            raise self._busy()
        self._arriving += 1
        try:
            yield
        finally:
            self._arriving -= 1

    async def run(self, work: Callable[[], Result]) -> Result:
        """Run work when its turn comes."""
        async with self._turn():
            begun = time.perf_counter()
            try:
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
            finally:
                taken = time.perf_counter() - begun
                self._seconds = DECAY * self._seconds + (1 - DECAY) * taken

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._inside >= self._most:
            raise self._busy()
        self._inside += 1
        if self._rest is not None:
            self._rest.cancel()
        try:
            try:
                await asyncio.wait_for(self._turns.acquire(), self._patience)
            except TimeoutError as error:
                raise self._busy() from error
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._inside -= 1
            if not self._inside:
                # While requests run, freed memory is kept, because that is faster.
                loop = asyncio.get_running_loop()
                self._rest = loop.call_later(REST, release_freed_memory)

    def _busy(self) -> BusyError:
        """Return a ``BusyError`` that names the time until half of the requests inside are done."""
        ahead = self._inside / self._workers * self._seconds
        return BusyError(max(1, round(ahead / 2)))
