"""The loop: from step to step, validating and saving on the way."""

import copy
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from unnoise.errors import UnnoiseError
from unnoise.training.steps import Network, Training, Validation

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
    samples_per_second: float
    unit: str  # of a sample, ``images`` or ``patches``
    seconds: float  # spent training, over all resumptions
    validation: Validation | None = None  # where there was one


def train(
    training: Training[Network],
    *,
    report: Callable[[Progress], None],
    save: Callable[[dict[str, Any]], None],
) -> None:
    """Run from ``training.step`` to ``training.steps``.

    Args:
        training: What to train; it is changed in place.
        report: Told now and then, and after every validation with what it found. In between, the
            loss is that of this process's part of the batches.
        save: Given the state at least every half minute, and always before a validation, so that
            a crash in validation loses nothing.

    Raises:
        UnnoiseError: The loss became NaN or infinite; the state is not saved then.
    """
    every = math.ceil(training.steps / training.validations)
    training.model.train()
    if training.select and training.due:
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
        validating = last or (training.step % every == 0 and bool(training.world.agree(affordable)))
        saving = validating or now - saved > CHECKPOINT_SECONDS
        if not saving and now - told < REPORT_SECONDS:
            continue
        training.seconds = before + now - begun
        mean = total / count
        mean = training.world.total(mean) if validating else mean / training.division.portion
        progress = Progress(
            step=training.step,
            steps=training.steps,
            loss=_finite(mean.item(), training.step),
            samples_per_second=(training.step - first) * training.batch_size / (now - begun),
            unit=training.unit,
            seconds=training.seconds,
        )
        if saving:
            # A loss of another process may be what made them so.
            norms = torch._foreach_norm([weight.detach() for weight in training.model.parameters()])
            _finite(float(torch.stack(norms).sum()), training.step)
            training.due = validating
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
    agree = training.world.agree
    while len(times) < MEASURE_STEPS or agree(time.perf_counter() - begun < enough):
        start = time.perf_counter()
        training.advance().item()
        times.append(time.perf_counter() - start)
    training.restore(state)
    # The first steps build caches: the median does not see them.
    left = seconds * (1 - VALIDATION_SHARE) - sum(times)
    return int(agree(max(1, round(left / statistics.median(times)))))


def _finite(loss: float, step: int) -> float:
    if not math.isfinite(loss):
        raise UnnoiseError(
            f"the loss became {loss} before step {step}: train again with a smaller --lr, "
            "or look for extreme values in the images"
        )
    return loss
