"""A training: the objects that it works with, how far it has come, and one step of it."""

import copy
import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from unnoise.models import Model, restore
from unnoise.objectives import Objective
from unnoise.seeding import generator
from unnoise.training.average import Average
from unnoise.training.contract import Batch, BatchSource, Optimisation, Validation, Validator
from unnoise.training.division import Division, Grain
from unnoise.training.parallel import sync_apart


@dataclass(kw_only=True)
class State:
    """How far a training has come.

    Attributes:
        step: Steps taken.
        seconds: Spent training, over all resumptions.
        lowest: The lowest risk so far, where networks are selected.
        selected: State of the network that had it.
        due: Whether this step is still to be validated.
    """

    step: int = 0
    seconds: float = 0.0
    lowest: float = math.inf
    selected: dict[str, Tensor] = field(default_factory=dict)
    due: bool = False


@dataclass(kw_only=True)
class Training:
    """Everything that steps are taken with.

    Attributes:
        model: The network, on its device.
        objective: Gives the loss.
        batches: Give the samples.
        validator: Measures networks on held-out images; None where none are held out.
        optimisation: How weights follow their gradients.
        division: The part of each batch that this process computes, and its pieces.
        seed: Decides the noise.
        select: Whether to deliver the network of the lowest risk, not the last one.
        bf16: Whether forward passes run in bfloat16.
        state: How far the training has come.
        averaged: The moving average of the weights, where it is kept.
    """

    model: Model
    objective: Objective
    batches: BatchSource
    validator: Validator | None
    optimisation: Optimisation
    division: Division
    seed: int
    select: bool = False
    bf16: bool = False
    state: State = field(default_factory=State)
    averaged: Average[Model] | None = field(init=False)

    def __post_init__(self) -> None:
        """Start the average from the initial weights."""
        self.averaged = Average(self.model) if self.optimisation.average else None
        self.device = next(self.model.parameters()).device
        self._spread = self.division.world.spread(_Losses(self.model, self.objective))

    @property
    def latest(self) -> Model:
        """The network that training has come to."""
        return self.averaged.model if self.averaged else self.model

    def leave(self) -> None:
        """Let go of the other processes; no step can be taken after this."""
        del self._spread

    def check(self) -> Validation | None:
        """Validate, and keep the network if none was better."""
        validation = self.validator.validate(self.latest) if self.validator else None
        self.state.due = False
        self.model.train()
        if self.select and validation and validation.risk < self.state.lowest:
            self.state.lowest = validation.risk
            self.state.selected = copy.deepcopy(self.latest.state_dict())
        return validation

    def result(self) -> dict[str, Tensor]:
        """Return the state of the network to deliver."""
        return self.state.selected or self.latest.state_dict()

    def checkpoint(self) -> dict[str, Any]:
        """Return all that resuming needs, named by participant."""
        state = self.state
        return {
            "model": self.model.state_dict(),
            "average": self.averaged.model.state_dict() if self.averaged else {},
            "optimizer": self.optimisation.optimizer.state_dict(),
            "selected": {"risk": state.lowest, "state": state.selected, "due": state.due},
            "step": state.step,
            "seconds": state.seconds,
        }

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Go to where ``checkpoint`` was taken."""
        self.model.load_state_dict(checkpoint["model"])
        if self.averaged:
            self.averaged.model.load_state_dict(checkpoint["average"])
        self.optimisation.optimizer.load_state_dict(checkpoint["optimizer"])
        selected = checkpoint["selected"]
        self.state = State(
            step=checkpoint["step"],
            seconds=checkpoint["seconds"],
            lowest=selected["risk"],
            selected=selected["state"],
            due=selected.get("due", True),  # earlier versions did not keep it
        )

    def advance(self, steps: int) -> Tensor:
        """Take one step of a training of ``steps``.

        Returns:
            This process's part of the mean loss, on the device.
        """
        batch = tuple(
            view.to(self.device, memory_format=torch.channels_last)
            for view in self.batches.at(self.state.step, self.division.samples)
        )
        self.optimisation.optimizer.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self.device)
        *earlier, last = self.division.pieces
        for piece in earlier:
            with sync_apart(self._spread):
                total += self._add_gradients(batch, piece)
        total += self._add_gradients(batch, last)
        self.optimisation.step(self.state.step, steps)
        if self.averaged:
            self.averaged.update(self.state.step)
        self.state.step += 1
        return total

    def _add_gradients(self, batch: Batch, piece: list[Grain]) -> Tensor:
        """Add the gradients of a piece; return its part of the mean loss."""
        drawn = self._draw(batch, piece)
        with self._precision():
            losses: Tensor = self._spread(*drawn)
        part = losses.sum() / self.division.batch_size
        (part * self.division.world.size).backward()  # their mean is taken
        return part.detach()

    def _draw(self, batch: Batch, piece: list[Grain]) -> Batch:
        """Draw the random numbers of each grain, and put the grains together."""
        first = self.division.samples.start
        drawn = []
        for grain in piece:
            here = tuple(view[grain.start - first : grain.stop - first] for view in batch)
            noise = generator(self.seed, "noise", self.state.step, grain.number, device=self.device)
            drawn.append(self.objective.draw(here, noise))
        if len(drawn) == 1:
            return drawn[0]
        return tuple(torch.cat(views) for views in zip(*drawn, strict=True))

    def _precision(self) -> AbstractContextManager[object]:
        if not self.bf16:
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)


class _Losses(nn.Module):
    """The losses as a module, whose gradients ``DistributedDataParallel`` can average."""

    def __init__(self, model: Model, objective: Objective) -> None:
        super().__init__()
        self.model, self._objective = model, objective

    def forward(self, *drawn: Tensor) -> Tensor:
        return self._objective.losses(lambda noisy: restore(self.model, noisy), drawn)
