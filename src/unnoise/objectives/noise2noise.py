"""Noise2Noise: several captures of a scene instead of a clean image."""

from dataclasses import dataclass

from torch import Generator, Tensor

from unnoise.objectives.contract import Batch, Drawn, Network
from unnoise.objectives.losses import mse


@dataclass(frozen=True)
class Noise2Noise:
    """Ask for the second capture, given the first: ``|f(y) - y'|²``.

    Lehtinen et al., "Noise2Noise: Learning Image Restoration without Clean Data", ICML 2018,
    equation 6. Both noises have mean 0 and are independent, so the best answer is the clean image.
    A batch is ``(first, second)``.
    """

    def draw(self, batch: Batch, generator: Generator) -> Drawn:  # noqa: ARG002  nothing is random
        """Return the captures."""
        return batch

    def losses(self, model: Network, drawn: Drawn) -> Tensor:
        """Return the loss of each sample as ``(B,)``."""
        first, second = drawn
        return mse(model(first).float(), second)

    def risk(self, model: Network, drawn: Drawn) -> Tensor:
        """Return the same on captures held out: the error plus the variance of the second noise."""
        return self.losses(model, drawn)
