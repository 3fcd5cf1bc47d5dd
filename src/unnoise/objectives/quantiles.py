"""An image with bounds: a loss for the image, and one for the quantiles of its error."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from unnoise.objectives.contract import Batch, Drawn, Network
from unnoise.objectives.supervised import Supervised

LEAST = 1e-3  # of a mean error that the loss is relative to


@dataclass(frozen=True)
class Quantiles:
    """``loss(f(y), x) + (pinball(f(y) - below(y), x) + pinball(f(y) + above(y), x)) / |f(y) - x|``.

    The pinball loss of a quantile q (Koenker and Bassett, "Regression Quantiles", 1978) is q times
    what the truth lies above it, 1 - q times what it lies below. As in Angelopoulos et al.,
    "Image-to-Image Regression with Distribution-Free Uncertainty Quantification", ICML 2022, but
    without a gradient from the quantiles to the image, and relative to the mean error of each
    sample, so that weak noise is learned as well as strong noise.

    Attributes:
        inner: The loss of the image.
        level: Share of the truth that shall lie between the quantiles, in (0, 1).
    """

    inner: Supervised
    level: float

    def draw(self, batch: Batch, generator: Generator) -> Drawn:
        """Return noisy and clean images of a batch."""
        return self.inner.draw(batch, generator)

    def losses(self, model: Network, drawn: Drawn) -> Tensor:
        """Return the loss of each sample as ``(B,)``; the model is one with ``Bounds``."""
        noisy, clean = drawn
        image, below, above = model(noisy).float().chunk(3, dim=1)
        loss = self.inner.distance(image, clean)
        tail = (1 - self.level) / 2
        error = clean - image.detach()
        low = pinball(error + below, tail)
        quantiles = (low + pinball(error - above, 1 - tail)).mean((1, 2, 3))
        return loss + quantiles / (error.abs().mean((1, 2, 3)) + LEAST)

    def risk(self, model: Network, drawn: Drawn) -> Tensor:
        """Return the mean squared error of the image, ``(B,)``."""
        return self.inner.risk(lambda noisy: model(noisy).chunk(3, dim=1)[0], drawn)


def pinball(excess: Tensor, quantile: float) -> Tensor:
    """Return the loss of a quantile of which the truth lies ``excess`` above."""
    return torch.maximum(quantile * excess, (quantile - 1) * excess)
