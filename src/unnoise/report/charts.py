"""Charts: curves of training, features and their classes, and the fit of a noise spec."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.report.pictures import INK, LOSS_INK, NOISY_INK, TITLE, new_figure, to_picture
from unnoise.types import Doubles, Floats

MOST_COLOURS = 20
SIDE = 6.0  # inches
SHOWN = 97.5  # percentile of the variances up to which they are drawn: beyond lies texture


@dataclass(frozen=True)
class NoiseCurves:
    """The fit of a noise spec."""

    points: tuple[Doubles, Doubles]  # brightness and variance of places in images
    gain: float  # the line is gain · x + offset
    offset: float
    # By name, such as ``luma``: measured at 1, 2, … pixels, and of the spec.
    correlations: Mapping[str, tuple[Sequence[float], Sequence[float]]]


def draw_curves(rows: Sequence[Mapping[str, float]], *, noisy_psnr: float | None) -> bytes:
    """Draw the training loss and the validation over the steps, side by side.

    Args:
        rows: The metrics of the run: ``step``, ``loss``, ``risk``, ``psnr``.
        noisy_psnr: The PSNR of the validation images before denoising, in dB; None without clean
            images, and then the risk is drawn.

    Returns:
        A PNG.
    """
    figure = new_figure((9, 3), constrained=True)
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
        _open(axes)
        axes.set_xlim(left=0)
    return to_picture(figure)


def draw_map(places: Floats, classes: NDArray[np.int64], names: Sequence[str]) -> bytes:
    """Draw points ``(N, 2)`` in the colours of their classes, with their names, as a PNG."""
    from matplotlib import colormaps
    from matplotlib.patheffects import withStroke

    figure = new_figure((SIDE, SIDE), constrained=True)
    axes = figure.add_subplot()
    colours = colormaps["tab10" if len(names) <= 10 else "tab20"]
    for index, name in enumerate(names):
        mine = places[classes == index]
        colour = colours(index % MOST_COLOURS)
        axes.scatter(mine[:, 0], mine[:, 1], s=5, color=colour, linewidths=0)
        if len(mine):
            # The mean of a class of two parts may lie between them: take a point of the class.
            nearest = np.abs(mine - np.median(mine, axis=0)).sum(1).argmin()
            where = {"ha": "center", "va": "center", "weight": "bold"}
            label = axes.annotate(name, mine[nearest], color=colour, **where)
            label.set_path_effects([withStroke(linewidth=3, foreground="white")])
    axes.set(xticks=[], yticks=[])
    axes.set_aspect("equal")
    axes.spines[:].set_visible(False)
    return to_picture(figure)


def draw_confusion(counts: NDArray[np.int64], names: Sequence[str]) -> bytes:
    """Draw counts ``(classes, classes)`` as a PNG, in percent of the true class, a row each."""
    figure = new_figure((SIDE, SIDE), constrained=True)
    axes = figure.add_subplot()
    shares = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1)
    wrong = shares.copy()
    np.fill_diagonal(wrong, 0)
    # Colours show the errors, which are small beside the diagonal.
    axes.imshow(wrong, cmap="Oranges", vmin=0, vmax=max(float(wrong.max()) * 1.6, 1.0))
    small = len(names) > 12
    for row, column in np.ndindex(counts.shape):
        share = shares[row, column]
        if counts[row, column]:
            text = f"{share:.0f}" if share >= 9.95 else f"{share:.1f}"
            style = {"weight": "bold", "color": INK} if row == column else {"color": "black"}
            place = {"ha": "center", "va": "center", "fontsize": 6 if small else 8}
            axes.text(column, row, text, **place, **style)
    ticks = range(len(names))
    axes.set_xticks(ticks, names, rotation=0 if max(map(len, names)) <= 3 else 90)
    axes.set_yticks(ticks, names)
    axes.set(xlabel="found", ylabel="true")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return to_picture(figure)


def draw_recovery(
    noises: Sequence[str], noisy: Sequence[float], denoised: Sequence[float], clean: float
) -> bytes:
    """Draw the accuracy in percent over noises, before and after denoising, as a PNG."""
    figure = new_figure((9, 3.2), constrained=True)
    axes = figure.add_subplot()
    places = range(len(noises))
    axes.axhline(clean, color="black", linestyle=":", linewidth=1, label="clean")
    axes.plot(places, denoised, color=INK, marker="o", label="denoised")
    axes.plot(places, noisy, color=NOISY_INK, marker="o", linestyle="--", label="noisy")
    axes.set_xticks(places, [noise.replace("+", "+\n") for noise in noises])
    axes.set(ylabel="right, %", ylim=(0, 103))
    _open(axes)
    axes.legend(frameon=False)
    return to_picture(figure)


def draw_noise_curves(curves: NoiseCurves) -> bytes:
    """Draw the variance against the brightness, and the correlations, as a PNG."""
    count = 1 + len(curves.correlations)
    figure = new_figure((3.6 * count, 3), constrained=True)
    line, *others = figure.subplots(1, count)
    x, y = curves.points
    line.plot(x, y, "o", color=NOISY_INK, markersize=3, alpha=0.7, label="measured")
    all_values, seen = np.array([0.0, 1.0]), np.array([x.min(), x.max()] if len(x) else [])
    fitted = curves.gain * seen + curves.offset
    line.plot(all_values, curves.gain * all_values + curves.offset, ":", color=INK)
    line.plot(seen, fitted, color=INK, label="fitted (dotted: no such pixels)")
    high = np.percentile(y, SHOWN) if len(y) else 0.0
    top = 1.3 * max(float(high), *fitted, 1e-12)
    line.set(xlim=(0, 1), ylim=(0, top), xlabel="brightness")
    line.set_title("variance of the noise", fontsize=TITLE)
    line.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
    for axes, (name, (measured, made)) in zip(others, curves.correlations.items(), strict=True):
        lags = np.arange(1, len(measured) + 1)
        axes.axhline(0, color=NOISY_INK, linewidth=0.8)
        axes.plot(lags, measured, "o", color=LOSS_INK, label="measured")
        axes.plot(lags, made, color=INK, label="of the spec")
        axes.set(ylim=(-0.3, 1.05), xlabel="distance in pixels", xticks=lags)
        axes.set_title(f"correlation, {name}", fontsize=TITLE)
    for axes in (line, *others):
        _open(axes)
        axes.legend(frameon=False, fontsize=8)
    return to_picture(figure)


def _open(axes: Any) -> None:
    """Leave out the upper and right borders of a chart, and draw a faint grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
