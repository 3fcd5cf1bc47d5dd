"""The loop: step after step, with validations and checkpoints between them."""

import copy
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from unnoise.errors import UnnoiseError
from unnoise.training.contract import Length, Validation
from unnoise.training.steps import Training
from unnoise.types import Floats

VALIDATION_SHARE = 0.05  # of the time
CHECKPOINT_SECONDS = 30.0
REPORT_SECONDS = 0.25
MEASURE_SHARE = 0.03  # of the time given, spent to measure the speed
MEASURE_SECONDS = 20.0  # at most
MEASURE_STEPS = 3  # at least


class Enough(Exception):  # noqa: N818  it is no error
    """Raised by ``report`` to end a training early; it delivers the best network so far."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The progress that the loop reports."""

    step: int
    steps: int
    loss: float  # mean since the last validation
    samples_per_second: float
    unit: str  # of a sample, ``images`` or ``patches``
    seconds: float  # spent training, over all resumptions
    validation: Validation | None = None  # where there was one
    # With a validation: draws a held-out image (C, H, W) before and after, in the model's scale.
    example: Callable[[], tuple[Floats, Floats]] | None = None


def train(
    training: Training,
    length: Length,
    *,
    report: Callable[[Progress], None],
    save: Callable[[dict[str, Any]], None],
) -> None:
    """Take the steps that are left.

    Args:
        training: What to train; it is changed in place.
        length: How long the training is.
        report: Gets the progress now and then, with this process's loss, and each validation. It
            may raise ``Enough``.
        save: Gets a checkpoint every half minute, and before each validation, so that a crash there
            loses nothing.

    Raises:
        UnnoiseError: The loss became NaN or infinite; the state is not saved then.
    """
    every = math.ceil(length.steps / length.validations)
    world = training.division.world
    training.model.train()
    if training.select and training.state.due:
        training.check()  # the checkpoint was written before it
    state = training.state
    before, begun = state.seconds, time.perf_counter()
    first, saved, reported, validated = state.step, begun, begun, 0.0
    total, count = torch.zeros((), device=training.device), 0
    while state.step < length.steps:
        total += training.advance(length.steps)
        count += 1
        now = time.perf_counter()
        last = state.step == length.steps
        # Validation that selects nothing does not change the result, so the clock may decide.
        affordable = training.select or validated <= VALIDATION_SHARE * (now - begun)
        validating = last or (state.step % every == 0 and bool(world.agree(affordable)))
        saving = validating or now - saved > CHECKPOINT_SECONDS
        if not saving and now - reported < REPORT_SECONDS:
            continue
        state.seconds = before + now - begun
        mean = total / count
        mean = world.total(mean) if validating else mean / training.division.portion
        progress = Progress(
            step=state.step,
            steps=length.steps,
            loss=_finite(mean.item(), state.step),
            samples_per_second=(state.step - first) * training.batches.size / (now - begun),
            unit=training.batches.unit,
            seconds=state.seconds,
        )
        if saving:
            # The loss of another process may have made the weights infinite.
            norms = torch._foreach_norm([weight.detach() for weight in training.model.parameters()])
            _finite(float(torch.stack(norms).sum()), state.step)
            state.due = validating
            save(training.checkpoint())
            saved = time.perf_counter()
        if validating:
            start = time.perf_counter()
            progress = replace(progress, validation=training.check())
            validated += time.perf_counter() - start
            total.zero_()
            count = 0
        try:
            report(progress)
        except Enough:
            if not validating:
                state.due = True
                save(training.checkpoint())
                training.check()
            return
        reported = time.perf_counter()


def measure_steps(training: Training, seconds: float) -> int:
    """Return how many steps fit into ``seconds``; ``training`` is left as it was."""
    checkpoint = copy.deepcopy(training.checkpoint())
    training.model.train()
    training.advance(1).item()  # builds caches, or compiles
    times: list[float] = []
    begun = time.perf_counter()
    enough = min(MEASURE_SHARE * seconds, MEASURE_SECONDS)
    agree = training.division.world.agree
    while len(times) < MEASURE_STEPS or agree(time.perf_counter() - begun < enough):
        start = time.perf_counter()
        training.advance(1).item()
        times.append(time.perf_counter() - start)
    training.restore(checkpoint)
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
