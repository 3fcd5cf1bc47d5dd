"""Pictures of classes: where features lie, what is taken for what, and what noise costs."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unnoise.report.pictures import DPI, INK, NOISY_INK, new_figure, to_picture

MOST_COLOURS = 20
SIDE = 6.0  # inches


def draw_map(
    places: NDArray[np.float32], classes: NDArray[np.int64], names: Sequence[str]
) -> bytes:
    """Draw points ``(N, 2)`` in the colours of their classes as a PNG, with their names.

    The axes have no unit.
    """
    from matplotlib import colormaps
    from matplotlib.patheffects import withStroke

    figure_class, canvas = new_figure()
    figure = figure_class(figsize=(SIDE, SIDE), dpi=DPI, facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    colours = colormaps["tab10" if len(names) <= 10 else "tab20"]
    for index, name in enumerate(names):
        mine = places[classes == index]
        colour = colours(index % MOST_COLOURS)
        axes.scatter(mine[:, 0], mine[:, 1], s=5, color=colour, linewidths=0)
        if len(mine):
            # The median place along both axes lies among the points where a class has two parts.
            nearest = np.abs(mine - np.median(mine, axis=0)).sum(1).argmin()
            outline = [withStroke(linewidth=3, foreground="white")]
            label = axes.annotate(
                name, mine[nearest], ha="center", va="center", weight="bold", color=colour
            )
            label.set_path_effects(outline)
    axes.set(xticks=[], yticks=[])
    axes.set_aspect("equal")
    axes.spines[:].set_visible(False)
    return to_picture(figure, canvas)


def draw_confusion(counts: NDArray[np.int64], names: Sequence[str]) -> bytes:
    """Draw counts ``(classes, classes)`` as a PNG, in percent of the true class, a row each."""
    figure_class, canvas = new_figure()
    figure = figure_class(figsize=(SIDE, SIDE), dpi=DPI, facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    shares = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1)
    wrong = shares.copy()
    np.fill_diagonal(wrong, 0)
    # The right ones would take all colours from the wrong ones, which the picture is for.
    axes.imshow(wrong, cmap="Oranges", vmin=0, vmax=max(float(wrong.max()) * 1.6, 1.0))
    small = len(names) > 12
    for row, column in np.ndindex(counts.shape):
        share = shares[row, column]
        if counts[row, column]:
            text = f"{share:.0f}" if share >= 9.95 else f"{share:.1f}"
            right = row == column
            axes.text(
                column,
                row,
                text,
                ha="center",
                va="center",
                fontsize=6 if small else 8,
                weight="bold" if right else "normal",
                color=INK if right else "black",
            )
    ticks = range(len(names))
    axes.set_xticks(ticks, names, rotation=0 if max(map(len, names)) <= 3 else 90)
    axes.set_yticks(ticks, names)
    axes.set(xlabel="found", ylabel="true")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return to_picture(figure, canvas)


def draw_recovery(
    noises: Sequence[str], noisy: Sequence[float], denoised: Sequence[float], clean: float
) -> bytes:
    """Draw the accuracy in percent over noises, before and after denoising, as a PNG."""
    figure_class, canvas = new_figure()
    figure = figure_class(figsize=(9, 3.2), dpi=DPI, facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    places = range(len(noises))
    axes.axhline(clean, color="black", linestyle=":", linewidth=1, label="clean")
    axes.plot(places, denoised, color=INK, marker="o", label="denoised")
    axes.plot(places, noisy, color=NOISY_INK, marker="o", linestyle="--", label="noisy")
    axes.set_xticks(places, [noise.replace("+", "+\n") for noise in noises])
    axes.set(ylabel="right, %", ylim=(0, 103))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
    return to_picture(figure, canvas)
