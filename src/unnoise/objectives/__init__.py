"""Objectives: the training loss as a formula.

An objective draws the random numbers of a batch, ``draw(batch, generator) -> drawn``, and gives
``losses(model, drawn)`` for each sample, ``(B,)``. It states which images it learns from and which
settings it obeys. This room does not know networks, data or optimizers.
"""

from unnoise.errors import UnknownNameError
from unnoise.objectives.contract import Batch, Drawn, ImageFacts, LearnsFrom, Network, Objective
from unnoise.objectives.interpolation import Interpolation
from unnoise.objectives.losses import LOSSES, Loss
from unnoise.objectives.neighbor2neighbor import Neighbor2Neighbor
from unnoise.objectives.noise2noise import Noise2Noise
from unnoise.objectives.noise2void import Noise2Void
from unnoise.objectives.supervised import Quantiles, Supervised

# The first objective for pairs is the default; data/assumption.py chooses the one for noisy images.
OBJECTIVES: dict[str, type[Objective]] = {
    "supervised": Supervised,
    "noise2noise": Noise2Noise,
    "neighbor2neighbor": Neighbor2Neighbor,
    "noise2void": Noise2Void,
    "interpolation": Interpolation,
}


def check_objective(name: str) -> None:
    """Raise ``UnknownNameError`` unless it is ``auto`` or in the table."""
    if name not in ("auto", *OBJECTIVES):
        raise UnknownNameError("objective", name, ("auto", *OBJECTIVES))


def learning_from(*images: LearnsFrom) -> tuple[str, ...]:
    """Return the names of the objectives that learn from these images, the default first."""
    return tuple(name for name, each in OBJECTIVES.items() if each.learns_from in images)


__all__ = [
    "LOSSES",
    "OBJECTIVES",
    "Batch",
    "Drawn",
    "ImageFacts",
    "Interpolation",
    "LearnsFrom",
    "Loss",
    "Neighbor2Neighbor",
    "Network",
    "Noise2Noise",
    "Noise2Void",
    "Objective",
    "Quantiles",
    "Supervised",
    "check_objective",
    "learning_from",
]
