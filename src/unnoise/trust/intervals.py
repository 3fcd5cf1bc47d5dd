"""Bounds that hold: held-out images show how to scale the distances that a network estimates.

This is conformal risk control (Angelopoulos et al., "Conformal Risk Control", 2022) of the share of
pixels outside their bounds. Each group of images has its own scale, because a network that is right
on average may be wrong in opposite ways for strong and for weak noise.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unnoise.denoiser import Denoiser
from unnoise.sizes import middle_of
from unnoise.trust.probing import parts_of
from unnoise.types import Doubles, Floats

LEAST = 1e-4  # least distance to a bound, in the model's scale
LARGEST = 1e4
HALVINGS = 40
GROUPS, MEMBERS = 4, 40  # groups by the strength of the noise, at most; images of each, at least
UNLIMITED = 1e9  # stands for infinity, which JSON lacks


@dataclass(frozen=True)
class Missed:
    """How far a result is from the truth, in units of the distances."""

    needed: Doubles  # needed_scale of the pixels, any shape
    taken: float  # root mean square of the residual
    grey: bool  # whether the image is grey and the model for colours


def conformal_groups(images: Sequence[Missed], level: float) -> list[dict[str, Any]] | None:
    """Find the scale of each group of images: grey or not, and by the strength of the residual.

    Args:
        images: Held-out images.
        level: The share of pixels that the bounds must contain, in (0, 1).

    Returns:
        For each group ``grey``, the ``scale``, and ``up_to``, the largest ``taken`` in it. None if
        there are too few images for a reliable scale.
    """
    found = []
    for grey in (False, True):
        own = sorted((each for each in images if each.grey == grey), key=lambda each: each.taken)
        count = max(1, min(GROUPS, len(own) // MEMBERS))
        for part in np.array_split(np.arange(len(own)), count):
            group = [own[i] for i in part]
            scale = conformal_scale([each.needed for each in group], level)
            if scale is not None:
                found.append(
                    {"grey": grey, "up_to": float(group[-1].taken), "scale": float(round(scale, 4))}
                )
        if found and found[-1]["grey"] == grey:
            found[-1]["up_to"] = UNLIMITED
    return found or None


def measure(denoiser: Denoiser, noisy: Floats, clean: Floats) -> Iterator[Missed]:
    """Measure each part of held-out images.

    Args:
        denoiser: A model with bounds.
        noisy: ``(N, C, H, W)``, in the model's scale, or ``(N, depth · C, H, W)``.
        clean: The same images without noise.
    """
    restored = denoiser.denoise_floats(noisy)
    noisy = middle_of(noisy, denoiser.backend.network.depth)
    for views in zip(*map(parts_of, (noisy, restored, clean)), strict=True):
        given, made, known = map(np.ascontiguousarray, views)
        below, above = denoiser.find_distances(given, made)
        for i, image in enumerate(given):
            yield Missed(
                needed=needed_scale(known[i], made[i], below[i], above[i]),
                taken=float(np.sqrt(np.mean((image - made[i]) ** 2))),
                grey=len(image) > 1 and not np.ptp(image, axis=0).any(),
            )


def needed_scale(clean: Floats, image: Floats, below: Floats, above: Floats) -> Doubles:
    """Return the factors by which the distances of pixels must grow to reach the truth."""
    error = clean.astype(np.float64) - image
    distance = np.where(error < 0, below, above)
    return np.abs(error) / np.maximum(distance, LEAST)


def conformal_scale(needed: Sequence[Doubles], level: float) -> float | None:
    """Return the smallest scale whose bounds are expected to contain ``level`` of a new image.

    With R(λ) the mean share of pixels outside of the bounds of n images at scale λ, the smallest λ
    with ``(n R(λ) + 1) / (n + 1) <= 1 - level`` (equation 4 there). None for too few images.
    """
    count, allowed = len(needed), 1 - level + 1e-9  # 1 - 0.9 is a little less than 0.1
    if count == 0 or 1 / (count + 1) > allowed:
        return None
    ordered = [np.sort(each, axis=None) for each in needed]

    def holds(scale: float) -> bool:
        outside = sum(1 - np.searchsorted(each, scale, "right") / each.size for each in ordered)
        return float(outside + 1) / (count + 1) <= allowed

    low, high = LEAST, LARGEST
    for _ in range(HALVINGS):
        middle = math.sqrt(low * high)  # a scale may be of any order of magnitude
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
