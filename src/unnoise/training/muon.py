"""The optimizer that networks of plain convolutions learn fastest with."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

MOMENTUM = 0.95
# Jordan et al. chose this polynomial to lift small singular values fast; it maps (0, 1] to about
# 0.7 to 1.2 in five steps, which serves as well as exactly 1.
POLYNOMIAL = (3.4445, -4.7750, 2.0315)
STEPS = 5
# Biases and the layers at both ends, where features meet pixels, take steps of Adam, at a smaller
# rate of their own (benchmarks/photo/candidates.py).
ADAM_SHARE = 0.15
# Without decay every step makes the weights larger, up to singular values of 18 in a training of
# 21,000 steps (docs/lab-notes.md).
DECAY = 0.1
BETAS, EPSILON = (0.9, 0.99), 1e-8


class Muon(torch.optim.Optimizer):
    """Steps whose singular values are all about one, by momentum and a Newton-Schulz iteration.

    Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024). The weight of a
    hidden layer is taken as the matrix of its first dimension (the outputs, of a convolution) and
    all others, its step scaled by ``sqrt(max(1, rows / columns))``; it decays by ``DECAY`` times
    the rate at each step (Liu et al., "Muon is scalable for LLM training", 2025). torch's own
    ``Muon`` takes matrices only and iterates in bfloat16, which a CPU without it emulates slowly.

    Args:
        parameters: The parameters of a network, from its first layer to its last.
        beside: The parameters of another network, all of which take steps of Adam.
        lr: Spectral norm of a step of a hidden layer; others have ``ADAM_SHARE`` of it.
    """

    def __init__(
        self, parameters: Iterable[Tensor], *, lr: float, beside: Iterable[Tensor] = ()
    ) -> None:
        own = list(parameters)
        every = [*own, *beside]
        layers = [weight for weight in own if weight.ndim > 1]
        hidden = {id(weight) for weight in layers[1:-1]}
        groups = [
            {"params": [p for p in every if (id(p) in hidden) == inside], "hidden": inside}
            for inside in (True, False)
        ]
        super().__init__([group for group in groups if group["params"]], {"lr": lr})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # no closure is taken
        """Take one step along the gradients."""
        assert closure is None
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if group["hidden"]:
                    step = _orthogonal(_momentum(state, weight.grad).flatten(1))
                    weight.mul_(1 - group["lr"] * DECAY)
                    weight.add_(step.view_as(weight), alpha=-group["lr"])
                else:
                    weight.add_(_adam(state, weight.grad), alpha=-group["lr"] * ADAM_SHARE)


def _momentum(state: dict[str, Any], gradient: Tensor) -> Tensor:
    """Return Nesterov's look ahead."""
    if "momentum" not in state:
        state["momentum"] = torch.zeros_like(gradient)
    average: Tensor = state["momentum"]
    average.mul_(MOMENTUM).add_(gradient)
    return gradient.add(average, alpha=MOMENTUM)


def _orthogonal(matrix: Tensor) -> Tensor:
    """Return nearly the closest matrix of orthogonal rows or columns, scaled by its shape.

    Each iteration is ``X <- (a + b X Xᵀ + c (X Xᵀ)²) X``. All its factors commute with ``X Xᵀ``, so
    they are multiplied up on that small square, and with X once, at the end.
    """
    rows, columns = matrix.shape
    wide = matrix.mT if rows > columns else matrix
    wide = wide / wide.norm().clamp_min(1e-12)  # the spectral norm is no larger than this one
    gram = wide @ wide.mT
    product = factor = _factor(gram)
    for _ in range(STEPS - 1):
        gram = factor @ gram @ factor
        factor = _factor(gram)
        product = factor @ product
    wide = product @ wide
    scale = max(1, rows / columns) ** 0.5
    scaled: Tensor = scale * (wide.mT if rows > columns else wide)
    return scaled


def _factor(gram: Tensor) -> Tensor:
    """Return ``a + b G + c G²``."""
    a, b, c = POLYNOMIAL
    factor = torch.addmm(gram, gram, gram, beta=b, alpha=c)
    factor.diagonal().add_(a)
    return factor


def _adam(state: dict[str, Any], gradient: Tensor) -> Tensor:
    """Return the step of Adam (Kingma & Ba 2015) for a rate of one."""
    if "count" not in state:
        zeros = torch.zeros_like(gradient)
        state |= {"first": zeros, "second": zeros.clone(), "count": 0}
    state["count"] += 1
    first, second, count = state["first"], state["second"], state["count"]
    first.lerp_(gradient, 1 - BETAS[0])
    second.lerp_(gradient.square(), 1 - BETAS[1])
    deviation = (second / (1 - BETAS[1] ** count)).sqrt().add_(EPSILON)
    step: Tensor = first / (1 - BETAS[0] ** count) / deviation
    return step
