"""The loop: from step to step, validating and saving on the way."""

import copy
import math
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from unnoise.errors import UnnoiseError
from unnoise.seeding import generator
from unnoise.training.average import Average
from unnoise.training.schedule import Schedule

VALIDATION_SHARE = 0.05  # of the time
CHECKPOINT_SECONDS = 30.0
REPORT_SECONDS = 0.25
MEASURE_SHARE = 0.03  # of the time given, spent to measure the speed
MEASURE_SECONDS = 20.0  # at most
MEASURE_STEPS = 3  # at least


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What the loop tells while it runs."""

    step: int
    steps: int
    loss: float  # mean since the last validation
    images_per_second: float
    seconds: float  # spent training, over all resumptions
    validation: "Validation | None" = None  # where there was one


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
        objective: ``objective(network, batch, generator) -> (B,)``.
        batch: ``batch(step)`` gives the views of a batch, each ``(B, C, H, W)``, on any device.
        batch_size: B.
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
    """

    model: Network
    apply: Callable[[Network, Tensor], Tensor]
    objective: Callable[[Callable[[Tensor], Tensor], Batch, torch.Generator], Tensor]
    batch: Callable[[int], Batch]
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
    step: int = 0
    seconds: float = 0.0
    averaged: Average[Network] | None = field(init=False)
    lowest: float = math.inf  # risk so far
    selected: dict[str, Tensor] = field(default_factory=dict)  # state of the network that had it

    def __post_init__(self) -> None:
        """Start the average from the initial weights."""
        self.averaged = Average(self.model) if self.average else None
        self.device = next(self.model.parameters()).device

    @property
    def latest(self) -> Network:
        """The network that training has come to."""
        return self.averaged.model if self.averaged else self.model

    def check(self) -> Validation:
        """Validate, and keep the network if none was better."""
        validation = self.validate(self.latest)
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
            "selected": {"risk": self.lowest, "state": self.selected},
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
        self.step, self.seconds = state["step"], state["seconds"]

    def advance(self) -> Tensor:
        """Take one step; return the mean loss of the batch, on the device."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr * self.schedule(self.step, self.steps)
        batch = tuple(
            view.to(self.device, memory_format=torch.channels_last)
            for view in self.batch(self.step)
        )
        noise = generator(self.seed, "noise", self.step, device=self.device)
        with self._precision():
            loss = self.objective(lambda x: self.apply(self.model, x), batch, noise).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        if self.averaged:
            self.averaged.update(self.step)
        self.step += 1
        return loss.detach()

    def _precision(self) -> AbstractContextManager[object]:
        if not self.bf16:
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)


def train(
    training: Training[Network],
    *,
    report: Callable[[Progress], None],
    save: Callable[[dict[str, Any]], None],
) -> None:
    """Run from ``training.step`` to ``training.steps``.

    Args:
        training: What to train; it is changed in place.
        report: Told now and then, and after every validation with what it found.
        save: Given the state at least every half minute, and always before a validation, so that
            a crash in validation loses nothing.

    Raises:
        UnnoiseError: The loss became NaN or infinite; the state is not saved then.
    """
    every = math.ceil(training.steps / training.validations)
    training.model.train()
    resumed_at_one = training.step % every == 0 or training.step == training.steps
    if training.select and training.step and resumed_at_one:
        training.check()  # the checkpoint was written before it
    before, begun = training.seconds, time.perf_counter()
    first, saved, told, validated = training.step, begun, begun, 0.0
    total, count = torch.zeros((), device=training.device), 0
    while training.step < training.steps:
        total += training.advance()
        count += 1
        now = time.perf_counter()
        last = training.step == training.steps
        # Where validation changes nothing in what is delivered, it may depend on the clock.
        affordable = training.select or validated <= VALIDATION_SHARE * (now - begun)
        validating = last or (training.step % every == 0 and affordable)
        saving = validating or now - saved > CHECKPOINT_SECONDS
        if not saving and now - told < REPORT_SECONDS:
            continue
        training.seconds = before + now - begun
        progress = Progress(
            step=training.step,
            steps=training.steps,
            loss=_finite(total.item() / count, training.step),
            images_per_second=(training.step - first) * training.batch_size / (now - begun),
            seconds=training.seconds,
        )
        if saving:
            save(training.state())
            saved = time.perf_counter()
        if validating:
            start = time.perf_counter()
            progress = replace(progress, validation=training.check())
            validated += time.perf_counter() - start
            total.zero_()
            count = 0
        report(progress)
        told = time.perf_counter()


def measure_steps(training: Training[Network], seconds: float) -> int:
    """Return how many steps fit into ``seconds``; ``training`` is left as it was."""
    state = copy.deepcopy(training.state())
    training.model.train()
    training.advance().item()  # builds caches, or compiles
    times: list[float] = []
    begun = time.perf_counter()
    enough = min(MEASURE_SHARE * seconds, MEASURE_SECONDS)
    while len(times) < MEASURE_STEPS or time.perf_counter() - begun < enough:
        start = time.perf_counter()
        training.advance().item()
        times.append(time.perf_counter() - start)
    training.restore(state)
    # The first steps build caches: the median does not see them.
    left = seconds * (1 - VALIDATION_SHARE) - sum(times)
    return max(1, round(left / statistics.median(times)))


def _finite(loss: float, step: int) -> float:
    if not math.isfinite(loss):
        raise UnnoiseError(
            f"the loss became {loss} before step {step}: train again with a smaller --lr, "
            "or look for extreme values in the images"
        )
    return loss
