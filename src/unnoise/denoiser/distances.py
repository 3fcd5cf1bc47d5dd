"""Distances of bounds below and above a result, by a network that was trained for them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from unnoise.denoiser.networks import Network, makes_grey
from unnoise.denoiser.passes import FloatPass
from unnoise.denoiser.view import ArraySource, fill
from unnoise.types import Floats


def find_distances(
    network: Network,
    channels: int,
    noisy: Floats,
    restored: Floats,
    groups: Sequence[Mapping[str, Any]],
) -> tuple[Floats, Floats]:
    """Return the distances of bounds below and above denoised images ``(N, C, H, W)`` of any size.

    ``network`` was trained beside a model of ``channels``. ``groups`` have the scale of each group
    of images, as in the header of a model file; without any, the network's distances are returned.
    """
    count, given, height, width = noisy.shape
    grey = makes_grey(given, channels)
    removed = np.sqrt(np.mean((noisy - restored) ** 2, axis=(1, 2, 3)))
    if grey:
        noisy, restored = (np.repeat(each, channels, axis=1) for each in (noisy, restored))
    shape = (-1, channels, height, width)  # a grey model takes each channel by itself
    seen = np.concatenate([noisy.reshape(shape), restored.reshape(shape)], axis=1)
    found = np.empty_like(seen)
    source = ArraySource(np.moveaxis(seen, 1, -1))
    fill(np.moveaxis(found, 1, -1), FloatPass(source, network).images())
    scales = np.array([_scale(float(each), groups, grey=grey) for each in removed], np.float32)
    below, above = (
        part.mean(axis=1, keepdims=True) if grey else part.reshape(count, given, height, width)
        for part in (found[:, :channels], found[:, channels:])
    )
    return scales[:, None, None, None] * below, scales[:, None, None, None] * above


def _scale(removed: float, groups: Sequence[Mapping[str, Any]], *, grey: bool) -> float:
    """Return the scale of an image from the root mean square of what was removed from it."""
    own = [group for group in groups if group["grey"] == grey] or groups
    fitting = [group for group in own if removed <= group["up_to"]] or own[-1:]
    return float(fitting[0]["scale"]) if fitting else 1.0
