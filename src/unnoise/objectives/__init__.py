"""Objectives: the training loss as a formula.

An objective draws what is random of a batch, ``draw(batch, generator) -> drawn``, and then gives
``losses(model, drawn)`` for each sample, ``(B,)``. This room does not know which network, data or
optimizer it is used with.
"""

from collections.abc import Callable

from unnoise.objectives.contract import Batch, Drawn, Network, Objective
from unnoise.objectives.losses import LOSSES, Loss
from unnoise.objectives.neighbor2neighbor import Neighbor2Neighbor
from unnoise.objectives.noise2noise import Noise2Noise
from unnoise.objectives.noise2void import Noise2Void
from unnoise.objectives.quantiles import Quantiles
from unnoise.objectives.supervised import Supervised

OBJECTIVES: dict[str, Callable[..., Objective]] = {
    "supervised": Supervised,
    "noise2noise": Noise2Noise,
    "neighbor2neighbor": Neighbor2Neighbor,
    "noise2void": Noise2Void,
}

__all__ = [
    "LOSSES",
    "OBJECTIVES",
    "Batch",
    "Drawn",
    "Loss",
    "Neighbor2Neighbor",
    "Network",
    "Noise2Noise",
    "Noise2Void",
    "Objective",
    "Quantiles",
    "Supervised",
]
