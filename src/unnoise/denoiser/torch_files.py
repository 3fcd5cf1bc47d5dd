"""From a ``.safetensors`` file to the network that it holds, with torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from unnoise.denoiser.kept_range import check_header
from unnoise.denoiser.loading import locate
from unnoise.errors import ModelError, ModelFileError
from unnoise.models import Distances, Model, build_model
from unnoise.runs import BOUNDS, ModelInfo, read_model_file


class Loaded(NamedTuple):
    """What a model file holds."""

    info: ModelInfo
    model: Model
    distances: Distances | None  # of its bounds, where it has any


def load_model(path: str | Path, *, table: bool = False) -> Loaded:
    """Load a model for torch.

    Args:
        path: See ``loading.locate``.
        table: Whether the model of a table will do, whose rows are no images.

    Raises:
        ModelFileError: The file is missing, damaged, of another format, or does not fit the
            architecture that it names.
    """
    path = locate(path)
    info, weights = read_model_file(path)
    if info.estimator is not None and info.value_range is None and not table:
        raise ModelFileError(
            f"{path} holds an estimator of a table, and no denoiser of images: open it with "
            "unnoise.DenoisingAutoencoder.load"
        )
    own = {name: weights.pop(name) for name in list(weights) if name.startswith(BOUNDS)}
    distances = None
    try:
        # On "meta" no memory is taken, so a header cannot ask for more than the file holds.
        with torch.device("meta"):
            model = build_model(info.model, info.arguments)
            if info.bounds is not None:
                distances = Distances(info.bounds["arguments"])
        _fill(model, weights)
        if distances is not None and info.bounds is not None:
            _fill(distances, {name.removeprefix(BOUNDS): own[name] for name in own})
        check_header(info, model, distances)
    except (RuntimeError, TypeError, ValueError, KeyError, ModelError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelFileError(f"{path} does not hold the weights it says: {reason}") from error
    return Loaded(info, model, distances)


def _fill(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    wanted = {name: tensor.dtype for name, tensor in network.state_dict().items()}
    if any(weights[name].dtype != dtype for name, dtype in wanted.items() if name in weights):
        raise TypeError("its weights are not of the dtype of the model")
    network.load_state_dict(weights, assign=True)
