"""The progress of a training: in words, and as a curve in a notebook."""

import sys
import time
from html import escape
from typing import Any

from unnoise.training import Progress, Validation

WIDTH, HEIGHT, MARGIN = 520, 150, 8  # pixels of the curve
EVERY = 1.0  # seconds between two drawings, unless there was a validation
INK, GRID = "#1f5fa8", "#9a9a9a"


def in_words(progress: Progress, latest: Validation | None) -> str:
    """Return loss, quality, speed and the time that is left; ``latest`` is the last validation."""
    reached = "" if latest is None else f"  {_quality(latest)}"
    left = (progress.steps - progress.step) / max(progress.step, 1) * progress.seconds
    speed = f"{progress.samples_per_second:,.0f} {progress.unit}/s"
    return f"loss {progress.loss:.5f}{reached}  {speed}  {left:.0f} s left"


def notebook_curve() -> "NotebookCurve | None":
    """Return what draws progress where a notebook runs this process; None elsewhere.

    IPython is not imported: where a notebook runs, it is there.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if not hasattr(shell, "kernel"):  # a terminal, or no IPython at all
        return None
    from IPython.display import DisplayHandle

    return NotebookCurve(DisplayHandle())


class NotebookCurve:
    """Draws one picture that changes while the training goes on."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle  # a ``DisplayHandle`` of IPython
        self._points: list[tuple[int, float]] = []
        self._latest: Validation | None = None
        self._drawn: float | None = None  # the time of the last drawing

    def __call__(self, progress: Progress) -> None:
        """Take the progress, and draw it now and then."""
        found, now = progress.validation, time.monotonic()
        if found is not None:
            self._latest = found
            self._points.append((progress.step, found.risk if found.psnr is None else found.psnr))
        elif self._drawn is not None and now - self._drawn < EVERY:
            return
        words = f"step {progress.step:,} of {progress.steps:,}  {in_words(progress, self._latest)}"
        content = {"text/plain": words, "text/html": self._page(progress.steps, words)}
        show = self._handle.display if self._drawn is None else self._handle.update
        show(content, raw=True)
        self._drawn = now

    def _page(self, steps: int, words: str) -> str:
        return f"<div>{self._curve(steps)}<br><small>{escape(words)}</small></div>"

    def _curve(self, steps: int) -> str:
        """Return the validations over the steps as SVG; the first and the last have their value."""
        inner, tall = WIDTH - 2 * MARGIN, HEIGHT - 5 * MARGIN
        values = [value for _, value in self._points]
        low, span = (min(values), (max(values) - min(values)) or 1.0) if values else (0.0, 1.0)
        places = [
            (MARGIN + inner * step / steps, 3 * MARGIN + tall * (1 - (value - low) / span))
            for step, value in self._points
        ]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>' for x, y in places)
        base = HEIGHT - MARGIN
        return (
            f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="validation">'
            f'<line x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{base}" y2="{base}" stroke="{GRID}"/>'
            f'<polyline points="{line}" fill="none" stroke="{INK}" stroke-width="2"/>'
            f'<g fill="{INK}">{dots}</g><text x="{MARGIN}" y="{2 * MARGIN}" font-size="12" '
            f'fill="currentColor">{escape(self._title())}</text></svg>'
        )

    def _title(self) -> str:
        if self._latest is None:
            return "no validation yet"
        (_, first), (_, last) = self._points[0], self._points[-1]
        if self._latest.psnr is None:
            return f"risk on held-out pixels: {first:.3g} at first, {last:.3g} now"
        return f"PSNR on held-out images: {first:.2f} dB at first, {last:.2f} dB now"


def _quality(found: Validation) -> str:
    return f"risk {found.risk:.6f}" if found.psnr is None else f"PSNR {found.psnr:.2f} dB"
