"""The file of a fitted estimator: a model file whose header has its parameters and its columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.denoiser import load_model
from unnoise.errors import ModelFileError
from unnoise.models import CodeModel
from unnoise.runs import ModelInfo, write_model_file

Doubles = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What the file keeps.

    Attributes:
        params: Of the constructor, as plain values.
        offset: Of each column.
        scale: Of each column, more than 0.
        names: Of the columns, where they have any.
        model: The network.
    """

    params: Mapping[str, Any]
    offset: Doubles
    scale: Doubles
    names: list[str] | None
    model: CodeModel


def write_estimator(path: Path, saved: Saved, *, overwrite: bool) -> None:
    """Write the file, whole or not at all; see ``write_model_file``."""
    low, scale = float(saved.offset[0]), float(saved.scale[0])
    images = saved.params["image_shape"] is not None
    info = ModelInfo(
        model=saved.params["model"],
        arguments=saved.model.arguments,
        channels=saved.model.channels,
        noise=saved.params["noise"],
        objective=f"supervised, {'bce' if saved.model.bounded else 'mse'}",
        data="<array>",
        seed=0,
        value_range={"dtype": "float64", "low": low, "high": low + scale, "clamp": True}
        if images
        else None,
        estimator={
            "params": dict(saved.params),
            "names": saved.names,
            "offset": saved.offset.tolist(),
            "scale": saved.scale.tolist(),
        },
    )
    write_model_file(path, info, saved.model.state_dict(), overwrite=overwrite)


def read_estimator(path: Path) -> Saved:
    """Read the file.

    Raises:
        ModelFileError: It is missing, damaged, or the file of a model that is no estimator.
    """
    info, model, _ = load_model(path, table=True)
    kept = info.estimator
    if kept is None or not isinstance(model, CodeModel):
        raise ModelFileError(
            f"{path} holds a denoiser that unnoise train made, not an estimator: open it with "
            "unnoise.load, whose encode gives features"
        )
    try:
        offset, scale = (np.array(kept[name], dtype=np.float64) for name in ("offset", "scale"))
        columns = (model.channels * np.prod(model.fixed_size or ()),)
        if not (offset.shape == scale.shape == columns and (scale > 0).all()):
            raise ValueError(f"its columns are {offset.shape} and {scale.shape}, not {columns}")
        if not (np.isfinite(offset).all() and np.isfinite(scale).all()):
            raise ValueError("its columns are not finite")
        names = kept["names"]
        if names is not None and len(names) != len(offset):
            raise ValueError(f"{len(names)} names for {len(offset)} columns")
        return Saved(
            params=dict(kept["params"]), offset=offset, scale=scale, names=names, model=model
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"{path} has a damaged header: {error}") from error
