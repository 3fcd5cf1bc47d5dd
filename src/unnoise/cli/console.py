"""The parts that all verbs share: app, messages, JSON and progress."""

import json
import math
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

from cyclopts import App, Parameter
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

if TYPE_CHECKING:
    from unnoise.training import Progress, Validation
    from unnoise.types import Say

Given = ParamSpec("Given")
Shown = tuple[float, float | None, str]  # number done, number of all, and both in words
Showing = AbstractContextManager[Callable[Given, None]]

MOST_ALIKE = 5  # notes that differ only in numbers
EVERY = 10.0  # seconds between two lines of progress where there is no bar


def verb_app(name: str, **options: Any) -> App:
    """Return the app of one verb."""
    lists = Parameter(negative_iterable=())  # no --empty-range beside --range
    return App(name=name, result_action="return_value", default_parameter=lists, **options)


def speaker(*, quiet: bool) -> "Say":
    """Return what prints a message on standard error, or nothing."""
    return (lambda _: None) if quiet else (lambda text: print(text, file=sys.stderr, flush=True))


class Notes:
    """Notes about files: each is printed once, and a few of those that differ only in numbers."""

    def __init__(self) -> None:
        self._said: dict[str, set[str]] = {}
        self._left_out = 0

    def new(self, notes: Iterable[str]) -> list[str]:
        """Return the notes to print: new ones, of which at most five differ only in numbers."""
        fresh = []
        for note in notes:
            alike = self._said.setdefault(re.sub(r"[\d.e+-]+", "", note), set())
            if note in alike or len(alike) == MOST_ALIKE:
                self._left_out += 1
            else:
                alike.add(note)
                fresh.append(note)
        return fresh

    def rest(self, where: str) -> list[str]:
        """Return a sentence about the notes that were left out: their number, and who has them."""
        if not self._left_out:
            return []
        return [f"notes like these were left out: {self._left_out}; {where} has them"]


def print_json(value: object) -> None:
    """Print one JSON document; NaN and infinity become null, which JSON has."""
    print(json.dumps(_plain(value), indent=2))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def training_progress(*, quiet: bool) -> "Showing[[Progress]]":
    """Give a function that shows progress: a bar on a terminal, else a line per validation."""
    latest: Validation | None = None

    def figures(progress: "Progress") -> Shown:
        nonlocal latest
        latest = progress.validation or latest
        return progress.step, progress.steps, _figures(progress, latest)

    return _showing(figures, _print_validation, quiet=quiet)


def file_progress(*, quiet: bool) -> "Showing[[float, int | None]]":
    """Give a function that shows how many files are done: a bar on a terminal, else a few lines.

    While a job still lists its inputs, their number is None.
    """
    started = shown = time.monotonic()
    before: float | None = None  # files that were there when a job went on

    def figures(done: float, count: int | None) -> Shown:
        nonlocal before
        if count is not None:
            text = f"{int(done):,}/{count:,} files, {done / max(count, 1):.0%}"
            return done, count, text
        before = done - 1 if before is None else before
        rate = (done - before) / max(time.monotonic() - started, 1e-3)
        return done, None, f"{int(done):,} files, {rate:,.3g} a second"

    def lines(done: float, count: int | None) -> None:
        nonlocal shown
        *_, text = figures(done, count)
        if time.monotonic() - shown > EVERY:
            shown = time.monotonic()
            print(text, file=sys.stderr, flush=True)

    return _showing(figures, lines, quiet=quiet)


@contextmanager
def _showing(
    figures: Callable[Given, Shown], lines: Callable[Given, None], *, quiet: bool
) -> Iterator[Callable[Given, None]]:
    """Give what shows progress: a bar with ``figures`` on a terminal, ``lines`` elsewhere."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield (lambda *_, **__: None) if quiet else lines
        return
    columns = BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn()
    with Bar(*columns, console=console) as bar:
        task = bar.add_task("starting", total=None)

        def update(*given: Given.args, **named: Given.kwargs) -> None:
            done, count, text = figures(*given, **named)
            bar.update(task, total=count, completed=done, description=text)

        yield update


def _print_validation(progress: "Progress") -> None:
    if progress.validation is not None:
        figures = _figures(progress, progress.validation)
        print(f"step {progress.step}/{progress.steps}  {figures}", file=sys.stderr, flush=True)


def _figures(progress: "Progress", latest: "Validation | None") -> str:
    from unnoise.api.progress import in_words

    return in_words(progress, latest)
