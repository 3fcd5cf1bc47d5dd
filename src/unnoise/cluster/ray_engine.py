"""Workers as actors of Ray, on this machine or on all machines of a cluster.

Ray is an extra, loaded only for this engine. It places actors and reports when one is lost; the
pool replaces it, as for any engine.
"""

import logging
import os
import socket
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from unnoise.api.common import describe_error
from unnoise.cluster.pool import Answer, Batch, Link, WorkerLostError
from unnoise.cluster.worker import Outcome, Settings, Worker
from unnoise.devices import usable_cores
from unnoise.errors import ConfigError
from unnoise.memory import keep_freed_memory

CONNECTED = 10.0  # seconds to reach a cluster


class RayEngine:
    """Starts actors, by default one for each GPU or core; without an address, on this machine."""

    def __init__(self, settings: Settings, *, workers: int | None, address: str | None) -> None:
        self._ray = _connect(address)
        # Ray prints what happens to workers on standard output, which is for results.
        self._muted = ExitStack()
        sink = self._muted.enter_context(Path(os.devnull).open("w"))  # noqa: SIM115  the stack closes it
        self._muted.enter_context(redirect_stdout(sink))
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        cores = int(sum(node.get("CPU", 0) for node in nodes)) or 1
        largest = int(max(node.get("CPU", 0) for node in nodes)) or 1
        wanted = settings.running.device in ("auto", "cuda")
        gpus = int(sum(node.get("GPU", 0) for node in nodes)) if wanted else 0
        self.workers = workers or gpus or cores
        self._threads = min(max(1, cores // self.workers), largest)
        # Several workers share a core or GPU where there are too few.
        options: dict[str, float] = {"num_cpus": self._threads / -(-self.workers // cores)}
        if gpus:
            options["num_gpus"] = 1 / -(-self.workers // gpus)
        self._actor = self._ray.remote(Actor).options(**options, max_restarts=0)
        self._settings = settings
        self._answered: SimpleQueue[Link] = SimpleQueue()

    def start(self, number: int) -> Link:  # noqa: ARG002  Ray chooses the place
        """Start an actor."""
        actor = self._actor.remote(self._settings, self._threads)
        return RayLink(self._ray, actor, self._answered)

    def wait(self, seconds: float) -> Sequence[Link]:
        """Wait for an answer."""
        try:
            return [self._answered.get(timeout=seconds)]
        except Empty:
            return []

    def close(self) -> None:
        """Leave the cluster, or end Ray if it was started here."""
        self._ray.shutdown()
        self._muted.close()


class Actor:
    """Runs in a process of Ray. Its first call loads the model, or returns the error."""

    def __init__(self, settings: Settings, threads: int) -> None:
        self._settings, self._threads = settings, threads

    def begin(self) -> str | None:
        """Load the model."""
        keep_freed_memory()
        try:
            self._worker = Worker(
                self._settings, device=self._settings.running.device, threads=self._threads
            )
        except Exception as error:
            return describe_error(error)
        return None

    def run(self, batch: Batch) -> list[Outcome]:
        """Do a batch."""
        return self._worker.run(batch)


class RayLink:
    """An actor and its pending answers, in the order of the calls."""

    def __init__(self, ray: Any, actor: Any, answered: SimpleQueue[Link]) -> None:
        self._ray, self._actor, self._answered = ray, actor, answered
        self._answers: deque[Any] = deque()
        self._expect(actor.begin.remote())

    def send(self, batch: Batch) -> None:
        """Give it a batch; the next ``receive`` finds out whether it is dead."""
        self._expect(self._actor.run.remote(batch))

    def receive(self) -> Answer:
        """Take an answer."""
        try:
            answer: Answer = self._ray.get(self._answers.popleft())
        except self._ray.exceptions.RayTaskError:  # a mistake of ours
            raise
        except self._ray.exceptions.RayError as error:
            raise WorkerLostError from error
        return answer

    def end(self) -> None:
        """Kill it."""
        self._ray.kill(self._actor)

    def _expect(self, answer: Any) -> None:
        """Note the link once the answer is there, or once there can be none."""
        self._answers.append(answer)
        answer.future().add_done_callback(lambda _: self._answered.put(self))


def _connect(address: str | None) -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would report to its makers
    try:
        import ray
    except ImportError as error:
        raise ConfigError(
            "--engine ray needs Ray: pip install 'unnoise[cluster]'; --engine processes does the "
            "same on this machine without it"
        ) from error
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        ray.init("local", num_cpus=usable_cores(), include_dashboard=False, **quiet)
        return ray
    try:
        host, colon, port = address.rpartition("://")[2].rpartition(":")
        if colon and port.isdigit():  # Ray would try for many minutes where nobody listens
            socket.create_connection((host.strip("[]"), int(port)), CONNECTED).close()
        ray.init(address, **quiet)
    except (OSError, ValueError, RuntimeError) as error:
        reason = (str(error).strip().splitlines() or ["no reason was given"])[0]
        raise ConfigError(
            f"cannot reach a Ray cluster at {address}: {reason[:200]}; start one with ray start "
            "--head, and pass its address, such as 10.0.0.1:6379; if it wants a token, set "
            "RAY_AUTH_MODE=token"
        ) from error
    return ray
