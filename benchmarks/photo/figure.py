"""The picture of the comparison: PSNR over time."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from methods import METHODS, OURS, PUBLISHED
from speed import Speed

Found = dict[str, dict[str, dict[str, dict[str, list[float]]]]]

SET, SIGMA, PLACE = "BSD68", "25", 1  # place of sigma 25 among the published values


def draw(found: Found, speeds: dict[str, Speed], path: Path) -> None:
    """Draw every method: a ring for a published PSNR, a dot for a PSNR measured here.

    Time goes from right to left, so that up and right is better.
    """
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    for name in METHODS:
        published = name in PUBLISHED[SET] and name != OURS
        if published:
            quality = PUBLISHED[SET][name][PLACE]
        else:
            quality = float(np.mean(found[SET][name][SIGMA]["psnr of 8 bits"]))
        colour = "tab:red" if name == OURS else "tab:blue"
        axes.plot(
            speeds[name].seconds,
            quality,
            "o",
            color=colour,
            markersize=9,
            fillstyle="none" if published else "full",
        )
        axes.annotate(
            name,
            (speeds[name].seconds, quality),
            xytext=(0, -9 if name == OURS else 9),  # others are near ours, and above it
            textcoords="offset points",
            ha="center",
            va="top" if name == OURS else "bottom",
            color=colour,
            fontweight="bold" if name == OURS else "normal",
        )
    axes.set_xscale("log")
    axes.invert_xaxis()
    axes.margins(x=0.12, y=0.12)
    axes.set_xlabel("seconds per megapixel on this machine (faster to the right)")
    axes.set_ylabel(f"PSNR in dB, {SET}, sigma {SIGMA}")
    axes.set_title("Quality over time: dots are measured here, rings are published")
    axes.grid(visible=True, which="major", alpha=0.3)
    figure.savefig(path, dpi=120)
