"""The moving average of the weights."""

import copy
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)

DECAY = 0.998
RAMP = 0.1  # early on the average is short: decay 1 - 1 / (1 + step · RAMP)


class Average(Generic[Network]):
    """An exponential moving average of all floating-point state (Polyak & Juditsky 1992).

    Attributes:
        model: A copy of the model with the averaged state.
    """

    def __init__(self, model: Network) -> None:
        self.model = copy.deepcopy(model).requires_grad_(False).eval()
        # Looked up once: walking the modules at every step costs as much as a small layer.
        self._pairs = [
            (ours, theirs)
            for ours, theirs in zip(_state(self.model), _state(model), strict=True)
            if ours.is_floating_point()
        ]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the model's state after step number ``step`` (from 0)."""
        decay = min(DECAY, 1 - 1 / (1 + (step + 1) * RAMP))
        ours, theirs = zip(*self._pairs, strict=True)
        torch._foreach_lerp_(ours, theirs, 1 - decay)


def _state(model: nn.Module) -> list[Tensor]:
    return [*model.parameters(), *model.buffers()]
