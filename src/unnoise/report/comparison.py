"""One slide: an image before and after, what was removed, and an enlarged part of each."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from unnoise.images import in_digits
from unnoise.report.lettering import shorten, width_of, wrap
from unnoise.report.pictures import new_figure, to_bytes, to_picture, write_at
from unnoise.types import Floats

WIDTH = 10.0  # inches of the slide
EDGE, GAP = 0.2, 0.1  # inches
TITLE, LINE, BAR = 0.34, 0.17, 0.62  # inches: above panels, of small print, below panels
TALLEST = 4.5  # inches of a panel
LARGE_FONT, FONT, PRINT = 13, 11, 8  # points
WIDE = 2.5  # width over height from which on each image has a row of its own
LEAST, LEAST_BAR, LEAST_FONT = 0.05, 2.4, 6  # inches of a panel and of a bar, points
DRAWN = 4096  # pixels of a side that are drawn; larger images are thinned
FRAME, SOFT = "#ff9d00", "#444444"
TITLES = ("before", "after", "removed")
SHARE = 0.2  # of the width of a picture, for its scale bar
STEPS = (1, 2, 5)
UNITS = ((1e6, "m"), (1e3, "mm"), (1.0, "µm"), (1e-3, "nm"))  # in micrometres

Box = tuple[float, float, float, float]  # left, bottom, width, height in inches


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The content of the slide."""

    name: str  # of the image
    before: Floats  # (H, W) or (H, W, 3), 0 for black and 1 for white
    after: Floats
    removed: Floats  # before minus after, (H, W) in values of the file
    unit: str  # of these values, in words
    crop: tuple[int, int, int] | None = None  # top, left and side of the part to enlarge
    pixel: float | None = None  # width in micrometres, if known
    notes: tuple[str, ...] = ()  # lines below the pictures
    command: str = ""  # that made the slide

    @property
    def top(self) -> float:
        """The value at the ends of the grey scale of ``removed``, rounded and never 0."""
        found = float(np.quantile(np.abs(self.removed), 0.999))
        return float(f"{found:.2g}") or float(np.abs(self.removed).max()) or 1.0


def draw_comparison(slide: Comparison, *, kind: str = "png") -> bytes:
    """Draw the slide as a PNG, or as a JPEG or WebP (``kind`` ``jpeg``, ``webp``)."""
    lines = _small_print(slide)
    bottom = EDGE + LINE * len(lines)
    whole, parts, height = _places(slide, bottom)
    figure = new_figure((WIDTH, height))
    name = shorten(slide.name, WIDTH - 2 * EDGE, LARGE_FONT)
    write_at(figure, (EDGE, height - EDGE), name, LARGE_FONT, va="top")
    panels = (slide.before, slide.after, slide.removed)
    for index, (panel, title) in enumerate(zip(panels, TITLES, strict=True)):
        span = slide.top if panel is slide.removed else None
        axes = _draw(figure, whole[index], panel, span)
        above = (whole[index][0], whole[index][1] + whole[index][3] + 0.05)
        write_at(figure, above, title, FONT, va="bottom")
        drawn = [(axes, panel, whole[index])]
        if parts and slide.crop is not None:
            y, x, side = slide.crop
            _frame(axes, x, y, min(side, panel.shape[1] - x), min(side, panel.shape[0] - y))
            part = panel[y : y + side, x : x + side]
            axes = _draw(figure, parts[index], part, span)
            _frame(axes, 0, 0, part.shape[1], part.shape[0])
            drawn.append((axes, part, parts[index]))
        if index == 0 and slide.pixel is not None:
            for axes, values, box in drawn:
                _scale_bar(axes, values.shape[1], slide.pixel, box)
    _colour_bar(figure, (parts or whole)[2], slide)
    for index, (line, family) in enumerate(reversed(lines)):
        place = (EDGE, EDGE / 2 + LINE * index)
        write_at(figure, place, line, PRINT, va="bottom", color=SOFT, family=family)
    return to_picture(figure, kind=kind)


def _places(slide: Comparison, bottom: float) -> tuple[list[Box], list[Box], float]:
    """Return the boxes of whole images and of enlarged parts, and the height, in inches."""
    height, width = slide.before.shape[:2]
    third = (WIDTH - 2 * EDGE - 2 * GAP) / 3
    columns = [EDGE + index * (third + GAP) for index in range(3)]
    parts: list[Box] = []
    at = bottom + BAR
    if slide.crop is not None:
        y, x, side = slide.crop
        ratio = min(side, height - y) / min(side, width - x)
        parts = [_fitted(left, at, third, third, ratio) for left in columns]
        at += parts[0][3] + GAP
    if width > WIDE * height:  # the images stand below each other
        tall = max((WIDTH - 2 * EDGE) * height / width, LEAST)
        whole = [(EDGE, at + (2 - i) * (tall + TITLE), WIDTH - 2 * EDGE, tall) for i in range(3)]
        at += 2 * (tall + TITLE)
    else:
        whole = [_fitted(left, at, third, TALLEST, height / width) for left in columns]
    return whole, parts, at + whole[0][3] + 2 * TITLE + EDGE


def _fitted(left: float, bottom: float, width: float, tallest: float, ratio: float) -> Box:
    """Return the largest box of a ratio, height over width, at most ``width`` and ``tallest``."""
    tall = min(width * ratio, tallest)
    return left, bottom, tall / ratio, tall


def _draw(figure: Any, box: Box, values: Floats, top: float | None) -> Any:
    """Draw values in a box: black is 0 or ``-top``, white is 1 or ``top``."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((box[0] / width, box[1] / height, box[2] / width, box[3] / height))
    rows, columns = values.shape[:2]
    step = -(-max(rows, columns) // DRAWN)
    shown = values[::step, ::step]
    drawn = to_bytes(shown) if top is None else shown
    grey = {"cmap": "gray", "vmin": -(top or 1.0), "vmax": top or 1.0}
    # "auto" averages where it reduces, and enlarges pixels to squares.
    axes.imshow(drawn, interpolation="auto", extent=(0, columns, rows, 0), aspect="auto", **grey)
    axes.set(xlim=(0, columns), ylim=(rows, 0), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    return axes


def _frame(axes: Any, x: float, y: float, width: float, height: float) -> None:
    """Draw the frame of the enlarged part, in pixels of the image."""
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle((x, y), width, height, fill=False, edgecolor=FRAME, linewidth=1.5, clip_on=False)
    )


def _scale_bar(axes: Any, width: int, pixel: float, box: Box) -> None:
    """Draw a scale bar into the lower right corner, white with a dark edge."""
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import withStroke

    pixels, label = scale_bar(width, pixel)
    # In shares of the picture: thickness and margins are the same for images of all sizes.
    length, margin, thick = pixels / width, 0.1 / box[2], 0.045 / box[3]
    left, low = 1 - margin - length, 0.1 / box[3]
    room = 2 * (length / 2 + margin) * box[2]  # inches for the label, centred on the bar
    size = min(FONT, FONT * room / width_of(label, FONT), 60 * (box[3] - 0.2))
    if size < LEAST_FONT:
        return  # the picture is too small for letters; the enlarged part has the bar
    edge = [withStroke(linewidth=2, foreground="black")]
    shape = {"transform": axes.transAxes, "linewidth": 0, "path_effects": edge}
    axes.add_patch(Rectangle((left, low), length, thick, facecolor="white", **shape))
    where = {"transform": axes.transAxes, "ha": "center", "va": "bottom", "path_effects": edge}
    above = low + thick + 0.02 / box[3]
    axes.text(left + length / 2, above, label, color="white", fontsize=size, **where)


def scale_bar(width: int, pixel: float) -> tuple[float, str]:  # pixel in micrometres
    """Return the length of a scale bar in pixels, and its label, such as ``20 µm``."""
    # 1, 2 or 5 times a power of ten, the nearest to a fifth of the width.
    wanted = SHARE * width * pixel
    power = math.floor(math.log10(wanted))
    lengths = [step * 10.0**exponent for exponent in (power, power + 1) for step in STEPS]
    length = min(lengths, key=lambda each: abs(math.log(each / wanted)))
    scale, unit = next((each for each in UNITS if length >= each[0] * (1 - 1e-9)), UNITS[-1])
    return length / pixel, f"{length / scale:g} {unit}"


def _colour_bar(figure: Any, box: Box, slide: Comparison) -> None:
    """Draw the signed grey scale of ``removed``, with its unit."""
    width, height = figure.get_size_inches()
    length = max(box[2], LEAST_BAR)
    left = min(box[0], WIDTH - EDGE - length)
    place = (left + 0.1 * length) / width, (box[1] - 0.16) / height
    axes = figure.add_axes((*place, 0.8 * length / width, 0.09 / height))
    axes.imshow(np.linspace(-1, 1, 256)[None], cmap="gray", aspect="auto", extent=(-1, 1, 0, 1))
    end = in_digits(slide.top)
    axes.set(yticks=[], xticks=(-1, 0, 1))
    axes.set_xticklabels([f"−{end}", "0", f"+{end}"])
    axes.tick_params(labelsize=PRINT, length=2, pad=2)
    unit = shorten(slide.unit, length, PRINT)
    middle = (left + length / 2, box[1] - 0.52)
    write_at(figure, middle, unit, PRINT, ha="center", va="bottom")


def _small_print(slide: Comparison) -> list[tuple[str, str]]:
    """Return the lines below the pictures, each with its font family."""
    room = WIDTH - 2 * EDGE
    notes = [line for note in slide.notes for line in wrap(note, room, PRINT).split("\n")]
    mono = "monospace"
    command = wrap(slide.command, room, PRINT, lines=6, family=mono).split("\n")
    return [(line, "sans-serif") for line in notes] + [(line, mono) for line in command if line]
