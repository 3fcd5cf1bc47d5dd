"""Batch normalisation over the samples of all processes, as one process would do it.

torch's own ``SyncBatchNorm`` is for GPUs only.
"""

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


def synchronise(module: nn.Module) -> None:
    """Let the layers of a module that normalise over the batch do so over all processes."""
    for layer in module.modules():
        if type(layer) in SYNCED:
            layer.__class__ = SYNCED[type(layer)]


def sum_of_all(part: Tensor) -> Tensor:
    """Return the sum of ``part`` over all processes."""
    total = part.contiguous().clone()
    dist.all_reduce(total)
    return total


class _Total(torch.autograd.Function):
    """The sum over all processes; each adds to the gradients of all."""

    @staticmethod
    def forward(_: object, part: Tensor) -> Tensor:
        return sum_of_all(part)

    @staticmethod
    def backward(_: object, *gradients: Tensor) -> Tensor:
        return sum_of_all(gradients[0])


def _total(part: Tensor) -> Tensor:
    total: Tensor = _Total.apply(part)  # type: ignore[no-untyped-call]  # of torch
    return total


class _Synced(_BatchNorm):
    def forward(self, given: Tensor) -> Tensor:
        return _normalised(self, given) if self.training else super().forward(given)


class _Synced1d(_Synced, nn.BatchNorm1d): ...


class _Synced2d(_Synced, nn.BatchNorm2d): ...


SYNCED: dict[type[nn.Module], type[_Synced]] = {
    nn.BatchNorm1d: _Synced1d,
    nn.BatchNorm2d: _Synced2d,
}


def _normalised(norm: _BatchNorm, given: Tensor) -> Tensor:
    """Normalise by mean and variance over the samples of all processes."""
    over = [0, *range(2, given.ndim)]
    shape = [1, -1, *[1] * (given.ndim - 2)]
    values = given.float()
    counted = torch.full_like(values.sum(over)[None], values.numel() / values.shape[1])
    sums, counts = _total(torch.cat([values.sum(over)[None], counted]))
    mean = sums / counts
    centred = values - mean.view(shape)
    variance = _total(centred.square().sum(over)) / counts
    if norm.track_running_stats:
        assert norm.running_mean is not None
        assert norm.running_var is not None
        assert norm.num_batches_tracked is not None
        assert norm.momentum is not None
        with torch.no_grad():
            norm.running_mean.lerp_(mean, norm.momentum)
            norm.running_var.lerp_(variance * counts / (counts - 1), norm.momentum)
            norm.num_batches_tracked.add_(1)
    made: Tensor = centred * (variance + norm.eps).rsqrt().view(shape)
    if norm.affine:
        made = made * norm.weight.view(shape) + norm.bias.view(shape)
    return made
