"""A training so small that its steps take no time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Generator, Tensor, nn

from unnoise.models import Model
from unnoise.objectives import Batch, Drawn, Network, Objective
from unnoise.training import (
    SCHEDULES,
    Division,
    Length,
    Optimisation,
    Training,
    Validation,
)


class Convolution(Model):
    """One convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.arguments, self.channels, self.receptive_field = {}, 1, 3
        self.layer = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, noisy: Tensor) -> Tensor:
        made: Tensor = self.layer(noisy)
        return made

    def features(self, noisy: Tensor) -> list[Tensor]:
        return [noisy]


class Additive(Objective):
    """The mean squared error after noise was added."""

    learns_from = "pairs"

    def draw(self, batch: Batch, generator: Generator) -> Drawn:
        return batch[0] + torch.randn(batch[0].shape, generator=generator), batch[0]

    def losses(self, model: Network, drawn: Drawn) -> Tensor:
        return (model(drawn[0]) - drawn[1]).square().mean((1, 2, 3))


@dataclass
class Flat:
    """Batches of flat images, the same every third step."""

    level: Callable[[int], float] = lambda step: step % 3 / 3
    size: int = 2
    pixels: int = 64
    unit: str = "images"
    steps_per_epoch: int = 3

    def at(self, step: int, samples: slice) -> Batch:
        return (torch.full((self.size, 1, 8, 8), self.level(step))[samples],)

    def close(self) -> None:
        pass


@dataclass
class Judge:
    """Validates by a function."""

    judge: Callable[[nn.Module], Validation] = field(
        default=lambda _: Validation(risk=0.01, psnr=20.0)
    )

    def validate(self, model: Model) -> Validation:
        return self.judge(model)


def small_training(*, average: bool = True, group: int = 2, **changes: Any) -> Training:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Convolution()
    settings: dict[str, Any] = {
        "model": model,
        "objective": Additive(),
        "batches": Flat(),
        "validator": Judge(),
        "optimisation": Optimisation(
            optimizer=torch.optim.AdamW(model.parameters(), lr=1e-2),
            lr=1e-2,
            schedule=SCHEDULES["cosine"],
            average=average,
        ),
        "division": Division(batch_size=2, group=group, count=changes.pop("pieces", 1)),
        "seed": 1,
    }
    return Training(**{**settings, **changes})


LENGTH = Length(steps=30)
