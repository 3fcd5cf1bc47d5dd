import copy
import time
from itertools import pairwise
from typing import Any

import pytest
import torch
from small import LENGTH, Flat, Judge, small_training
from torch import Tensor, nn

from unnoise.errors import UnnoiseError
from unnoise.training import (
    SCHEDULES,
    Length,
    Progress,
    Training,
    Validation,
    measure_steps,
    train,
)
from unnoise.training.steps import Average

AIM = 0.1355  # a bias that the small training passes in its middle


def weights(training: Training) -> list[Tensor]:
    return list(training.result().values())


def run(training: Training, steps: int = 30) -> tuple[list[Progress], list[dict[str, Any]]]:
    """Train; return what was reported, and what was saved."""
    reported: list[Progress] = []
    saved: list[dict[str, Any]] = []
    train(
        training,
        Length(steps=steps),
        report=reported.append,
        save=lambda state: saved.append(copy.deepcopy(state)),
    )
    return reported, saved


def test_a_resumed_training_equals_an_undisturbed_one_from_every_checkpoint() -> None:
    whole = small_training()
    _, saved = run(whole)
    assert len(saved) > 3
    for state in saved:
        resumed = small_training()
        resumed.restore(state)
        run(resumed)
        assert all(map(torch.equal, weights(resumed), weights(whole)))


def risk_by_bias(model: nn.Module) -> Validation:
    """Prefer weights on the way: the bias passes this value while it is trained."""
    bias = float(model.get_parameter("layer.bias").detach())
    return Validation(risk=abs(bias - AIM), psnr=None)


def choosing() -> Training:
    return small_training(validator=Judge(risk_by_bias), select=True)


def test_the_network_of_the_lowest_risk_is_delivered_after_any_resumption() -> None:
    whole = choosing()
    reported, saved = run(whole)
    risks = [p.validation.risk for p in reported if p.validation]
    assert whole.state.lowest == min(risks)
    assert risks.index(min(risks)) not in (0, len(risks) - 1), "the best is on the way"
    delivered = whole.result()
    assert risk_by_bias_of(delivered) == min(risks)
    for state in saved:
        resumed = choosing()
        resumed.restore(state)
        run(resumed)
        assert all(map(torch.equal, weights(resumed), weights(whole)))


def test_a_training_made_longer_equals_itself_from_every_checkpoint_and_keeps_the_best() -> None:
    short = choosing()
    _, saved = run(short)
    for start in (saved[-1], saved[len(saved) // 2]):  # its end, and a stop on the way
        longer = choosing()
        longer.restore(start)
        reported, further = run(longer, 70)
        assert reported[-1].step == 70
        assert longer.state.lowest <= short.state.lowest
        for state in further:
            resumed = choosing()
            resumed.restore(state)
            run(resumed, 70)
            assert resumed.state.lowest == longer.state.lowest
            assert all(map(torch.equal, weights(resumed), weights(longer)))


def test_a_training_made_longer_has_the_rates_of_the_new_length() -> None:
    short, longer, whole = (small_training() for _ in range(3))
    _, saved = run(short)
    longer.restore(saved[-1])
    longer.advance(60)
    for _ in range(31):
        whole.advance(60)
    rates = [training.optimisation.optimizer.param_groups[0]["lr"] for training in (longer, whole)]
    assert rates[0] == rates[1] > 0.4e-2


def risk_by_bias_of(state: dict[str, Tensor]) -> float:
    return abs(float(state["layer.bias"]) - AIM)


def test_what_is_reported() -> None:
    reported, _ = run(small_training())
    assert reported[-1].step == reported[-1].steps == 30
    assert reported[-1].validation == Validation(risk=0.01, psnr=20.0)
    assert reported[-1].loss < reported[0].loss
    assert all(a.step <= b.step for a, b in pairwise(reported))


def test_a_crash_in_validation_loses_nothing() -> None:
    saved: list[int] = []

    def crash(_: nn.Module) -> Validation:
        raise RuntimeError

    training = small_training(validator=Judge(crash))
    with pytest.raises(RuntimeError):
        train(training, LENGTH, report=lambda _: None, save=lambda each: saved.append(each["step"]))
    assert saved == [training.state.step]


def test_a_loss_that_is_not_finite_ends_the_training_before_it_is_saved() -> None:
    saved: list[int] = []
    training = small_training(batches=Flat(lambda step: float("nan") if step > 9 else 0.5))
    with pytest.raises(UnnoiseError, match=r"the loss became nan before step \d+: .* smaller --lr"):
        train(training, LENGTH, report=lambda _: None, save=lambda each: saved.append(each["step"]))
    assert max(saved) <= 10


def test_measuring_leaves_no_trace() -> None:
    measured, fresh = small_training(), small_training()
    before = time.perf_counter()
    assert measure_steps(measured, 0.5) > 3
    assert time.perf_counter() - before < 0.5
    assert measured.state.step == 0
    run(measured)
    run(fresh)
    assert all(map(torch.equal, weights(measured), weights(fresh)))


def test_schedules() -> None:
    cosine, constant = SCHEDULES["cosine"], SCHEDULES["constant"]
    rates = [cosine(step, 1000) for step in range(1000)]
    assert max(rates) == pytest.approx(1, abs=0.01)
    assert rates.index(max(rates)) == pytest.approx(50, abs=5)
    assert rates[-1] <= 0.001
    assert {constant(step, 10) for step in range(10)} == {1.0}
    assert 0 < cosine(0, 1) <= 1


def test_the_average_of_a_constant_is_that_constant_and_integers_are_left_alone() -> None:
    model = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1))
    average = Average(model)
    for step in range(5):
        average.update(step)
    for ours, theirs in zip(
        average.model.state_dict().values(), model.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(ours, theirs)
    with torch.no_grad():
        model.get_parameter("0.bias").fill_(1.0)
    for step in range(20_000):
        average.update(step)
    torch.testing.assert_close(average.model.get_parameter("0.bias"), torch.ones(1))


def test_pieces_that_are_added_up_give_the_gradients_of_the_whole() -> None:
    whole, pieces = (small_training(pieces=count, group=1, average=False) for count in (1, 2))
    run(whole)
    run(pieces)
    for one, other in zip(weights(whole), weights(pieces), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-7)
