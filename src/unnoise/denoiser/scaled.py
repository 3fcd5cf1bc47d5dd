"""An image in the scale of one model, and the way back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.denoiser.together import apart
from unnoise.denoiser.view import View
from unnoise.images import Holes, hole_mask, largest_part
from unnoise.types import Array, Floats, Mask


@dataclass(frozen=True)
class Scaled:
    """An image in the model's own scale."""

    # (C, H, W) without transparency; filled where data lack; or with its neighbours, for a model
    # that sees several images, (depth · C, H, W)
    noisy: Floats
    view: View
    # Turns results into an array of the shape of the image, with its transparency, and with its own
    # values where data lack.
    back: Callable[[Floats], NDArray[np.generic]]
    part: tuple[slice, slice]  # rows and columns of the largest part that has data


def scale(view: View, stack: Array) -> tuple[Floats, Mask | None]:
    """Scale images with their neighbours ``(B, h, w, depth · C)``; return what the middle lacks."""
    noisy, lacks = view.scale(apart(stack, view.depth))
    lacks = None if lacks is None else lacks[view.depth // 2 :: view.depth]
    return noisy.reshape(len(stack), -1, *noisy.shape[2:]), lacks


def part_with_data(lacks: Mask | None) -> tuple[slice, slice]:
    """Return the rows and columns of the largest part of one image that has data."""
    return largest_part(None if lacks is None else np.asarray(lacks[0].any(-1)))


def with_data(parts: Sequence[Array], holes: Holes) -> list[Array]:
    """Mask what lacks data, and leave out parts that have none."""
    found = []
    for part in parts:
        bad: Any = holes.find(part) if holes else hole_mask(part)
        if bad is None or not bad.all():
            found.append(np.asarray(part) if bad is None else np.ma.MaskedArray(part, bad))
    return found or [np.zeros_like(np.asarray(parts[0]))]
