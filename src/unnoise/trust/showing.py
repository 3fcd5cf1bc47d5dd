"""A result in a notebook: before, after and removed as pictures, and the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from unnoise.images import Contrast, data_address, png_of
from unnoise.types import Array, Floats

SIDE = 320  # pixels of the longer side; of larger images every second, third, ... is drawn
PART, ENLARGED = 96, 3  # pixels of a part of larger images, and how much it is enlarged
TAIL = 99.5  # percentile of the removed part that is drawn black or white
TONES = {"trust": "#1a7f37", "check": "#9a6700", "reject": "#cf222e"}
CELL = "padding: 2px 6px; text-align: center; vertical-align: top; font-size: 90%"


@dataclass(frozen=True)
class BeforeAfter:
    """An image and its result, ``(H, W, C)`` in the values of the image."""

    before: Array
    after: Array
    colours: bool  # whether the channels are red, green and blue; of others the first is drawn

    def in_html(self) -> str:
        """Return the pictures as a table; the same contrast before and after."""
        chosen = slice(None) if self.colours else slice(0, 1)
        before, after = (np.asarray(each)[..., chosen] for each in (self.before, self.after))
        contrast = Contrast.of(before)
        removed = np.nan_to_num(before.astype(np.float64) - after.astype(np.float64)).mean(2)
        most = float(np.percentile(abs(removed), TAIL)) or 1.0
        drawn = {
            f"before{_said(contrast)}": contrast.draw(before),
            "after": contrast.draw(after),
            f"removed: ± {most:.3g}": (0.5 + removed[..., None] / (2 * most)).clip(0, 1),
        }
        rows = [_row(drawn, 1)]
        height, width = removed.shape
        if max(height, width) > SIDE and min(height, width) >= PART:
            y, x = _busiest(drawn["after"].mean(2))
            parts = {name: each[y : y + PART, x : x + PART] for name, each in drawn.items()}
            rows.append(_row(parts, ENLARGED, f", {PART} × {PART} pixels of it"))
        return f"<table>{''.join(rows)}</table>"


def verdict_in_html(verdict: str, facts: Sequence[str], reasons: Sequence[str]) -> str:
    """Return a verdict in its colour, facts behind it, and the reasons as a list."""
    said = f'<b style="color: {TONES[verdict]}">{escape(verdict)}</b>'
    line = "; ".join([said, *map(escape, facts)])
    listed = "".join(f"<li>{escape(reason)}</li>" for reason in reasons)
    return f"<p>{line}</p>" + (f"<ul>{listed}</ul>" if listed else "")


def _busiest(picture: Floats) -> tuple[int, int]:
    """Return the top row and the left column of the part with the most edges, on a coarse grid.

    A small install shows results, too, so this is NumPy alone.
    """
    step = PART // 2
    edges = np.hypot(*np.gradient(picture))
    rows, columns = (side // step for side in edges.shape)
    blocks = edges[: rows * step, : columns * step].reshape(rows, step, columns, step).sum((1, 3))
    sums = blocks[1:, 1:] + blocks[:-1, 1:] + blocks[1:, :-1] + blocks[:-1, :-1]
    y, x = np.unravel_index(sums.argmax(), sums.shape)
    return int(y) * step, int(x) * step


def _said(contrast: Contrast) -> str:
    return f" ({contrast.said})" if contrast.said else ""


def _row(pictures: dict[str, Floats], enlarged: int, what: str = "") -> str:
    return "<tr>" + "".join(_cell(*each, enlarged, what) for each in pictures.items()) + "</tr>"


def _cell(name: str, picture: NDArray[np.floating], enlarged: int, what: str) -> str:
    step = -(-max(picture.shape[:2]) // SIDE)
    levels = np.rint(picture[::step, ::step] * 255).astype(np.uint8)
    label = escape(f"{name.partition(' (')[0].partition(':')[0]}{what}" if what else name)
    width = levels.shape[1] * enlarged
    return (
        f'<td style="{CELL}"><img alt="{label}" width="{width}" '
        f'style="image-rendering: pixelated" src="{data_address(png_of(levels))}"><br>{label}</td>'
    )
