import time
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from unnoise.errors import UnnoiseError
from unnoise.training import SCHEDULES, Progress, Training, Validation, measure_steps, train
from unnoise.training.average import Average

AIM = 0.1355  # a bias that the small training passes in its middle


def small_training(**changes: Any) -> Training[nn.Conv2d]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Conv2d(1, 1, 3, padding=1)
    settings: dict[str, Any] = {
        "model": model,
        "apply": lambda network, x: network(x),
        "draw": lambda batch, generator: (
            batch[0] + torch.randn(batch[0].shape, generator=generator),
            batch[0],
        ),
        "losses": lambda network, drawn: (network(drawn[0]) - drawn[1]).square().mean((1, 2, 3)),
        "batch": lambda step, samples: (torch.full((2, 1, 8, 8), step % 3 / 3)[samples],),
        "batch_size": 2,
        "validate": lambda _: Validation(risk=0.01, psnr=20.0),
        "optimizer": torch.optim.AdamW(model.parameters(), lr=1e-2),
        "lr": 1e-2,
        "schedule": SCHEDULES["cosine"],
        "steps": 30,
        "seed": 1,
        "average": True,
    }
    return Training(**{**settings, **changes})


def weights(training: Training[nn.Conv2d]) -> list[Tensor]:
    return list(training.result().values())


def run(training: Training[nn.Conv2d]) -> tuple[list[Progress], list[dict[str, Any]]]:
    import copy

    told: list[Progress] = []
    saved: list[dict[str, Any]] = []
    train(training, report=told.append, save=lambda state: saved.append(copy.deepcopy(state)))
    return told, saved


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
    bias = float(model.get_parameter("bias").detach())
    return Validation(risk=abs(bias - AIM), psnr=None)


def test_the_network_of_the_lowest_risk_is_delivered_after_any_resumption() -> None:
    whole = small_training(validate=risk_by_bias, select=True)
    told, saved = run(whole)
    risks = [p.validation.risk for p in told if p.validation]
    assert whole.lowest == min(risks)
    assert risks.index(min(risks)) not in (0, len(risks) - 1), "the best is on the way"
    delivered = whole.result()
    assert risk_by_bias_of(delivered) == min(risks)
    for state in saved:
        resumed = small_training(validate=risk_by_bias, select=True)
        resumed.restore(state)
        run(resumed)
        assert all(map(torch.equal, weights(resumed), weights(whole)))


def test_a_training_made_longer_equals_itself_from_every_checkpoint_and_keeps_the_best() -> None:
    short = small_training(validate=risk_by_bias, select=True)
    _, saved = run(short)
    for start in (saved[-1], saved[len(saved) // 2]):  # its end, and a stop on the way
        longer = small_training(validate=risk_by_bias, select=True, steps=70)
        longer.restore(start)
        told, further = run(longer)
        assert told[-1].step == 70
        assert longer.lowest <= short.lowest
        for state in further:
            resumed = small_training(validate=risk_by_bias, select=True, steps=70)
            resumed.restore(state)
            run(resumed)
            assert resumed.lowest == longer.lowest
            assert all(map(torch.equal, weights(resumed), weights(longer)))


def test_a_training_made_longer_has_the_rates_of_the_new_length() -> None:
    short, longer, whole = (small_training(steps=steps) for steps in (30, 60, 60))
    _, saved = run(short)
    longer.restore(saved[-1])
    longer.advance()
    for _ in range(31):
        whole.advance()
    rates = [training.optimizer.param_groups[0]["lr"] for training in (longer, whole)]
    assert rates[0] == rates[1] > 0.4e-2


def risk_by_bias_of(state: dict[str, Tensor]) -> float:
    return abs(float(state["bias"]) - AIM)


def test_what_is_told() -> None:
    told, _ = run(small_training())
    assert told[-1].step == told[-1].steps == 30
    assert told[-1].validation == Validation(risk=0.01, psnr=20.0)
    assert told[-1].loss < told[0].loss
    assert all(a.step <= b.step for a, b in pairwise(told))


def test_a_crash_in_validation_loses_nothing() -> None:
    saved: list[int] = []

    def crash(_: nn.Module) -> Validation:
        raise RuntimeError

    training = small_training(validate=crash)
    with pytest.raises(RuntimeError):
        train(training, report=lambda _: None, save=lambda state: saved.append(state["step"]))
    assert saved == [training.step]


def test_a_loss_that_is_not_finite_ends_the_training_before_it_is_saved() -> None:
    saved: list[int] = []
    training = small_training(
        batch=lambda step, _: (torch.full((2, 1, 8, 8), float("nan") if step > 9 else 0.5),)
    )
    with pytest.raises(UnnoiseError, match=r"the loss became nan before step 12: .* smaller --lr"):
        train(training, report=lambda _: None, save=lambda state: saved.append(state["step"]))
    assert max(saved) <= 10


def test_measuring_leaves_no_trace() -> None:
    measured, fresh = small_training(), small_training()
    before = time.perf_counter()
    assert measure_steps(measured, 0.5) > 3
    assert time.perf_counter() - before < 0.5
    assert measured.step == 0
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
    whole, pieces = (small_training(pieces=count, grain=1, average=False) for count in (1, 2))
    run(whole)
    run(pieces)
    for one, other in zip(weights(whole), weights(pieces), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-7)
