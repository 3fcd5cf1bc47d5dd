"""What every objective keeps."""

from collections.abc import Callable
from typing import Protocol

from torch import Generator, Tensor

Network = Callable[[Tensor], Tensor]
Batch = tuple[Tensor, ...]  # what is known of each scene, each (B, C, H, W)


class Objective(Protocol):
    """A training loss as a formula, and the risk that tells how far the training got."""

    def __call__(self, model: Network, batch: Batch, generator: Generator) -> Tensor:
        """Return the loss of each sample, ``(B,)``."""
        ...

    def risk(self, model: Network, batch: Batch, generator: Generator) -> Tensor:
        """Return a mean squared error of each sample, ``(B,)``, comparable between epochs.

        It is the error against the clean image plus a term that does not depend on the model, so
        the model of the lowest risk is the best one. The generator must be at the same state
        whenever two models are compared.
        """
        ...
