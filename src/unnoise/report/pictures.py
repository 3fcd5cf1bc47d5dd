"""Rows of images as the bytes of a picture file, and what all pictures of this room share."""

import io
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unnoise.images import Contrast, ValueRange
from unnoise.report.lettering import clean, width_of, wrap
from unnoise.types import Floats

DPI = 150
SMALL = 64  # pixels
SLIDE, SLIDE_LIMIT = 512, 120_000  # pixels of a side, and bytes, of one image by itself
SLIDE_QUALITIES = (85, 70, 55, 40)  # of WebP
SMALL_CELL, LARGE_CELL = 0.75, 1.9  # inches that an image takes
GAP, LABEL_GAP = 0.04, 0.08  # inches between images, and beside a label
LABEL, LEAST_ROW = 1.6, 0.3  # inches: the widest label, and the lowest row
FONT, SMALL_FONT, TITLE = 10, 7.5, 10  # points
LINE, CAPTION = 0.17, 0.26  # inches of a line of a label, and of a caption
COLOUR = 3  # channels
INK, NOISY_INK, LOSS_INK = "#1f5fa8", "#9a9a9a", "#c2571a"


def draw_grid(
    rows: Mapping[str, Floats],
    *,
    columns: int = 10,
    values: ValueRange | None = None,
    dtype: np.dtype[np.generic] | type[np.generic] = np.float32,
) -> bytes:
    """Draw stacks of images below each other, one labelled row each.

    Each column has one contrast, found in its first row. The picture says where it is stretched.

    Args:
        rows: Labels and images ``(N, C, H, W)``, all of one size. One channel is drawn grey, three
            in colour; of any other number the first is drawn.
        columns: The largest number of images in a row.
        values: The values of the source that 0 and 1 stand for; None takes them as they are.
        dtype: The dtype of the source.

    Returns:
        A PNG.
    """
    stacks = list(rows.values())
    count = min(columns, *map(len, stacks))
    height, width = stacks[0].shape[2:]
    cell = SMALL_CELL if max(height, width) <= SMALL else LARGE_CELL
    tall = cell * height / width
    letters = min(LABEL, max(width_of(clean(name), FONT) for name in rows))
    label = letters + 2 * LABEL_GAP
    row = max(tall, LEAST_ROW)
    chosen = [[pixels_of(stack[i]) for stack in stacks] for i in range(count)]
    drawn = [in_contrast(pictures, values, dtype) for pictures in chosen]
    notes = _notes([contrast for contrast, _ in drawn], cell)
    below, foot = ((CAPTION, CAPTION) if len(notes) > 1 else (0.0, CAPTION)) if notes else (0, 0)
    width_of_note = width_of(notes[0], SMALL_FONT) + 2 * LABEL_GAP if notes else 0.0
    whole = max(label + count * (cell + GAP) + GAP, width_of_note)
    size = whole, len(rows) * (row + GAP) + GAP + below + foot
    figure = new_figure(size)
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
    return to_picture(figure)


def draw_image(picture: Floats) -> bytes:
    """Return a picture ``(H, W, 1 or 3)`` in [0, 1] as a small WebP; a large one is thinned."""
    from PIL import Image

    step = -(-max(picture.shape[:2]) // SLIDE)
    shown = np.ascontiguousarray(to_bytes(picture[::step, ::step]))
    return _encode(Image.fromarray(shown), "webp", SLIDE_QUALITIES, SLIDE_LIMIT)


def draw_crops(crops: Mapping[str, Floats]) -> bytes:
    """Draw parts ``(H, W, 1 or 3)`` in [0, 1] beside each other, as a PNG."""
    figure = new_figure((8, 4.3), constrained=True)
    for axes, (name, crop) in zip(figure.subplots(1, len(crops)), crops.items(), strict=True):
        axes.imshow(to_bytes(crop), interpolation="nearest")
        axes.set_title(name, fontsize=TITLE)
        axes.set_axis_off()
    return to_picture(figure)


def in_contrast(
    pictures: list[Floats],
    values: ValueRange | None,
    dtype: np.dtype[np.generic] | type[np.generic],
) -> tuple[Contrast, list[Floats]]:
    """Stretch the pictures ``(H, W, C)`` of a column by the contrast of the first."""
    if values is not None:
        pictures = [in_values(picture, values) for picture in pictures]
    unit, first = ValueRange.nominal(dtype), pictures[0]
    if np.dtype(dtype).kind in "biu":  # added noise goes beyond the values of the source
        first = first.clip(unit.low, unit.high)
    contrast = Contrast.of(first, unit)
    return contrast, [contrast.draw(picture) for picture in pictures]


def in_values(picture: Floats, values: ValueRange) -> Floats:
    """Return drawn channels ``(..., C)`` in values of the source."""
    low, span = np.asarray(values.low), np.asarray(values.span)
    if low.size not in (1, picture.shape[-1]):  # only the first channel is drawn
        low, span = low.flat[0], span.flat[0]
    found: Floats = (picture * span + low).astype(np.float32)
    return found


def to_bytes(picture: Floats) -> NDArray[np.uint8]:
    """Return a picture ``(H, W)``, ``(H, W, 1)`` or ``(H, W, 3)`` in [0, 1] as bytes of colours."""
    # Matplotlib draws bytes exactly; it may draw floats one grey level off.
    levels = np.rint(picture * 255).clip(0, 255).astype(np.uint8)
    return np.broadcast_to(levels.reshape(*levels.shape[:2], -1), (*levels.shape[:2], COLOUR))


def _notes(contrasts: Sequence[Contrast], width: float) -> list[str]:
    """Return the note on the contrast: one for all columns, or a general one and one for each."""
    said = {contrast.said for contrast in contrasts}
    if len(said) == 1:
        return [text for text in said if text]
    each = [wrap(contrast.ends, width, SMALL_FONT, lines=2) for contrast in contrasts]
    return ["contrast stretched; below each image: its black and its white", *each]


def join_below(pictures: Sequence[bytes]) -> bytes:
    """Put PNGs below each other, on white."""
    from PIL import Image

    parts = [Image.open(io.BytesIO(each)).convert("RGB") for each in pictures]
    size = max(part.width for part in parts), sum(part.height for part in parts)
    joined, top = Image.new("RGB", size, "white"), 0
    for part in parts:
        joined.paste(part, ((size[0] - part.width) // 2, top))
        top += part.height
    buffer = io.BytesIO()
    joined.save(buffer, format="png")
    return buffer.getvalue()


def write_at(figure: Any, place: tuple[float, float], text: str, size: float, **how: Any) -> None:
    """Write text at a place in inches; ``$`` does not begin a formula."""
    width, height = figure.get_size_inches()
    figure.text(place[0] / width, place[1] / height, text, fontsize=size, parse_math=False, **how)


def new_figure(size: tuple[float, float], *, constrained: bool = False) -> Any:
    """Return an empty figure of a size in inches, with automatic margins if ``constrained``."""
    from matplotlib.figure import Figure  # has no global state

    layout: Literal["constrained"] | None = "constrained" if constrained else None
    return Figure(figsize=size, dpi=DPI, facecolor="white", layout=layout)


def pixels_of(image: Floats) -> Floats:
    """Return the channels that are drawn, last."""
    return np.moveaxis(image if len(image) == COLOUR else image[:1], 0, -1)


def to_picture(
    figure: Any,
    *,
    kind: str = "png",
    qualities: Sequence[int] = (92,),  # falling; the first that keeps to the limit is used
    limit: float = math.inf,
) -> bytes:
    """Return a figure as ``png``, ``jpeg`` or ``webp`` of at most ``limit`` bytes, if possible."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # Letters of names that the font lacks are drawn as boxes.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        drawn = FigureCanvasAgg(figure)
        if kind == "png":
            drawn.print_png(buffer, metadata={"Software": None})
            return buffer.getvalue()
        drawn.draw()
    picture = Image.fromarray(np.asarray(drawn.buffer_rgba())[..., :COLOUR])
    return _encode(picture, kind, qualities, limit)


def _encode(picture: Any, kind: str, qualities: Sequence[int], limit: float) -> bytes:
    """Return a picture of Pillow as a file, by the first quality that keeps to the limit."""
    data = b""
    for quality in qualities:
        buffer = io.BytesIO()
        picture.save(buffer, format=kind, quality=quality)
        data = buffer.getvalue()
        if len(data) <= limit:
            break
    return data
