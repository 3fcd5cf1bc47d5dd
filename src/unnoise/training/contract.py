"""What a training is made of, beside its model and its objective."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from unnoise.models import Model
from unnoise.training.schedule import Schedule

Batch = tuple[Tensor, ...]


class BatchSource(Protocol):
    """Batches as a function of the step."""

    @property
    def size(self) -> int:
        """Samples of a batch, of all processes together."""

    @property
    def unit(self) -> str:
        """What a sample is: ``images`` or ``patches``."""

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
    """What a network reached on images that training never shows.

    Attributes:
        risk: The objective's risk, which can be compared between epochs; lower is better.
        psnr: In dB, where there are clean images to compare with.
    """

    risk: float
    psnr: float | None


class Validator(Protocol):
    """Measures networks on held-out images, always on the same random numbers."""

    def validate(self, model: Model) -> Validation:
        """Measure a network; it is in evaluation mode afterwards."""


@dataclass(frozen=True, kw_only=True)
class Optimisation:
    """How weights follow their gradients.

    Attributes:
        optimizer: Over the parameters of the model.
        lr: The highest learning rate.
        schedule: Share of ``lr`` at a step.
        average: Whether the moving average of the weights is kept, and delivered.
    """

    optimizer: torch.optim.Optimizer
    lr: float
    schedule: Schedule
    average: bool

    def step(self, step: int, steps: int) -> None:
        """Take step number ``step`` of ``steps`` along the gradients."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr * self.schedule(step, steps)
        self.optimizer.step()


@dataclass(frozen=True, kw_only=True)
class Length:
    """How long a training is.

    Attributes:
        steps: Number of steps.
        validations: Number of validations; fewer where they would take more than their share of the
            time and select nothing.
    """

    steps: int
    validations: int = 20
