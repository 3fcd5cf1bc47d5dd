"""What every objective keeps."""

from collections.abc import Callable
from typing import Protocol

from torch import Generator, Tensor

Network = Callable[[Tensor], Tensor]
Batch = tuple[Tensor, ...]  # what is known of each scene, each (B, C, H, W)
Drawn = tuple[Tensor, ...]  # the same after all that is random, each (B, ...)


class Objective(Protocol):
    """A training loss as a formula, and the risk that tells how far the training got.

    What is random stands apart, so that the parts of a batch can be drawn one by one, and put
    together, wherever they are computed.
    """

    def draw(self, batch: Batch, generator: Generator) -> Drawn:
        """Draw all that is random: noise, masks, neighbours."""
        ...

    def losses(self, model: Network, drawn: Drawn) -> Tensor:
        """Return the loss of each sample, ``(B,)``."""
        ...

    def risk(self, model: Network, drawn: Drawn) -> Tensor:
        """Return a mean squared error of each sample, ``(B,)``, comparable between epochs.

        It is the error against the clean image plus a term that does not depend on the model, so
        the model of the lowest risk is the best one. What was drawn must be the same whenever two
        models are compared.
        """
        ...
