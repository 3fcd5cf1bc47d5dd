"""Everything that a training works with, and one step of it."""

import copy
import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from unnoise.seeding import generator
from unnoise.training.average import Average
from unnoise.training.division import Division, Grain
from unnoise.training.parallel import ALONE, World, sync_apart
from unnoise.training.schedule import Schedule


@dataclass(frozen=True, kw_only=True)
class Validation:
    """What a network reached on images that training never shows.

    Attributes:
        risk: The objective's risk, which can be compared between epochs; lower is better.
        psnr: In dB, where there are clean images to compare with.
    """

    risk: float
    psnr: float | None


Network = TypeVar("Network", bound=nn.Module)
Batch = tuple[Tensor, ...]


@dataclass(kw_only=True)
class Training(Generic[Network]):
    """Everything the loop works with.

    Attributes:
        model: The network, on its device.
        apply: Applies a network to a batch of any size (pads and crops).
        draw: ``draw(batch, generator)`` draws what is random, of each sample.
        losses: ``losses(network, drawn) -> (B,)``.
        batch: ``batch(step, samples)`` gives the views of some samples of a batch, each
            ``(B, C, H, W)``, on any device.
        batch_size: B, of all processes together.
        validate: Measures a network on held-out images.
        optimizer: Over the parameters of the model.
        lr: The highest learning rate.
        schedule: Share of ``lr`` at a step.
        steps: How many.
        seed: Of the noise.
        average: Whether the moving average of the weights is kept.
        validations: How many there are; fewer where they would take more than their share of the
            time and nothing is selected by them.
        select: Whether to deliver the network of the lowest risk, not the last one.
        bf16: Whether forward passes run in bfloat16.
        world: The processes that share each batch.
        grain: Samples that are drawn together; None for the whole batch, which one process
            computes then.
        unit: What a sample is, ``images`` or ``patches``.
        pieces: Into how many pieces each process cuts its part of a batch, to add up their
            gradients one after the other, in less memory.
    """

    model: Network
    apply: Callable[[Network, Tensor], Tensor]
    draw: Callable[[Batch, torch.Generator], Batch]
    losses: Callable[[Callable[[Tensor], Tensor], Batch], Tensor]
    batch: Callable[[int, slice], Batch]
    batch_size: int
    validate: Callable[[Network], Validation]
    optimizer: torch.optim.Optimizer
    lr: float
    schedule: Schedule
    steps: int
    seed: int
    average: bool
    validations: int = 20
    select: bool = False
    bf16: bool = False
    world: World = ALONE
    grain: int | None = None
    unit: str = "images"
    pieces: int = 1
    step: int = 0
    seconds: float = 0.0
    averaged: Average[Network] | None = field(init=False)
    lowest: float = math.inf  # risk so far
    selected: dict[str, Tensor] = field(default_factory=dict)  # state of the network that had it
    due: bool = False  # whether this step is to be validated

    def __post_init__(self) -> None:
        """Start the average from the initial weights; divide the batch.

        Raises:
            ConfigError: The batch is too small for so many processes and pieces.
        """
        self.averaged = Average(self.model) if self.average else None
        self.device = next(self.model.parameters()).device
        grain = self.grain or self.batch_size
        self.division = Division(self.batch_size, grain, self.world, self.pieces)
        self._spread = self.world.spread(_Losses(self.model, self.apply, self.losses))

    @property
    def latest(self) -> Network:
        """The network that training has come to."""
        return self.averaged.model if self.averaged else self.model

    def leave(self) -> None:
        """Let go of the other processes; no step can be taken after this."""
        del self._spread

    def check(self) -> Validation:
        """Validate, and keep the network if none was better."""
        validation = self.validate(self.latest)
        self.due = False
        self.model.train()
        if self.select and validation.risk < self.lowest:
            self.lowest = validation.risk
            self.selected = copy.deepcopy(self.latest.state_dict())
        return validation

    def result(self) -> dict[str, Tensor]:
        """Return the state of the network to deliver."""
        return self.selected or self.latest.state_dict()

    def state(self) -> dict[str, Any]:
        """Return all that resuming needs, named by participant."""
        return {
            "model": self.model.state_dict(),
            "average": self.averaged.model.state_dict() if self.averaged else {},
            "optimizer": self.optimizer.state_dict(),
            "selected": {"risk": self.lowest, "state": self.selected, "due": self.due},
            "step": self.step,
            "seconds": self.seconds,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go to where ``state`` was taken."""
        self.model.load_state_dict(state["model"])
        if self.averaged:
            self.averaged.model.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.lowest, self.selected = state["selected"]["risk"], state["selected"]["state"]
        self.due = state["selected"].get("due", True)  # earlier versions did not keep it
        self.step, self.seconds = state["step"], state["seconds"]

    def advance(self) -> Tensor:
        """Take one step; return this process's part of the mean loss, on the device."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr * self.schedule(self.step, self.steps)
        batch = tuple(
            view.to(self.device, memory_format=torch.channels_last)
            for view in self.batch(self.step, self.division.samples)
        )
        self.optimizer.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self.device)
        *earlier, last = self.division.pieces
        for piece in earlier:
            with sync_apart(self._spread):
                total += self._add_gradients(batch, piece)
        total += self._add_gradients(batch, last)
        self.optimizer.step()
        if self.averaged:
            self.averaged.update(self.step)
        self.step += 1
        return total

    def _add_gradients(self, batch: Batch, piece: list[Grain]) -> Tensor:
        """Return what a piece adds to the mean loss, and add its gradients to those before it."""
        drawn = self._draw(batch, piece)
        with self._precision():
            losses: Tensor = self._spread(*drawn)
        part = losses.sum() / self.batch_size
        (part * self.world.size).backward()  # their mean is taken
        return part.detach()

    def _draw(self, batch: Batch, piece: list[Grain]) -> Batch:
        """Draw what is random of each grain, and put them together."""
        first = self.division.samples.start
        drawn = []
        for grain in piece:
            here = tuple(view[grain.start - first : grain.stop - first] for view in batch)
            noise = generator(self.seed, "noise", self.step, grain.number, device=self.device)
            drawn.append(self.draw(here, noise))
        if len(drawn) == 1:
            return drawn[0]
        return tuple(torch.cat(views) for views in zip(*drawn, strict=True))

    def _precision(self) -> AbstractContextManager[object]:
        if not self.bf16:
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)


class _Losses(nn.Module):
    """The losses of what was drawn, as a module, so that gradients can be averaged after it."""

    def __init__(
        self,
        model: nn.Module,
        apply: Callable[..., Tensor],
        losses: Callable[[Callable[[Tensor], Tensor], Batch], Tensor],
    ) -> None:
        super().__init__()
        self.model = model
        self._apply_to, self._losses = apply, losses

    def forward(self, *drawn: Tensor) -> Tensor:
        return self._losses(lambda x: self._apply_to(self.model, x), drawn)
