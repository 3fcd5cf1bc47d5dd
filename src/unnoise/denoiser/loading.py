"""From a model file to the network that it holds."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from unnoise.errors import ModelError, ModelFileError
from unnoise.images import ValueRange
from unnoise.models import Distances, Model, build_model
from unnoise.pretrained import locate
from unnoise.runs import BOUNDS, ModelInfo, RunFolder, read_model_file


class Loaded(NamedTuple):
    """What a model file holds."""

    info: ModelInfo
    model: Model
    distances: Distances | None  # of its bounds, where it has any


def load_model(path: str | Path, *, table: bool = False) -> Loaded:
    """Load a model file, the model of a run folder, or one that comes with the package.

    Args:
        path: What to load.
        table: Whether the model of a table will do, whose rows are no images.

    Raises:
        ModelFileError: The file is missing, damaged, of another format, or does not fit the
            architecture that it names.
    """
    path = locate(path)
    if path.is_dir():
        path = RunFolder(path).model
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
            numbers = [info.bounds["level"]]
            for group in info.bounds["groups"]:
                numbers += [group["scale"], group["up_to"], float(group["grey"])]
            if not all(type(number) is float and 0 <= number < math.inf for number in numbers):
                raise ValueError(f"its bounds are described by {numbers}")
            if distances.channels != 2 * model.channels:
                raise ValueError(f"its bounds are for {distances.channels / 2:g} channels")
        if model.fixed_size and info.strides != (1,):
            raise ValueError(f"a model of one size cannot be used at strides {info.strides}")
        read_range(info)
    except (RuntimeError, TypeError, ValueError, KeyError, ModelError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelFileError(f"{path} does not hold the weights it says: {reason}") from error
    return Loaded(info, model, distances)


def _fill(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    wanted = {name: tensor.dtype for name, tensor in network.state_dict().items()}
    if any(weights[name].dtype != dtype for name, dtype in wanted.items() if name in weights):
        raise TypeError("its weights are not of the dtype of the model")
    network.load_state_dict(weights, assign=True)


def read_range(info: ModelInfo) -> tuple[np.dtype[np.generic] | None, ValueRange | None]:
    """Return the dtype and the range that a model keeps from its training data, if it does.

    Raises:
        ValueError: They cannot be. So do ``KeyError`` and ``TypeError``.
    """
    kept = info.value_range
    if kept is None:
        return None, None
    low, high = float(kept["low"]), float(kept["high"])
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"its value range goes from {low} to {high}")
    return np.dtype(kept["dtype"]), ValueRange(low, high, bool(kept["clamp"]))
