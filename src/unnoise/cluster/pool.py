"""Workers that may die: every piece of work given to them comes back with its outcome.

A worker that is lost is replaced. Its work is tried again, each piece alone in its batch, so that
the one that kills workers is known, and gets an error. All engines are used through the two small
classes at the top, and behave alike.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol, Self, TypeVar, cast

from unnoise.cluster.worker import Outcome, WorkItem
from unnoise.errors import ConfigError

Item = WorkItem[Outcome]
Batch = list[Item]
# Outcomes; the first answer is None, or the reason why the worker cannot begin.
Answer = list[Outcome] | str | None
Out = TypeVar("Out", bound=Outcome)

AHEAD = 2  # batches that a worker has, so that it does not wait for the driver
BATCH = 8  # pieces of work in a batch at most
BATCH_SECONDS = 0.5  # of work in a batch: longer ones leave other workers idle at the end
DEATHS = 3  # workers that die alone with a piece of work, after which it is given up
STARTS = 10  # workers lost in a row before any was ready, after which the job is given up
TICK = 1.0  # seconds to wait for an answer


class WorkerLostError(Exception):
    """A worker is gone."""


class Link(Protocol):
    """The driver's end of one worker. Its first answer comes unasked, when it is ready."""

    def send(self, batch: Batch) -> None:
        """Give it a batch; answers come in the order of the batches."""

    def receive(self) -> Answer:
        """Take the next answer, which is there already.

        Raises:
            WorkerLostError: The worker is gone.
        """

    def end(self) -> None:
        """End it at once."""


class Engine(Protocol):
    """Starts workers, and waits for them."""

    @property
    def workers(self) -> int:
        """Number of workers to start."""

    def start(self, number: int) -> Link:
        """Start one, the ``number``-th."""

    def wait(self, seconds: float) -> Sequence[Link]:
        """Return workers that have an answer or are lost, as soon as there is one.

        One that was ended may still be among them.
        """

    def close(self) -> None:
        """Let go of everything."""


@dataclass
class _Seat:
    """A place for a worker, with its batches."""

    number: int
    link: Link
    ready: bool = False
    given: deque[Batch] = field(default_factory=deque)


class Pool:
    """Workers of one engine, which end with the ``with`` block.

    Its work for an answer takes as long with a thousand workers as with two.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._seats: dict[Link, _Seat] = {}
        # By the number of batches that they have; some have another number by now.
        self._rooms: tuple[deque[_Seat], ...] = tuple(deque() for _ in range(AHEAD))
        self._given = 0  # batches, to all of them
        self._again: deque[Batch] = deque()
        self._deaths: dict[Item, int] = {}
        self._failed_starts = 0
        self.lost = 0  # workers that died and were replaced
        self._seconds: float | None = None  # of a piece of work, lately

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for link in self._seats:
            link.end()
        self._engine.close()

    def run(self, items: Iterable[WorkItem[Out]]) -> Iterator[list[Out]]:
        """Do work, which is taken as it is needed, and yield outcomes as they arrive."""
        source: Iterator[Item] = iter(items)
        self._again.extend([item] for item in islice(source, self._engine.workers))
        for number in range(len(self._seats), len(self._again)):
            link = self._engine.start(number)
            self._seats[link] = _Seat(number, link)
        while self._feed(source):
            for link in self._engine.wait(TICK):
                seat = self._seats.get(link)
                if seat is not None and (outcomes := self._take(seat)):
                    yield cast("list[Out]", outcomes)  # each is of its own piece of work

    def _feed(self, source: Iterator[Item]) -> bool:
        """Give batches to workers that have room, and return whether there is anything to do."""
        while (seat := self._emptiest()) and (batch := self._next(source)):
            seat.given.append(batch)
            self._given += 1
            self._offer(seat)
            seat.link.send(batch)
        if seat:
            self._offer(seat)
        return bool(self._again) or self._given > 0

    def _offer(self, seat: _Seat) -> None:
        if seat.ready and len(seat.given) < AHEAD:
            self._rooms[len(seat.given)].append(seat)

    def _emptiest(self) -> _Seat | None:
        """Take the worker that has the fewest batches, if one has room."""
        for count, room in enumerate(self._rooms):
            while room:
                seat = room.popleft()
                if seat.ready and len(seat.given) == count:
                    return seat
        return None

    def _next(self, source: Iterator[Item]) -> Batch:
        if self._again:
            return self._again.popleft()
        size = BATCH_SECONDS / self._seconds if self._seconds else 1
        return list(islice(source, max(1, min(BATCH, int(size)))))

    def _take(self, seat: _Seat) -> list[Outcome]:
        """Take the answer of a worker: outcomes, that it is ready, or that it is lost."""
        try:
            answer = seat.link.receive()
        except WorkerLostError:
            return self._replace(seat)
        if isinstance(answer, str):
            raise ConfigError(f"a worker cannot begin: {answer}")
        if answer is None:
            seat.ready, self._failed_starts = True, 0
            self._offer(seat)
            return []
        for item in seat.given.popleft():
            self._deaths.pop(item, None)
        self._given -= 1
        self._offer(seat)
        mean = sum(outcome.seconds for outcome in answer) / len(answer)
        self._seconds = mean if self._seconds is None else 0.8 * self._seconds + 0.2 * mean
        return answer

    def _replace(self, seat: _Seat) -> list[Outcome]:
        """Put a new worker in the place of a lost one; return the outcomes of given-up work."""
        seat.link.end()
        del self._seats[seat.link]
        self.lost += 1
        if not seat.ready:
            self._failed_starts += 1
            if self._failed_starts >= STARTS:
                raise ConfigError(
                    f"{STARTS} workers were lost as they began, and none got ready: memory may "
                    "be too small for all of them; try fewer --workers"
                )
        given_up = list[Outcome]()
        for place, batch in enumerate(seat.given):
            if place > 0:  # not begun
                self._again.append(batch)
            elif len(batch) > 1:
                self._again.extend([item] for item in batch)
            else:
                given_up += self._retry(batch[0])
        self._given -= len(seat.given)
        seat.given.clear()
        seat.ready, seat.link = False, self._engine.start(seat.number)
        self._seats[seat.link] = seat
        return given_up

    def _retry(self, item: Item) -> list[Outcome]:
        deaths = self._deaths.get(item, 0) + 1
        if deaths < DEATHS:
            self._deaths[item] = deaths
            self._again.append([item])
            return []
        self._deaths.pop(item, None)
        return [item.failed(f"the worker died {deaths} times while it had nothing else to do")]
