"""How far the truth may lie from denoised images: the second network, and its scale."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from unnoise.denoiser.channels import makes_grey
from unnoise.denoiser.network import Network
from unnoise.denoiser.restoring import Restorer, Stack, fill, on_floats, run_images
from unnoise.types import Floats


class DistanceFinder:
    """Finds the distances to the bounds of images of any size.

    Args:
        network: What finds them.
        channels: Of the images of the model that it was trained beside.
    """

    def __init__(self, network: Network, channels: int) -> None:
        self._network, self._channels = network, channels

    def __call__(
        self, noisy: Floats, restored: Floats, groups: Sequence[Mapping[str, Any]]
    ) -> tuple[Floats, Floats]:
        """Return the distances below and above denoised images ``(N, C, H, W)``.

        Args:
            noisy: float32, in the model's own scale.
            restored: What the model made of them.
            groups: The scale of each group of images, as in the header of a model file; without
                any, distances are as the network gives them.
        """
        count, given, height, width = noisy.shape
        grey = makes_grey(given, self._channels)
        taken = np.sqrt(np.mean((noisy - restored) ** 2, axis=(1, 2, 3)))
        if grey:
            noisy, restored = (
                np.repeat(each, self._channels, axis=1) for each in (noisy, restored)
            )
        shape = (-1, self._channels, height, width)  # a grey model takes each channel by itself
        seen = np.concatenate([noisy.reshape(shape), restored.reshape(shape)], axis=1)
        found = self._run(seen)
        scales = np.array([_scale(float(each), groups, grey=grey) for each in taken], np.float32)
        below, above = (
            part.mean(axis=1, keepdims=True) if grey else part.reshape(count, given, height, width)
            for part in (found[:, : self._channels], found[:, self._channels :])
        )
        return scales[:, None, None, None] * below, scales[:, None, None, None] * above

    def _run(self, seen: Floats) -> Floats:
        found = np.empty_like(seen)
        work = on_floats(Restorer(self._network, clamp=False))
        stack = Stack(np.moveaxis(seen, 1, -1))
        made = run_images(self._network, stack, work)
        fill(np.moveaxis(found, 1, -1), made)
        return found


def _scale(taken: float, groups: Sequence[Mapping[str, Any]], *, grey: bool) -> float:
    """Return the scale for an image from which so much was taken, as a root mean square."""
    own = [group for group in groups if group["grey"] == grey] or groups
    fitting = [group for group in own if taken <= group["up_to"]] or own[-1:]
    return float(fitting[0]["scale"]) if fitting else 1.0
