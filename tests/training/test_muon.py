import pytest
import torch
from torch import nn

from unnoise.training.muon import ADAM_SHARE, DECAY, Muon


def hidden(weight: torch.Tensor, lr: float) -> tuple[nn.Parameter, Muon]:
    """Return a weight between two layers that have no gradient."""
    parameter = nn.Parameter(weight.clone())
    ends = nn.Parameter(torch.zeros(2, 2)), nn.Parameter(torch.zeros(2, 2))
    return parameter, Muon([ends[0], parameter, ends[1]], lr=lr)


def step_of(weight: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """Return what a step at a rate of one adds to the weight, which has decayed before."""
    parameter, optimizer = hidden(weight, 1.0)
    parameter.grad = gradient
    optimizer.step()
    return parameter.detach() - weight * (1 - DECAY)


@pytest.mark.parametrize("shape", [(16, 8, 3, 3), (64, 8), (8, 64, 1, 1), (7, 7)])
def test_a_step_is_nearly_orthogonal_and_goes_down(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    gradient = torch.randn(shape)
    step = step_of(torch.randn(shape), gradient).flatten(1)
    rows, columns = step.shape
    values = torch.linalg.svdvals(step) / max(1, rows / columns) ** 0.5
    assert values.max() < 1.3
    assert values.median() > 0.6
    assert (step * gradient.flatten(1)).sum() < 0


def test_the_iteration_is_the_published_one() -> None:
    torch.manual_seed(1)
    gradient = torch.randn(12, 30)
    x = gradient * 1.95  # Nesterov's first look ahead
    x = x / x.norm()
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    torch.testing.assert_close(step_of(torch.zeros(12, 30), gradient), -x, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("shape", [(5,), (4, 3)])
def test_vectors_and_both_ends_step_as_adam_does(shape: tuple[int, ...]) -> None:
    torch.manual_seed(2)
    start = torch.randn(shape)
    ours, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    muon = Muon([ours], lr=0.01)
    adam = torch.optim.Adam([theirs], lr=0.0015, betas=(0.9, 0.99))
    for _ in range(6):
        gradient = torch.randn(shape)
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        muon.step()
        adam.step()
    torch.testing.assert_close(ours, theirs)


def test_a_zero_gradient_lets_a_weight_decay() -> None:
    parameter, optimizer = hidden(torch.ones(4, 4), 0.5)
    parameter.grad = torch.zeros(4, 4)
    optimizer.step()
    assert torch.equal(parameter.detach(), torch.full((4, 4), 1 - 0.5 * DECAY))


def test_weights_stay_small_however_long_the_training() -> None:
    """Steps of one direction for ever end at 1 / DECAY, whatever the rate."""
    parameter, optimizer = hidden(torch.zeros(6, 6), 0.2)
    for _ in range(500):
        parameter.grad = torch.eye(6)
        optimizer.step()
    assert torch.linalg.svdvals(parameter.detach()).max() < 1.3 / DECAY


def test_state_goes_on_where_it_was() -> None:
    torch.manual_seed(3)
    gradients = [torch.randn(6, 9) for _ in range(4)]

    def run(stop: int | None) -> torch.Tensor:
        weight, optimizer = hidden(torch.ones(6, 9), 0.1)
        for i, gradient in enumerate(gradients):
            if i == stop:
                state = optimizer.state_dict()
                start = weight.detach()
                weight, optimizer = hidden(start, 0.1)
                optimizer.load_state_dict(state)
            weight.grad = gradient.clone()
            optimizer.step()
        return weight.detach()

    assert torch.equal(run(2), run(None))


def test_another_network_beside_takes_steps_of_adam_and_changes_nothing() -> None:
    def trained(beside: list[torch.nn.Parameter]) -> list[torch.Tensor]:
        torch.manual_seed(0)
        own = [torch.nn.Parameter(torch.rand(4, 4)) for _ in range(3)]
        optimizer = Muon(own, lr=0.1, beside=beside)
        for _ in range(3):
            loss = torch.stack([(weight**2).sum() for weight in [*own, *beside]]).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return [weight.detach() for weight in own]

    other = torch.nn.Parameter(torch.ones(4, 4))
    assert all(map(torch.equal, trained([]), trained([other])))
    assert torch.allclose(other, torch.full((4, 4), 1 - 3 * 0.1 * ADAM_SHARE), atol=1e-3)
