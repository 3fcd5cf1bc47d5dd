"""Distances between two batches, per sample."""

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F

Loss = Callable[[Tensor, Tensor], Tensor]

LEAK = 0.05
LEAST = 1e-4  # of an absolute error whose root is taken: its slope stays finite


def nearly_clamp(x: Tensor) -> Tensor:
    """Clamp to [0, 1], but for a small slope outside, which keeps a gradient alive there."""
    inside = x.clamp(0, 1)
    return inside + LEAK * (x - inside)


def mse(output: Tensor, target: Tensor) -> Tensor:
    """Mean squared error of each sample, ``(B,)``; its minimum has the highest PSNR."""
    return F.mse_loss(output, target, reduction="none").mean((1, 2, 3))


def l1(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute error of each sample, ``(B,)``."""
    return F.l1_loss(output, target, reduction="none").mean((1, 2, 3))


def root_l1(output: Tensor, target: Tensor) -> Tensor:
    """Square root of the mean absolute error, ``(B,)``, which weighs weak noise more in a mean."""
    return (l1(output, target) + LEAST).sqrt()


def bce(output: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy of each sample, ``(B,)``; output and target in [0, 1]."""
    clipped = output.clamp(1e-7, 1 - 1e-7)  # as in Keras
    return F.binary_cross_entropy(clipped, target, reduction="none").mean((1, 2, 3))


LOSSES: dict[str, Loss] = {"mse": mse, "l1": l1, "root-l1": root_l1, "bce": bce}
