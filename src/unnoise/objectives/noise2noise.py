"""Noise2Noise: several captures of a scene instead of a clean image."""

from dataclasses import dataclass

from torch import Generator, Tensor

from unnoise.objectives.contract import Batch, Drawn, Network, Objective
from unnoise.objectives.losses import mse


@dataclass(frozen=True)
class Noise2Noise(Objective):
    """Ask for the second capture, given the first: ``|f(y) - y'|²``.

    Lehtinen et al., "Noise2Noise: Learning Image Restoration without Clean Data", ICML 2018,
    equation 6. Both noises have mean 0 and are independent, so the best answer is the clean image.
    The risk is the error plus the variance of the second noise. A batch is ``(first, second)``.
    """

    learns_from = "captures"

    def draw(self, batch: Batch, generator: Generator) -> Drawn:  # noqa: ARG002  nothing is random
        """Return the captures."""
        return batch

    def losses(self, model: Network, drawn: Drawn) -> Tensor:
        """Return the loss of each sample, ``(B,)``."""
        first, second = drawn
        return mse(model(first).float(), second)
