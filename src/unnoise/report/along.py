"""A piece of a stack along its axis: one pixel as a curve, and one row of pixels as a picture."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from unnoise.images import ValueRange
from unnoise.report.pictures import (
    INK,
    LOSS_INK,
    NOISY_INK,
    SMALL_FONT,
    TITLE,
    in_contrast,
    in_values,
    new_figure,
    pixels_of,
    to_bytes,
    to_picture,
)
from unnoise.types import Floats

CURVE, CUT, TALL = 5.2, 1.75, 2.75  # inches: widths of the curve and of a cut, and the height
STYLES: dict[str, dict[str, Any]] = {
    "noisy": {"color": NOISY_INK, "marker": ".", "markersize": 3, "linewidth": 0.8},
    "denoised": {"color": INK, "linewidth": 1.8},
    "clean": {"color": LOSS_INK, "linestyle": "--", "linewidth": 1.2},
}


def draw_along(
    stacks: Mapping[str, Floats],
    axis: str,
    place: tuple[int, int],
    *,
    values: ValueRange,
    dtype: np.dtype[np.generic] | type[np.generic],
) -> bytes:
    """Draw how images change along an axis, as a PNG.

    Args:
        stacks: Consecutive images ``(N, C, H, W)``, by the names of ``STYLES``, noisy ones first.
        axis: The letter of the axis.
        place: The row and the column of the pixel that is followed. The cuts show its row.
        values: The values of the source that 0 and 1 stand for.
        dtype: The dtype of the source.
    """
    row, column = place
    figure = new_figure((CURVE + CUT * len(stacks), TALL), constrained=True)
    curve, *cuts = figure.subplots(1, 1 + len(stacks), width_ratios=[CURVE, *[CUT] * len(stacks)])
    rows = [np.stack([pixels_of(image)[row] for image in stack]) for stack in stacks.values()]
    contrast, drawn = in_contrast(rows, values, dtype)
    for name, cut in zip(stacks, rows, strict=True):  # (N, W, channels that are drawn)
        line = in_values(cut[:, column], values).mean(-1)
        curve.plot(range(1, len(line) + 1), line, label=name, **STYLES[name])
    curve.set_xlabel(f"{axis}, consecutive images")
    curve.set_ylabel("value of one pixel")
    curve.set_xlim(1, len(rows[0]))
    curve.spines[["top", "right"]].set_visible(False)
    curve.grid(alpha=0.25)
    curve.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=len(stacks))
    for axes, name, picture in zip(cuts, stacks, drawn, strict=True):
        axes.imshow(to_bytes(picture), interpolation="nearest", aspect="auto")
        axes.set_title(name, fontsize=TITLE)
        axes.set(xticks=[column], yticks=[], xlabel="X")
        axes.set_xticklabels(["▲"], color=INK, fontsize=SMALL_FONT)
        axes.tick_params(length=0)
    cuts[0].set_ylabel(f"← {axis}")
    if contrast.said:
        figure.supxlabel(contrast.said, x=0.99, ha="right", fontsize=SMALL_FONT)
    return to_picture(figure)
