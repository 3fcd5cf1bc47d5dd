"""Hot and dead pixels: found by their neighbours, and replaced before a network sees them.

Only pixels within ``REACH`` decide on a pixel, so an image may be cut anywhere.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from unnoise.types import Floats, Mask, Scalar

Places = NDArray[np.intp]

AROUND = 7  # pixels on each side, in which the noise is estimated
REACH = AROUND + 1  # whether a neighbour is good is decided in the same way
LEAST = 0.1  # share of the range: smaller excesses are ignored
# In colours: least excess in the channel itself (share of the range), relative to the differences
# of neighbours, and in standard deviations of the noise.
OWN, RING_SPREAD, NOISE = 0.05, 2.0, 5.0
# The last two for a channel by itself. All were chosen on training photographs: docs/lab-notes.md.
GREY_SPREAD, GREY_NOISE = 3.0, 6.0
KEPT = 0.95  # share of the differences of neighbours whose mean gives the noise
MEAN_STEP = 1.128  # mean difference of two normal values, in standard deviations
AT_ONCE = 4096  # candidates whose noise is estimated at once
RING = tuple((y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if y or x)
SECOND_RING = tuple((y, x) for y in range(-2, 3) for x in range(-2, 3) if max(abs(y), abs(x)) == 2)
MANY = 0.01  # share of pixels above which they are noise, not single defects


def find_hot_pixels(images: Floats, *, colours: bool) -> Mask:
    """Find pixels ``(B, C, H, W)`` that differ from all neighbours by far more than local noise.

    A star, a line or an edge raises neighbours, too, and texture makes the local noise large. In
    colours, both the channel and its difference from the mean of the other two must stand out: a
    glint is bright in all channels, a hot pixel of a sensor in one.
    """
    found = np.zeros(images.shape, bool)
    for image, hot in zip(images, found, strict=True):
        total = image.sum(axis=0) if colours else None
        for channel, where in zip(image, hot, strict=True):
            if total is None:
                ys, xs, _ = _beyond(channel, LEAST, ring=GREY_SPREAD, noise=GREY_NOISE)
            else:
                other = channel - (total - channel) / 2
                ys, xs, up = _beyond(other, LEAST, ring=RING_SPREAD, noise=NOISE)
                own = _excess(channel)[ys, xs] * np.where(up, 1, -1) > OWN
                ys, xs = ys[own], xs[own]
            where[ys, xs] = True
    return found


def replace_pixels(images: NDArray[Scalar], bad: Mask, lacks: Mask | None) -> NDArray[Scalar]:
    """Return images ``(B, H, W, C)`` with bad pixels replaced by the median of good neighbours.

    Pixels that lack data are neither used nor replaced.
    """
    bad = bad if lacks is None else bad & ~lacks
    places = np.nonzero(bad)
    poor = bad if lacks is None else bad | lacks
    border = ((0, 0), (1, 1), (1, 1), (0, 0))
    wide, unfit = np.pad(images, border, "reflect"), np.pad(poor, border, "reflect")
    batch, ys, xs, channel = places
    rings = [(batch, ys + 1 + y, xs + 1 + x, channel) for y, x in RING]
    values = np.stack([wide[ring].astype(np.float64) for ring in rings])
    fit = np.stack([~unfit[ring] for ring in rings])
    some = fit.any(axis=0)
    median = np.nanmedian(np.where(fit, values, np.nan)[:, some], axis=0)
    made = images.copy()
    rounds = images.dtype.kind in "biu"
    made[tuple(place[some] for place in places)] = np.rint(median) if rounds else median
    return made


def without_hot_pixels(image: Floats, *, colours: bool) -> Floats:
    """Return an image ``(C, H, W)`` whose hot and dead pixels are replaced."""
    hot = find_hot_pixels(image[None], colours=colours)
    made = replace_pixels(np.moveaxis(image[None], 1, -1), np.moveaxis(hot, 1, -1), None)
    return np.ascontiguousarray(np.moveaxis(made[0], -1, 0))


def describe(count: int, pixels: int) -> str:
    """Report in words how many of all pixels were replaced."""
    if count == 0:
        return "no hot or dead pixel was found"
    said = f"{count:,} hot or dead pixel{'s were' if count > 1 else ' was'} replaced"
    if count <= MANY * pixels:
        return said
    return (
        f"{said}, {100 * count / pixels:.1f} % of all: this is noise of another kind; train with "
        "--noise salt-pepper:0..0.1"
    )


def _excess(plane: Floats) -> Floats:
    """Return by how much each pixel is above all eight neighbours, or below, negative; else 0."""
    height, width = plane.shape
    wide = np.pad(plane, 1, "reflect")
    top, low = np.full_like(plane, -np.inf), np.full_like(plane, np.inf)
    for y, x in RING:
        part = wide[1 + y : 1 + y + height, 1 + x : 1 + x + width]
        np.maximum(top, part, out=top)
        np.minimum(low, part, out=low)
    found: Floats = (plane - top).clip(min=0) - (low - plane).clip(min=0)
    return found


def _beyond(
    plane: Floats, least: float, *, ring: float, noise: float
) -> tuple[Places, Places, Mask]:
    """Return rows and columns of pixels that stand out, and whether each is above the others.

    The least excess over all neighbours is ``least``; ``ring`` times the distance of the farthest
    neighbour on that side; and ``noise`` standard deviations of the local noise.
    """
    excess = _excess(plane)
    ys, xs = np.nonzero(np.abs(excess) > least)
    wide = np.pad(plane, AROUND, "reflect")
    around = np.sort([wide[AROUND + ys + y, AROUND + xs + x] for y, x in RING], axis=0)
    # A star raises all of its neighbours, but not those beyond them.
    beyond = np.median([wide[AROUND + ys + y, AROUND + xs + x] for y, x in SECOND_RING], axis=0)
    median, up = (around[3] + around[4]) / 2, excess[ys, xs] > 0
    spread = np.where(
        up, around[7] - np.minimum(median, beyond), np.maximum(median, beyond) - around[0]
    )
    ys, xs = (each[np.abs(excess[ys, xs]) > ring * spread] for each in (ys, xs))
    windows = sliding_window_view(wide, (2 * AROUND + 1, 2 * AROUND + 1))
    starts = range(0, len(ys), AT_ONCE)
    parts = (windows[ys[start : start + AT_ONCE], xs[start : start + AT_ONCE]] for start in starts)
    std = np.concatenate([np.empty(0, plane.dtype), *(_noise(part) for part in parts)])
    clear = np.abs(excess[ys, xs]) > noise * std
    ys, xs = ys[clear], xs[clear]
    return ys, xs, excess[ys, xs] > 0


def _noise(windows: Floats) -> Floats:
    """Return the noise in each window ``(N, side, side)``, with texture, without single pixels."""
    steps = [np.abs(np.diff(windows, axis=axis)).reshape(len(windows), -1) for axis in (1, 2)]
    joined = np.concatenate(steps, axis=1)
    kept = round(KEPT * joined.shape[1])
    std: Floats = np.partition(joined, kept, axis=1)[:, :kept].mean(axis=1) / MEAN_STEP
    return std
