"""From a model file to the network that it holds."""

import math
from pathlib import Path

import numpy as np
import torch

from unnoise.errors import ModelError, ModelFileError
from unnoise.images import ValueRange
from unnoise.models import Model, build_model
from unnoise.pretrained import locate
from unnoise.runs import ModelInfo, RunFolder, read_model_file


def load_model(path: str | Path) -> tuple[ModelInfo, Model]:
    """Load a model file, the model of a run folder, or one that comes with the package.

    Raises:
        ModelFileError: The file is missing, damaged, of another format, or does not fit the
            architecture that it names.
    """
    path = locate(path)
    if path.is_dir():
        path = RunFolder(path).model
    info, weights = read_model_file(path)
    try:
        # On "meta" no memory is taken, so a header cannot ask for more than the file holds.
        with torch.device("meta"):
            model = build_model(info.model, info.arguments)
        wanted = {name: tensor.dtype for name, tensor in model.state_dict().items()}
        if any(weights[name].dtype != dtype for name, dtype in wanted.items() if name in weights):
            raise TypeError("its weights are not of the dtype of the model")
        model.load_state_dict(weights, assign=True)
        if model.fixed_size and info.strides != (1,):
            raise ValueError(f"a model of one size cannot be used at strides {info.strides}")
        read_range(info)
    except (RuntimeError, TypeError, ValueError, KeyError, ModelError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelFileError(f"{path} does not hold the weights it says: {reason}") from error
    return info, model


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
