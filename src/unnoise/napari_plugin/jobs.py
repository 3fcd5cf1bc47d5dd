"""Work in a thread beside the window: its progress, its end, and how it is cancelled."""

import threading
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject, Signal

from unnoise.api.common import describe_error


class Cancelled(BaseException):
    """Raised inside of the work; no handler of errors takes it for one."""


class Job(QObject):
    """One piece of work at a time. Its signals arrive in the thread of the window."""

    progressed = Signal(object)
    done = Signal(object)
    failed = Signal(str)
    ended = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether it works."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def stopped(self) -> bool:
        """Whether it is to end."""
        return self._stop.is_set()

    def start(self, work: Callable[[], Any]) -> None:
        """Run ``work`` in a thread."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask the work to end; it does so when it reports its progress."""
        self._stop.set()

    def report(self, progress: Any) -> None:
        """Pass on the progress of the work; raise ``Cancelled`` if it is to end."""
        if self.stopped:
            raise Cancelled
        self.progressed.emit(progress)

    def _run(self, work: Callable[[], Any]) -> None:
        try:
            found = work()
        except Cancelled:
            pass
        except Exception as error:  # it becomes a sentence in the widget
            self.failed.emit(describe_error(error))
        else:
            self.done.emit(found)
        finally:
            self.ended.emit()
