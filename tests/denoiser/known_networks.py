"""Models of torch as networks on the CPU."""

import torch

from unnoise.denoiser.torch_backend import TorchNetwork
from unnoise.models import Model


def torch_network(model: Model) -> TorchNetwork:
    """Return a model as a network."""
    return TorchNetwork(model.eval(), torch.device("cpu"))
