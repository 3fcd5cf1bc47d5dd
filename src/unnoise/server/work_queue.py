"""Whose turn it is: work on so many requests at once, and a bounded queue before it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

from unnoise.memory import release_freed_memory

Result = TypeVar("Result")

USUAL_SECONDS = 0.5  # of a request, before any is known
MOST_ARRIVING = 128  # bodies, each up to the largest that is taken, on the disk
REST = 1.0  # seconds without work, after which memory is given back
MEMORY = 0.9  # of the moving average of the seconds of a request


class BusyError(Exception):
    """The queue is full, or a turn did not come in time.

    Attributes:
        retry_after: Seconds after which it is worth asking again.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__("the server is busy: ask again later")
        self.retry_after = retry_after


class Desk:
    """Runs blocking work in threads, in the order in which it came.

    Args:
        workers: Requests at work at once.
        queue: Requests that may wait.
        seconds: That one may wait.
    """

    def __init__(self, *, workers: int, queue: int, seconds: float) -> None:
        self._workers, self._most, self._patience = workers, workers + queue, seconds
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="unnoise")
        self._turns = asyncio.Semaphore(workers)
        self._inside = self._arriving = 0
        self._rest: asyncio.TimerHandle | None = None
        self._seconds = USUAL_SECONDS

    @property
    def inside(self) -> int:
        """Requests that wait or are at work."""
        return self._inside

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """Count a request while its body arrives, before it waits.

        Raises:
            BusyError: It could not even wait, or too many arrive at once.
        """
        if self._inside >= self._most or self._arriving >= MOST_ARRIVING:
            raise self._busy()
        self._arriving += 1
        try:
            yield
        finally:
            self._arriving -= 1

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do the work when its turn comes.

        Raises:
            BusyError: The queue is full, or the turn did not come in time.
        """
        async with self._turn():
            begun = time.perf_counter()
            try:
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
            finally:
                taken = time.perf_counter() - begun
                self._seconds = MEMORY * self._seconds + (1 - MEMORY) * taken

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
                # At work it keeps freed memory, which is quicker.
                loop = asyncio.get_running_loop()
                self._rest = loop.call_later(REST, release_freed_memory)

    def _busy(self) -> BusyError:
        """Ask to come again when about half of those that wait have been served."""
        ahead = self._inside / self._workers * self._seconds
        return BusyError(max(1, round(ahead / 2)))
