"""Whether neighbouring pixels of noisy images show the same thing, which some methods assume.

Pixels of a mosaic do not, nor do those of thin structure; and neighbours in a line may share noise.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from unnoise.data.parts import Part
from unnoise.errors import UnnoiseError
from unnoise.facts import (
    LOST,
    MOSAIC,
    NARROW,
    PREDICTED,
    VISIBLE,
    Lines,
    Structure,
    fineness,
    lines,
    middle,
    noise_correlation,
    phases,
)
from unnoise.images import fill_holes, hole_mask
from unnoise.types import Array

IMAGES, SHARDS = 16, 4  # that are looked at; a shard may be fetched from afar
SIDE = 512  # pixels of the middle of each
SMALLEST = 65  # pixels of a side; smaller images show too little, and may be taken whole
MOST = 0.5  # share of the images above which something holds for all


@dataclass(frozen=True)
class Finding:
    """The settings that suit a few images."""

    objective: str = "neighbor2neighbor"
    reason: str = ""  # with figures; empty where the images are too small or flat
    stride: int | None = None  # None: the grain of their noise decides
    structure: Structure = "none"  # along what their pixels share noise


def look_closer(parts: Sequence[Part], *, structure: str, stride: int | None) -> Finding:
    """Look at up to 16 noisy images, at most 512 × 512 pixels of each, for what is left open."""
    images = [middle(image, SIDE) for image in _some(parts)]
    if not images:
        return Finding()
    if found := _mosaic(images):
        return found if stride is None else Finding()
    if structure == "auto" and stride in (None, 1) and (found := _lines(images)):
        return found
    return _thin(images, stride) if structure in ("auto", "none") else Finding()


def _some(parts: Sequence[Part]) -> Iterator[Array]:
    """Yield up to 16 images from as many files as possible; leave out what cannot be read."""
    large = [part for part in parts if min(part.height, part.width) >= SMALLEST]
    most = SHARDS if any(part.packed for part in large) else IMAGES
    places = np.linspace(0, len(large) - 1, min(most, len(large))).astype(int)
    each = IMAGES // max(1, len(places))
    for part in (large[place] for place in places):
        count = 1 if part.packed else min(each, part.count)
        for index in dict.fromkeys(np.linspace(0, part.count - 1, count).astype(int).tolist()):
            try:
                image = part.peek(index)
            except UnnoiseError:  # reading reports it
                break
            yield fill_holes(np.asarray(image), hole_mask(image))


def _mosaic(images: Sequence[Array]) -> Finding | None:
    """Find a mosaic: its four phases are images of their own."""
    ratios = [ratio for image in images if image.shape[2] == 1 and (ratio := phases(image))]
    if not ratios or median(ratios) < MOSAIC:
        return None
    times = f"{median(ratios):.0f}" if median(ratios) < 1e4 else "more than 10000"
    return Finding(
        # A run keeps the reason in its note, which resuming compares: these words must stay.
        reason=f"the images look like a 2 × 2 mosaic (a pattern of 2 pixels is {times} times as "
        f"strong as those of nearly the same size; limit {MOSAIC:g}): each is seen at a stride "
        "of 2, as four images (--stride 1 turns this off)",
        stride=2,
    )


def _lines(images: Sequence[Array]) -> Finding | None:
    """Find noise that the pixels of a row or of a column share."""
    found: list[Lines] = [each for image in images if (each := lines(image))]
    directions = Counter(each.direction for each in found if each.direction)
    if not directions:
        return None
    structure, count = directions.most_common(1)[0]
    if count <= MOST * len(images):
        return None
    share = median(max(each.rows, each.columns) / each.pixels for each in found)
    line = "row" if structure == "horizontal" else "column"
    return Finding(
        reason=f"the pixels of a {line} share noise ({share:.2f} times the noise of single "
        f"pixels; limit {VISIBLE:g}): --structure {structure} is chosen (--structure none turns "
        "this off)",
        structure=structure,
    )


def _thin(images: Sequence[Array], stride: int | None) -> Finding:
    """Find structure that is lost at half the resolution, where neighbours are compared."""
    steps = [(image, stride_of(image, stride)) for image in images]
    found = [each for image, step in steps if (each := fineness(image[::step, ::step]))]
    if not found:
        return Finding()
    narrow = median(each.narrow for each in found)
    excess = median(each.excess for each in found)
    hidden = median(each.hidden for each in found)
    limits = f"limits {NARROW:g}, {LOST:.1%}, {PREDICTED:.0%}"
    if sum(each.thin for each in found) <= MOST * len(images):
        figures = f"figures {narrow:.2f}, {excess:.1%}, {hidden:.0%}; {limits}"
        return Finding(reason=f"their structure is not thin ({figures})")
    return Finding(
        "noise2void",
        f"their structure is thin (it changes {narrow:.2f} times as much from 2 to 4 pixels as "
        f"from 4 to 8; what is learned at half the resolution predicts pixels {excess:.1%} worse; "
        f"those around a pixel leave {hidden:.0%} of the noise's variance open; {limits}): "
        "noise2void keeps it, at two to three times the time of a step (--objective "
        "neighbor2neighbor is quicker, and blurs it)",
    )


def stride_of(image: Array, stride: int | None) -> int:
    """Return the given stride, or the one at which the noise of pixels is independent."""
    found = noise_correlation(image) if stride is None else None
    return stride or (found.stride if found else 1)
