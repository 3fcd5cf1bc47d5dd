"""The parts of a training, beside its model and its objective."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch

from unnoise.models import Model
from unnoise.objectives import Batch

Schedule = Callable[[int, int], float]  # the share of the highest rate, by step and number of steps

WARM_UP = 0.05  # share of the steps
FLOOR = 1e-3


class BatchSource(Protocol):
    """Batches as a function of the step."""

    @property
    def size(self) -> int:
        """Samples of a batch, of all processes together."""

    @property
    def unit(self) -> str:
        """The kind of samples, such as ``images`` or ``patches``."""

    @property
    def pixels(self) -> int:
        """Pixels of a sample."""

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches that see the data once."""

    def at(self, step: int, samples: slice) -> Batch:
        """Return samples of batch number ``step``.

        Args:
            step: Number of the batch, from 0.
            samples: Which samples of the batch.

        Returns:
            Each view of the samples, ``(B, C, H, W)``, on any device.
        """

    def close(self) -> None:
        """End what reads ahead; the source may still be used."""


@dataclass(frozen=True, kw_only=True)
class Validation:
    """The quality of a network on images that training never shows."""

    risk: float  # of the objective; lower is better, and epochs can be compared
    psnr: float | None  # in dB, where there are clean images to compare with


class Validator(Protocol):
    """Measures networks on held-out images, always on the same random numbers."""

    def validate(self, model: Model) -> Validation:
        """Measure a network; it is in evaluation mode afterwards."""


def cosine(step: int, steps: int) -> float:
    """Rise linearly for 5 % of the steps, then fall along a cosine (Loshchilov & Hutter 2017)."""
    done = (step + 1) / steps
    return max(FLOOR, min(1.0, done / WARM_UP) * (1 + math.cos(math.pi * done)) / 2)


# A longer training goes on at the rates of its new length; earlier steps had those of the old one.
SCHEDULES: dict[str, Schedule] = {"cosine": cosine, "constant": lambda *_: 1.0}


@dataclass(frozen=True, kw_only=True)
class Optimisation:
    """How weights follow their gradients."""

    optimizer: torch.optim.Optimizer
    lr: float  # the highest
    schedule: Schedule
    average: bool  # whether the moving average of the weights is kept, and delivered

    def step(self, step: int, steps: int) -> None:
        """Take step number ``step`` of ``steps`` along the gradients."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr * self.schedule(step, steps)
        self.optimizer.step()


@dataclass(frozen=True, kw_only=True)
class Length:
    """How long a training is."""

    steps: int
    validations: int = 20  # at most; fewer if they select nothing and would cost too much time
