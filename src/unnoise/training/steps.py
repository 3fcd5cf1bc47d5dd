"""A training: the objects that it works with, how far it has come, and one step of it."""

import copy
import math
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from unnoise.models import Model, restore
from unnoise.objectives import Batch, Objective
from unnoise.seeding import generator
from unnoise.training.contract import BatchSource, Optimisation, Validation, Validator
from unnoise.training.division import Division
from unnoise.training.parallel import sync_apart

Network = TypeVar("Network", bound=nn.Module)

DECAY = 0.998
RAMP = 0.1  # early on the average is short: decay 1 - 1 / (1 + step · RAMP)


class Average(Generic[Network]):
    """An exponential moving average of all floating-point state (Polyak & Juditsky 1992)."""

    def __init__(self, model: Network) -> None:
        self.model = copy.deepcopy(model).requires_grad_(False).eval()
        states = ((*each.parameters(), *each.buffers()) for each in (self.model, model))
        pairs = [pair for pair in zip(*states, strict=True) if pair[0].is_floating_point()]
        # Looked up once: walking the modules at every step costs as much as a small layer.
        self._ours, self._theirs = zip(*pairs, strict=True)

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the model's state after step number ``step`` (from 0)."""
        decay = min(DECAY, 1 - 1 / (1 + (step + 1) * RAMP))
        torch._foreach_lerp_(self._ours, self._theirs, 1 - decay)


@dataclass(kw_only=True)
class State:
    """How far a training has come."""

    step: int = 0  # steps taken
    seconds: float = 0.0  # spent training, over all resumptions
    lowest: float = math.inf  # the lowest risk so far, where networks are selected
    selected: dict[str, Tensor] = field(default_factory=dict)  # state of the network that had it
    due: bool = False  # whether this step is still to be validated


@dataclass(kw_only=True)
class Training:
    """Everything that steps are taken with."""

    model: Model  # on its device
    objective: Objective
    batches: BatchSource
    validator: Validator | None  # None where no images are held out
    optimisation: Optimisation
    division: Division
    seed: int  # decides the noise
    select: bool = False  # whether to deliver the network of the lowest risk, not the last one
    bf16: bool = False  # whether forward passes run in bfloat16
    state: State = field(default_factory=State)
    averaged: Average[Model] | None = field(init=False)  # where the average is kept

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
        """Take one step of a training of ``steps``; return this process's part of the mean loss."""
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

    def _add_gradients(self, batch: Batch, piece: range) -> Tensor:
        """Add the gradients of a piece; return its part of the mean loss."""
        drawn = self._draw(batch, piece)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            losses: Tensor = self._spread(*drawn)
        part = losses.sum() / self.division.batch_size
        (part * self.division.world.size).backward()  # their mean is taken
        return part.detach()

    def _draw(self, batch: Batch, piece: range) -> Batch:
        """Draw the random numbers of each group, and put the groups together."""
        first, size = self.division.samples.start, self.division.group
        drawn = []
        for number in piece:
            start = number * size - first
            here = tuple(view[start : start + size] for view in batch)
            random = generator(self.seed, "noise", self.state.step, number, device=self.device)
            drawn.append(self.objective.draw(here, random))
        return (
            drawn[0]
            if len(drawn) == 1
            else tuple(torch.cat(views) for views in zip(*drawn, strict=True))
        )


class _Losses(nn.Module):
    """The losses as a module, whose gradients ``DistributedDataParallel`` can average."""

    def __init__(self, model: Model, objective: Objective) -> None:
        super().__init__()
        self.model, self._objective = model, objective

    def forward(self, *drawn: Tensor) -> Tensor:
        return self._objective.losses(lambda noisy: restore(self.model, noisy), drawn)
