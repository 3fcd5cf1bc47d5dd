"""Pictures as PNG bytes."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Stack = NDArray[np.float32]

DPI = 150
SMALL = 64  # pixels
SMALL_CELL, LARGE_CELL = 0.75, 1.9  # inches that an image takes
INK, NOISY_INK, LOSS_INK = "#1f5fa8", "#9a9a9a", "#c2571a"


def draw_grid(rows: Mapping[str, Stack], *, columns: int = 10) -> bytes:
    """Draw stacks of images under each other, one labelled row each.

    Args:
        rows: Label and images ``(N, C, H, W)`` in [0, 1], all of one size; one channel is drawn
            grey, three in colour, of others the first.
        columns: Images a row at the most.

    Returns:
        A PNG.
    """
    figure_class, canvas = new_figure()
    count = min(columns, *(len(images) for images in rows.values()))
    height, width = next(iter(rows.values())).shape[2:]
    cell = SMALL_CELL if max(height, width) <= SMALL else LARGE_CELL
    label, gap = 0.95, 0.04  # inches
    tall = cell * height / width
    size = label + count * (cell + gap) + gap, len(rows) * (tall + gap) + gap
    figure = figure_class(figsize=size, dpi=DPI, facecolor="white")
    for row, (name, images) in enumerate(rows.items()):
        bottom = size[1] - (row + 1) * (tall + gap)
        figure.text(
            (label - 0.1) / size[0], (bottom + tall / 2) / size[1], name, ha="right", va="center"
        )
        for column in range(count):
            left = label + column * (cell + gap)
            box = left / size[0], bottom / size[1], cell / size[0], tall / size[1]
            axes = figure.add_axes(box)
            axes.imshow(
                _pixels(images[column]), cmap="gray", vmin=0, vmax=1, interpolation="nearest"
            )
            axes.set_axis_off()
    return to_png(figure, canvas)


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
    return to_png(figure, canvas)


def new_figure() -> tuple[Any, Any]:
    """Return the classes of a figure and of its canvas.

    Matplotlib is imported without its global state, and only when something is drawn.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    return Figure, FigureCanvasAgg


def _pixels(image: Stack) -> Stack:
    return np.moveaxis(image, 0, -1).clip(0, 1) if len(image) == 3 else image[0].clip(0, 1)


def to_png(figure: Any, canvas: Any) -> bytes:
    """Return a figure as a PNG."""
    buffer = io.BytesIO()
    canvas(figure).print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()
