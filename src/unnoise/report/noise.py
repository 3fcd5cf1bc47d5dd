"""The evidence for a noise spec: variance, correlations, and noise to look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unnoise.report.pictures import DPI, INK, LOSS_INK, NOISY_INK, new_figure, to_bytes, to_picture
from unnoise.types import Doubles

SHOWN = 2.5, 97.5  # percentiles of the variances that are drawn: beyond lies texture
LETTERS = 10  # points of titles


@dataclass(frozen=True)
class NoiseCurves:
    """What is drawn of a noise.

    Attributes:
        points: Brightness and variance of places in images.
        gain: The line is ``gain · x + offset``.
        offset: See ``gain``.
        correlations: By name, such as ``luma``: measured at 1, 2, … pixels, and of the spec.
    """

    points: tuple[Doubles, Doubles]
    gain: float
    offset: float
    correlations: Mapping[str, tuple[Sequence[float], Sequence[float]]]


def draw_noise_curves(curves: NoiseCurves) -> bytes:
    """Draw the variance against the brightness, and the correlations, as a PNG."""
    figure_class, canvas = new_figure()
    count = 1 + len(curves.correlations)
    figure = figure_class(
        figsize=(3.6 * count, 3), dpi=DPI, facecolor="white", layout="constrained"
    )
    line, *others = figure.subplots(1, count)
    x, y = curves.points
    line.plot(x, y, "o", color=NOISY_INK, markersize=3, alpha=0.7, label="measured")
    ends = np.array([0.0, 1.0])
    line.plot(ends, curves.gain * ends + curves.offset, color=INK, label="fitted")
    high = np.percentile(y, SHOWN[1]) if len(y) else 0.0
    top = 1.3 * max(float(high), curves.gain + curves.offset, 1e-12)
    line.set(xlim=(0, 1), ylim=(0, top), xlabel="brightness")
    line.set_title("variance of the noise", fontsize=LETTERS)
    line.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
    for axes, (name, (measured, made)) in zip(others, curves.correlations.items(), strict=True):
        lags = np.arange(1, len(measured) + 1)
        axes.axhline(0, color=NOISY_INK, linewidth=0.8)
        axes.plot(lags, measured, "o", color=LOSS_INK, label="measured")
        axes.plot(lags, made, color=INK, label="of the spec")
        axes.set(ylim=(-0.3, 1.05), xlabel="distance in pixels", xticks=lags)
        axes.set_title(f"correlation, {name}", fontsize=LETTERS)
    for axes in (line, *others):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
        axes.legend(frameon=False, fontsize=8)
    return to_picture(figure, canvas)


def draw_crops(crops: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Draw parts ``(H, W, 1 or 3)`` in [0, 1] beside each other, as a PNG."""
    figure_class, canvas = new_figure()
    figure = figure_class(figsize=(8, 4.3), dpi=DPI, facecolor="white", layout="constrained")
    for axes, (name, crop) in zip(figure.subplots(1, len(crops)), crops.items(), strict=True):
        axes.imshow(to_bytes(crop), interpolation="nearest")
        axes.set_title(name, fontsize=LETTERS)
        axes.set_axis_off()
    return to_picture(figure, canvas)
