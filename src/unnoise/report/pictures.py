"""Pictures as bytes of a file: rows of images, and curves."""

import io
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.images import Contrast, ValueRange
from unnoise.report.lettering import clean, width_of, wrap

Stack = NDArray[np.float32]

DPI = 150
SMALL = 64  # pixels
SMALL_CELL, LARGE_CELL = 0.75, 1.9  # inches that an image takes
GAP, LABEL_GAP = 0.04, 0.08  # inches between images, and beside a label
LABEL, LEAST_ROW = 1.6, 0.3  # inches: the widest label, and the lowest row
FONT, SMALL_FONT = 10, 7.5  # points
LINE, CAPTION = 0.17, 0.26  # inches of a line of a label, and of what is said below
COLOUR = 3  # channels
INK, NOISY_INK, LOSS_INK = "#1f5fa8", "#9a9a9a", "#c2571a"


def draw_grid(
    rows: Mapping[str, Stack],
    *,
    columns: int = 10,
    values: ValueRange | None = None,
    dtype: np.dtype[np.generic] | type[np.generic] = np.float32,
) -> bytes:
    """Draw stacks of images under each other, one labelled row each.

    Each column has one contrast, found in its first row. The picture says where it is stretched.

    Args:
        rows: Label and images ``(N, C, H, W)``, all of one size; one channel is drawn grey, three
            in colour, of others the first.
        columns: Images a row at the most.
        values: The values of the source that 0 and 1 are; None takes them as they are.
        dtype: Of the source.

    Returns:
        A PNG.
    """
    figure_class, canvas = new_figure()
    stacks = list(rows.values())
    count = min(columns, *map(len, stacks))
    height, width = stacks[0].shape[2:]
    cell = SMALL_CELL if max(height, width) <= SMALL else LARGE_CELL
    tall = cell * height / width
    letters = min(LABEL, max(width_of(clean(name), FONT) for name in rows))
    label = letters + 2 * LABEL_GAP
    row = max(tall, LEAST_ROW)
    drawn = [
        _contrast([_pixels(stack[i]) for stack in stacks], values, dtype) for i in range(count)
    ]
    notes = _notes([contrast for contrast, _ in drawn], cell)
    below, foot = ((CAPTION, CAPTION) if len(notes) > 1 else (0.0, CAPTION)) if notes else (0, 0)
    width_of_note = width_of(notes[0], SMALL_FONT) + 2 * LABEL_GAP if notes else 0.0
    whole = max(label + count * (cell + GAP) + GAP, width_of_note)
    size = whole, len(rows) * (row + GAP) + GAP + below + foot
    figure = figure_class(figsize=size, dpi=DPI, facecolor="white")
    lines = max(1, int(row / LINE))
    for index, name in enumerate(rows):
        middle = size[1] - (index + 0.5) * (row + GAP)
        text = wrap(name, letters, FONT, lines=lines)
        write_at(figure, (label - LABEL_GAP, middle), text, FONT, ha="right", va="center")
        for column, (_, pictures) in enumerate(drawn):
            left = label + column * (cell + GAP)
            box = (left, middle - tall / 2, cell, tall)
            axes = figure.add_axes([part / size[i % 2] for i, part in enumerate(box)])
            axes.imshow(to_bytes(pictures[index]), interpolation="nearest")
            axes.set_axis_off()
    for column, text in enumerate(notes[1:]):
        middle = label + column * (cell + GAP) + cell / 2
        write_at(figure, (middle, foot + below / 2), text, SMALL_FONT, ha="center", va="center")
    if notes:
        place = (size[0] - LABEL_GAP, foot / 2)
        write_at(figure, place, notes[0], SMALL_FONT, ha="right", va="center")
    return to_picture(figure, canvas)


def _contrast(
    pictures: list[Stack], values: ValueRange | None, dtype: np.dtype[np.generic] | type[np.generic]
) -> tuple[Contrast, list[Stack]]:
    """Stretch pictures ``(H, W, C)`` that stand side by side, all by the first."""
    if values is not None:
        low, span = np.asarray(values.low), np.asarray(values.span)
        channels = pictures[0].shape[-1]
        if low.size not in (1, channels):  # of these channels one is drawn
            low, span = low.flat[0], span.flat[0]
        pictures = [(picture * span + low).astype(np.float32) for picture in pictures]
    unit, first = ValueRange.nominal(dtype), pictures[0]
    if np.dtype(dtype).kind in "biu":  # noise that is added leaves the values of the source
        first = first.clip(unit.low, unit.high)
    contrast = Contrast.of(first, unit)
    return contrast, [contrast.draw(picture) for picture in pictures]


def to_bytes(picture: Stack) -> NDArray[np.uint8]:
    """Return a picture ``(H, W)``, ``(H, W, 1)`` or ``(H, W, 3)`` in [0, 1] as bytes of colours.

    Matplotlib draws bytes to the value; floats it may draw one grey level off.
    """
    levels = np.rint(picture * 255).clip(0, 255).astype(np.uint8)
    return np.broadcast_to(levels.reshape(*levels.shape[:2], -1), (*levels.shape[:2], COLOUR))


def _notes(contrasts: Sequence[Contrast], width: float) -> list[str]:
    """Return what is said of the contrast: of all columns, or in general and of each column."""
    said = {contrast.said for contrast in contrasts}
    if len(said) == 1:
        return [text for text in said if text]
    each = [wrap(contrast.ends, width, SMALL_FONT, lines=2) for contrast in contrasts]
    return ["contrast stretched; below each image, its black and its white", *each]


def write_at(figure: Any, place: tuple[float, float], text: str, size: float, **how: Any) -> None:
    """Write text at a place in inches; a ``$`` is no formula."""
    width, height = figure.get_size_inches()
    figure.text(place[0] / width, place[1] / height, text, fontsize=size, parse_math=False, **how)


def draw_curves(rows: Sequence[Mapping[str, float]], *, noisy_psnr: float | None) -> bytes:
    """Draw training loss and what validation found over the steps, side by side.

    Args:
        rows: Of the run's metrics: ``step``, ``loss``, ``risk``, ``psnr``.
        noisy_psnr: dB of the validation images before denoising; None where there were no clean
            ones, and the risk is drawn.

    Returns:
        A PNG.
    """
    figure_class, canvas = new_figure()
    figure = figure_class(figsize=(9, 3), dpi=DPI, facecolor="white", layout="constrained")
    loss, found = figure.subplots(1, 2)
    steps = [row["step"] for row in rows]
    loss.plot(steps, [row["loss"] for row in rows], color=LOSS_INK, marker=".")
    loss.set(title="training loss", xlabel="step", yscale="log")
    if noisy_psnr is None:
        risks = [row["risk"] for row in rows]
        found.plot(steps, risks, color=INK, marker=".", label="risk")
        lowest = risks.index(min(risks))
        found.plot(steps[lowest], risks[lowest], "o", color=LOSS_INK, label="delivered")
        found.set(title="self-supervised risk on held-out pixels", xlabel="step")
    else:
        psnr = [row["psnr"] for row in rows]
        found.plot(steps, psnr, color=INK, marker=".", label="denoised")
        found.axhline(noisy_psnr, color=NOISY_INK, linestyle="--", label="noisy")
        found.set(title="validation PSNR in dB", xlabel="step")
    found.legend(frameon=False)
    for axes in (loss, found):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
        axes.set_xlim(left=0)
    return to_picture(figure, canvas)


def new_figure() -> tuple[Any, Any]:
    """Return the classes of a figure and of its canvas.

    Matplotlib is imported without its global state, and only when something is drawn.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    return Figure, FigureCanvasAgg


def _pixels(image: Stack) -> Stack:
    """Return the channels that are drawn, last."""
    return np.moveaxis(image if len(image) == COLOUR else image[:1], 0, -1)


def to_picture(
    figure: Any,
    canvas: Any,
    *,
    kind: str = "png",
    qualities: Sequence[int] = (92,),
    limit: float = math.inf,
) -> bytes:
    """Return a figure as a PNG, or as a JPEG or WebP.

    Args:
        figure: The figure.
        canvas: The class of its canvas.
        kind: ``png``, ``jpeg`` or ``webp``.
        qualities: Of JPEG and WebP, 1 to 100, falling; the first that keeps to the limit is used.
        limit: Bytes.
    """
    from PIL import Image

    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # Names may hold letters that the font has not: they are drawn as boxes.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        drawn = canvas(figure)
        if kind == "png":
            drawn.print_png(buffer, metadata={"Software": None})
            return buffer.getvalue()
        drawn.draw()
    picture = Image.fromarray(np.asarray(drawn.buffer_rgba())[..., :COLOUR])
    for quality in qualities:
        buffer = io.BytesIO()
        picture.save(buffer, format=kind, quality=quality)
        if buffer.tell() <= limit:
            break
    return buffer.getvalue()
