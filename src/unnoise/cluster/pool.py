"""Workers that may die: every task given to them comes back as one row.

A worker that is lost is replaced. What it was at is tried again, each task alone in its batch, so
that the one that kills workers is known, and becomes a row with an error. Both engines are used
through the two small classes at the top, and behave alike.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol, Self

from unnoise.cluster.manifest import Row
from unnoise.cluster.worker import Task
from unnoise.errors import ConfigError

Batch = list[Task]
Answer = list[Row] | str | None  # rows; at first why the worker cannot begin, or None if it can

AHEAD = 2  # batches that a worker has, so that it does not wait for the driver
BATCH = 8  # tasks in a batch at most
BATCH_SECONDS = 0.5  # of a batch: longer ones leave the others idle at the end
DEATHS = 3  # of workers, alone with a task, after which it is given up
STARTS = 10  # workers lost in a row before any was ready, after which the job is given up
TICK = 1.0  # seconds to wait for an answer


class WorkerLostError(Exception):
    """A worker is no more."""


class Link(Protocol):
    """One worker, as an engine reaches it. Its first answer comes unasked, when it is ready."""

    def send(self, batch: Batch) -> None:
        """Give it a batch; answers come in the order of the batches."""

    def receive(self) -> Answer:
        """Take the next answer, which is there.

        Raises:
            WorkerLostError: There will be none.
        """

    def end(self) -> None:
        """End it at once."""


class Engine(Protocol):
    """Where workers are."""

    @property
    def workers(self) -> int:
        """How many there shall be."""

    def start(self, number: int) -> Link:
        """Start one, the ``number``-th."""

    def wait(self, links: Sequence[Link], seconds: float) -> Sequence[Link]:
        """Return those that have an answer or are lost, as soon as there is one."""

    def close(self) -> None:
        """Let go of everything."""


@dataclass
class _Seat:
    """A place for a worker, with the batches that it was given."""

    number: int
    link: Link
    ready: bool = False
    given: deque[Batch] = field(default_factory=deque)


class Pool:
    """Workers of one engine; they end with the ``with`` block.

    Attributes:
        lost: How many workers died and were replaced.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._seats: list[_Seat] = []
        self._again: deque[Batch] = deque()
        self._deaths: dict[Task, int] = {}
        self._failed_starts = 0
        self.lost = 0
        self._seconds: float | None = None  # of a task, lately

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for seat in self._seats:
            seat.link.end()
        self._engine.close()

    def run(self, tasks: Iterable[Task]) -> Iterator[list[Row]]:
        """Do tasks, which are taken as they are needed, and yield rows as they are there.

        Raises:
            ConfigError: Workers cannot begin.
        """
        source = iter(tasks)
        self._again.extend([task] for task in islice(source, self._engine.workers))
        for number in range(len(self._seats), len(self._again)):
            self._seats.append(_Seat(number, self._engine.start(number)))
        while self._feed(source):
            links = {id(seat.link): seat for seat in self._seats}
            for link in self._engine.wait([seat.link for seat in self._seats], TICK):
                if rows := self._take(links[id(link)]):
                    yield rows

    def _feed(self, source: Iterator[Task]) -> bool:
        """Give batches to workers that have room, and return whether there is anything to do."""
        while True:
            free = [seat for seat in self._seats if seat.ready and len(seat.given) < AHEAD]
            batch = self._next(source) if free else []
            if not batch:
                return bool(self._again) or any(seat.given for seat in self._seats)
            seat = min(free, key=lambda seat: len(seat.given))
            seat.given.append(batch)
            seat.link.send(batch)

    def _next(self, source: Iterator[Task]) -> Batch:
        if self._again:
            return self._again.popleft()
        size = BATCH_SECONDS / self._seconds if self._seconds else 1
        return list(islice(source, max(1, min(BATCH, int(size)))))

    def _take(self, seat: _Seat) -> list[Row]:
        """Take the answer of a worker: rows, that it is ready, or that it is lost."""
        try:
            answer = seat.link.receive()
        except WorkerLostError:
            return self._replace(seat)
        if isinstance(answer, str):
            raise ConfigError(f"a worker cannot begin: {answer}")
        if answer is None:
            seat.ready, self._failed_starts = True, 0
            return []
        for task in seat.given.popleft():
            self._deaths.pop(task, None)
        mean = sum(row["seconds"] for row in answer) / len(answer)
        self._seconds = mean if self._seconds is None else 0.8 * self._seconds + 0.2 * mean
        return answer

    def _replace(self, seat: _Seat) -> list[Row]:
        """Put a new worker in the place of a lost one; return the rows that are given up."""
        seat.link.end()
        self.lost += 1
        if not seat.ready:
            self._failed_starts += 1
            if self._failed_starts >= STARTS:
                raise ConfigError(
                    f"{STARTS} workers were lost as they began, and none got ready: memory may "
                    "not suffice for so many; try fewer --workers"
                )
        rows = []
        for place, batch in enumerate(seat.given):
            if place > 0:  # not begun
                self._again.append(batch)
            elif len(batch) > 1:
                self._again.extend([task] for task in batch)
            else:
                rows += self._retry(batch[0])
        seat.given.clear()
        seat.ready, seat.link = False, self._engine.start(seat.number)
        return rows

    def _retry(self, task: Task) -> list[Row]:
        deaths = self._deaths.get(task, 0) + 1
        if deaths < DEATHS:
            self._deaths[task] = deaths
            self._again.append([task])
            return []
        self._deaths.pop(task, None)
        return [task.failed(f"the worker died {deaths} times while it had nothing else to do")]
