"""Text that fits: measured in the font of the picture, then wrapped or shortened in the middle."""

import re
import warnings
from functools import lru_cache
from typing import Any

MARGIN = 1.03  # hinting makes drawn text slightly wider than measured text
INCH = 72  # points
GAP = "…"
# A line may end after each piece. A piece ends with its separator, so no line begins with one.
PIECES = re.compile(r"[^\s,+|/_\\-]*[\s,+|/_\\-]?")


def clean(text: str) -> str:
    """Return text that fonts can draw: one line, with bytes that are not UTF-8 escaped."""
    return " ".join(text.encode("utf-8", "backslashreplace").decode().split())


@lru_cache(maxsize=4096)
def width_of(text: str, size: float, family: str = "sans-serif") -> float:
    """Return the width in inches of a line in a font of ``size`` points."""
    from matplotlib.font_manager import FontProperties

    font = FontProperties(family=family, size=size)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # such letters are drawn as boxes
        width, _, _ = _renderer().get_text_width_height_descent(text, font, False)
    return float(width) / INCH * MARGIN


def shorten(text: str, width: float, size: float, family: str = "sans-serif") -> str:
    """Cut the middle out of a line that is wider than ``width`` inches."""
    text = clean(text)
    if width_of(text, size, family) <= width:
        return text
    low, high = 0, len(text)  # letters to keep
    while low < high:
        middle = (low + high + 1) // 2
        if width_of(_without_middle(text, middle), size, family) <= width:
            low = middle
        else:
            high = middle - 1
    return _without_middle(text, low)


def wrap(
    text: str, width: float, size: float, *, lines: int = 3, family: str = "sans-serif"
) -> str:
    """Break text into up to ``lines`` lines, at separators if possible; shorten the last one."""
    text, done = clean(text), list[str]()
    while text and len(done) < lines - 1 and width_of(text, size, family) > width:
        line = ""
        for piece in PIECES.findall(text):
            if width_of((line + piece).rstrip(), size, family) > width:
                break
            line += piece
        if not line:  # one long word
            fits = (n for n in range(len(text), 1, -1) if width_of(text[:n], size, family) <= width)
            line = text[: next(fits, 1)]
        done.append(line.rstrip())
        text = text[len(line) :].lstrip()
    return "\n".join([*done, *([shorten(text, width, size, family)] if text else [])])


def _without_middle(text: str, kept: int) -> str:
    head = (kept + 1) // 2
    return text[:head].rstrip() + GAP + text[len(text) - (kept - head) :].lstrip()


@lru_cache(maxsize=1)
def _renderer() -> Any:
    from matplotlib.backends.backend_agg import RendererAgg

    return RendererAgg(1, 1, INCH)
