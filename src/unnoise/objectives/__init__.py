"""Objectives: the training loss as a formula.

An objective is called as ``objective(model, batch, generator) -> loss per sample (B,)``. This room
does not know which network, data or optimizer it is used with.
"""

from collections.abc import Callable

from torch import Generator, Tensor

from unnoise.objectives.losses import LOSSES, Loss
from unnoise.objectives.supervised import Supervised

Network = Callable[[Tensor], Tensor]
Objective = Callable[[Network, Tensor, Generator], Tensor]

OBJECTIVES: dict[str, Callable[..., Objective]] = {
    "supervised": Supervised,
}

__all__ = ["LOSSES", "OBJECTIVES", "Loss", "Network", "Objective", "Supervised"]
