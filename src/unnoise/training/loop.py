"""The loop: one page, from step to step."""

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

VALIDATIONS = 20  # a run, fewer where they would take more than their share
VALIDATION_SHARE = 0.05  # of the time
CHECKPOINT_SECONDS = 30.0
REPORT_SECONDS = 0.25
MEASURE_SHARE = 0.03  # of the time given, spent to measure the speed
MEASURE_STEPS = 3  # at least


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What the loop tells while it runs."""

    step: int
    steps: int
    loss: float  # mean since the last validation
    images_per_second: float
    seconds: float  # spent training, over all resumptions
    psnr: float | None = None  # of the validation images, when there was a validation


Network = TypeVar("Network", bound=nn.Module)


@dataclass(kw_only=True)
class Training(Generic[Network]):
    """Everything the loop works with.

    Attributes:
        model: The network, on its device.
        apply: Applies a network to a batch of any size (pads and crops).
        objective: ``objective(network, batch, generator) -> (B,)``.
        batch: ``batch(step) -> (B, C, H, W)``, on any device.
        batch_size: B.
        validate: PSNR in dB of a network on the validation images.
        optimizer: Over the parameters of the model.
        lr: The highest learning rate.
        schedule: Share of ``lr`` at a step.
        steps: How many.
        seed: Of the noise.
        average: Whether the moving average of the weights is kept.
        bf16: Whether forward passes run in bfloat16.
    """

    model: Network
    apply: Callable[[Network, Tensor], Tensor]
    objective: Callable[[Callable[[Tensor], Tensor], Tensor, torch.Generator], Tensor]
    batch: Callable[[int], Tensor]
    batch_size: int
    validate: Callable[[Network], float]
    optimizer: torch.optim.Optimizer
    lr: float
    schedule: Schedule
    steps: int
    seed: int
    average: bool
    bf16: bool = False
    step: int = 0
    seconds: float = 0.0
    averaged: Average[Network] | None = field(init=False)

    def __post_init__(self) -> None:
        """Start the average from the initial weights."""
        self.averaged = Average(self.model) if self.average else None
        self.device = next(self.model.parameters()).device

    @property
    def best(self) -> Network:
        """The network to deliver."""
        return self.averaged.model if self.averaged else self.model

    def state(self) -> dict[str, Any]:
        """Return all that resuming needs, named by participant."""
        return {
            "model": self.model.state_dict(),
            "average": self.averaged.model.state_dict() if self.averaged else {},
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go to where ``state`` was taken."""
        self.model.load_state_dict(state["model"])
        if self.averaged:
            self.averaged.model.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]

    def advance(self) -> Tensor:
        """Take one step; return the mean loss of the batch, on the device."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr * self.schedule(self.step, self.steps)
        batch = self.batch(self.step).to(self.device, memory_format=torch.channels_last)
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
        report: Told now and then, and after every validation with its PSNR.
        save: Given the state at least every half minute, and always before a validation, so that
            a crash in validation loses nothing.

    Raises:
        UnnoiseError: The loss became NaN or infinite; the state is not saved then.
    """
    every = math.ceil(training.steps / VALIDATIONS)
    training.model.train()
    before, begun = training.seconds, time.perf_counter()
    first, saved, told, validated = training.step, begun, begun, 0.0
    total, count = torch.zeros((), device=training.device), 0
    while training.step < training.steps:
        total += training.advance()
        count += 1
        now = time.perf_counter()
        last = training.step == training.steps
        # Validation changes nothing in the training, so it may depend on the clock.
        affordable = validated <= VALIDATION_SHARE * (now - begun)
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
            progress = replace(progress, psnr=training.validate(training.best))
            training.model.train()
            validated += time.perf_counter() - start
            total.zero_()
            count = 0
        report(progress)
        told = time.perf_counter()


def measure_steps(training: Training[Network], seconds: float) -> int:
    """Return how many steps fit into ``seconds``; ``training`` is left as it was."""
    state = copy.deepcopy(training.state())
    training.model.train()
    times: list[float] = []
    begun = time.perf_counter()
    while len(times) < MEASURE_STEPS or time.perf_counter() - begun < MEASURE_SHARE * seconds:
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
