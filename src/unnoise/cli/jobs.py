"""``unnoise denoise --engine processes`` and ``ray``: one source over many workers."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from unnoise.cli.console import Notes, print_json, speaker
from unnoise.errors import ConfigError

if TYPE_CHECKING:
    from unnoise.cluster import EngineName, Row, Summary

EVERY = 10.0  # seconds between two lines where there is no bar


def denoise_job(
    model: str,
    inputs: list[str],
    *,
    engine: "EngineName",
    out: Path | None,
    skip_existing: bool,
    quiet: bool,
    json: bool,
    **options: Any,
) -> int:
    """Run a job and print what became of it; ``options`` are those of ``denoise_many``."""
    from unnoise.cluster import denoise_many

    say = speaker(quiet=quiet)
    if out is None:
        raise ConfigError(f"--engine {engine} needs --out: a folder for the outputs and the record")
    if len(inputs) != 1:
        raise ConfigError(
            f"--engine {engine} takes one source, and {len(inputs)} were given: put a pattern in "
            "quotes, so that the shell leaves it as it is, or write the paths into a list, one on "
            "each line of a .txt file"
        )
    if skip_existing:
        say(f"--engine {engine} goes on where it was by itself: --skip-existing adds nothing")

    notes = Notes()

    def report(row: "Row") -> None:
        kept = [f"not kept: {', '.join(row['lost'])}"] if row["lost"] else []
        for note in notes.new([*row["notes"], *kept]):
            say(f"{row['input']}: {note}")
        if row["error"] is not None:
            print(f"unnoise: {row['error']}", file=sys.stderr)

    with _job_progress(quiet=quiet) as show:
        summary = denoise_many(
            model, inputs[0], out=out, engine=engine, say=say, report=report, progress=show,
            **options,
        )  # fmt: skip
    for rest in notes.rest("the manifest"):
        say(rest)
    if json:
        print_json({**asdict(summary), "manifest": str(out / "manifest.jsonl")})
    if summary.failed:
        print(f"unnoise: {_told(summary)}", file=sys.stderr)
        return 2
    say(_told(summary))
    return 0


def _told(summary: "Summary") -> str:
    from unnoise.api.inspecting import TOLD

    parts = [f"{summary.denoised} denoised"]
    if summary.before:
        parts.append(f"{summary.before} were there")
    for verdict, count in (("check", summary.check), ("reject", summary.reject)):
        if count:
            parts.append(f"{count} {TOLD[verdict]}")
    if summary.repeated:
        parts.append(f"{summary.repeated} were named before")
    if summary.lost:
        parts.append(f"{summary.lost} workers died and were replaced")
    if summary.failed:
        more = summary.failed - len(summary.failures)
        names = ", ".join(summary.failures) + (f" and {more} more" if more else "")
        parts.append(f"{summary.failed} of {summary.inputs} inputs failed: {names}")
    return ", ".join(parts)


@contextmanager
def _job_progress(*, quiet: bool) -> Iterator[Callable[[int, int | None], None]]:
    """Give a function that shows how much is done: a bar on a terminal, now and then a line else.

    While inputs are still listed, nobody knows of how many.
    """
    started = shown = time.monotonic()
    first: int | None = None

    def words(done: int, count: int | None) -> str:
        nonlocal first
        first = done - 1 if first is None else first  # the others were there
        kind, of = ("files", "") if count is None else ("tiles", f" of {count:,}")
        rate = (done - first) / max(time.monotonic() - started, 1e-3)
        return f"{done:,}{of} {kind} done, {rate:,.3g} a second"

    def lines(done: int, count: int | None) -> None:
        nonlocal shown
        text = words(done, count)
        if time.monotonic() - shown > EVERY:
            shown = time.monotonic()
            print(text, file=sys.stderr, flush=True)

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield (lambda _done, _all: None) if quiet else lines
        return
    with Bar(BarColumn(), TextColumn("{task.description}"), console=console) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda done, count: bar.update(
            task, total=count, completed=done, description=words(done, count)
        )
