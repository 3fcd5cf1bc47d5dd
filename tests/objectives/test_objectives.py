import pytest
import torch
from torch.nn import functional as F

from unnoise.noise import parse_noise
from unnoise.objectives import LOSSES, Loss, Supervised
from unnoise.objectives.losses import nearly_clamp
from unnoise.seeding import generator


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_the_mean_of_each_sample(name: str) -> None:
    output, target = torch.rand(3, 2, 5, 6), torch.rand(3, 2, 5, 6)
    references: dict[str, Loss] = {
        "mse": F.mse_loss,
        "l1": F.l1_loss,
        "bce": F.binary_cross_entropy,
    }
    expected = [references[name](a, b).item() for a, b in zip(output, target, strict=True)]
    assert LOSSES[name](output, target).tolist() == pytest.approx(expected, rel=1e-5)


def test_bce_stays_finite_at_the_ends() -> None:
    ends, middle = torch.tensor([[[[0.0, 1.0]]]]), torch.tensor([[[[1.0, 0.0]]]])
    # -log(1e-7), the largest loss of one value, as in Keras.
    assert LOSSES["bce"](ends, middle).item() == pytest.approx(16.118, abs=0.1)
    assert LOSSES["bce"](ends, ends).item() == pytest.approx(0, abs=1e-6)


def test_nearly_clamped_values_keep_their_order_and_a_gradient() -> None:
    x = torch.linspace(-2, 3, 101, requires_grad=True)
    y = nearly_clamp(x)
    assert (y.diff() > 0).all()
    inside = (x >= 0) & (x <= 1)
    assert torch.equal(y[inside], x[inside])
    assert y.min() > -0.11
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.min() > 0.04


def test_supervised_is_its_formula() -> None:
    clean, noise = torch.rand(4, 1, 8, 8), parse_noise("gaussian:0.1")
    objective = Supervised(noise, LOSSES["mse"])
    seen = []

    def halve(noisy: torch.Tensor) -> torch.Tensor:
        seen.append(noisy)
        return noisy / 2

    loss = objective(halve, clean, generator(5))
    noisy = noise(clean, generator(5))
    assert torch.equal(seen[0], noisy)
    assert loss.shape == (4,)
    expected = (nearly_clamp(noisy / 2) - clean).square().mean((1, 2, 3))
    torch.testing.assert_close(loss, expected)
    perfect = objective(lambda _: clean, clean, generator(5))
    assert perfect.tolist() == [0, 0, 0, 0]
