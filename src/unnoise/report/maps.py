"""An image, its result, and the maps of an inspection, side by side."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from unnoise.report.lettering import shorten, wrap
from unnoise.report.pictures import SMALL_FONT, new_figure, to_bytes, to_picture, write_at
from unnoise.types import Floats

LARGEST = 640  # pixels of a side that are drawn; larger images are thinned
COLUMNS = 3
CELL = 3.0  # inches, width of a panel
HEAD, BAR, GAP = 0.3, 0.42, 0.12  # inches
QUALITIES = (80, 65, 50, 35, 20)  # of WebP: the first that keeps to the limit is used
LIMIT = 225_000  # bytes: a page with 48 such pictures, as text, stays below 15 MB
RELATIVE = (0.35, 2.5)  # least and largest height of a panel over its width


@dataclass(frozen=True)
class Panel:
    """One picture of the page."""

    title: str
    values: Floats  # (H, W), or (H, W, 3) for colour
    # ``image`` in [0, 1]; ``signed``, with 0 as middle grey; ``amount``, from 0 on.
    kind: Literal["image", "signed", "amount"]
    top: float | None = None  # value of the last colour; None takes it from the values
    note: str = ""  # small text below an image


def draw_panels(panels: list[Panel]) -> bytes:
    """Draw panels of one size as a WebP, three in a row, with colour bars under the maps.

    Larger images are drawn at a reduced size, so that a page with many images stays small.
    """
    from matplotlib.ticker import MaxNLocator

    height, width = panels[0].values.shape[:2]
    tall = CELL * float(np.clip(height / width, *RELATIVE))
    rows = -(-len(panels) // COLUMNS)
    row = HEAD + tall + BAR
    size = COLUMNS * (CELL + GAP) + GAP, rows * row
    figure = new_figure(size)
    for index, panel in enumerate(panels):
        left = GAP + (index % COLUMNS) * (CELL + GAP)
        bottom = size[1] - (index // COLUMNS + 1) * row + BAR
        axes = figure.add_axes((left / size[0], bottom / size[1], CELL / size[0], tall / size[1]))
        step = -(-max(height, width) // LARGEST)
        values = panel.values[::step, ::step]
        shown = to_bytes(values) if panel.kind == "image" else values
        # "auto" averages large images, and keeps the pixels of small ones as squares.
        drawn = axes.imshow(shown, interpolation="auto", **_style(panel))
        axes.set_axis_off()
        axes.set_title(shorten(panel.title, CELL, 10), fontsize=10, pad=4)
        if panel.kind == "image":
            text = wrap(panel.note, CELL, SMALL_FONT, lines=2)
            write_at(figure, (left, bottom - 0.06), text, SMALL_FONT, va="top")
        else:
            corner = ((left + 0.1 * CELL) / size[0], (bottom - 0.14) / size[1])
            place = figure.add_axes((*corner, 0.8 * CELL / size[0], 0.08 / size[1]))
            bar = figure.colorbar(drawn, cax=place, orientation="horizontal", format="%.3g")
            bar.locator = MaxNLocator(4)  # the labels of more would overlap
            bar.update_ticks()
            place.tick_params(labelsize=7, length=2)
    return to_picture(figure, kind="webp", qualities=QUALITIES, limit=LIMIT)


def _style(panel: Panel) -> dict[str, object]:
    if panel.kind == "image":
        return {}
    top = panel.top or float(np.quantile(np.abs(panel.values), 0.995)) or 1.0
    if panel.kind == "signed":
        return {"cmap": "gray", "vmin": -top, "vmax": top}
    return {"cmap": "magma", "vmin": 0, "vmax": top}
