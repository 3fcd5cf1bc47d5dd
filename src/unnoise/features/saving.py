"""The file of a fitted estimator: a model file whose header has its parameters and its columns."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unnoise.denoiser.loading import locate
from unnoise.denoiser.torch_backend import load_model
from unnoise.errors import ModelFileError
from unnoise.models import CodeModel
from unnoise.runs import ModelInfo, write_model_file
from unnoise.types import Doubles


@dataclass(frozen=True, kw_only=True)
class Saved:
    """The content of the file.

    Attributes:
        params: Parameters of the constructor, as plain values.
        offset: Offset of each column.
        scale: Scale of each column, more than 0.
        names: Names of the columns, where they have any.
        passes: Passes of each stage over the rows.
        model: The network.
        network: Its name in the table of models.
        noise: The spec that corrupted the rows.
    """

    params: Mapping[str, Any]
    offset: Doubles
    scale: Doubles
    names: list[str] | None
    passes: int
    model: CodeModel
    network: str
    noise: str


def write_estimator(path: Path, saved: Saved, *, overwrite: bool) -> None:
    """Write the file, whole or not at all; see ``write_model_file``."""
    low, scale = float(saved.offset[0]), float(saved.scale[0])
    images = saved.params["image_shape"] is not None
    info = ModelInfo(
        model=saved.network,
        arguments=saved.model.arguments,
        channels=saved.model.channels,
        noise=saved.noise,
        objective=f"supervised, {'bce' if saved.model.bounded else 'mse'}",
        data="<array>",
        seed=0,
        value_range={"dtype": "float64", "low": low, "high": low + scale, "clamp": True}
        if images
        else None,
        estimator={
            "params": {name: _plain(value) for name, value in saved.params.items()},
            "names": saved.names,
            "passes": saved.passes,
            "offset": saved.offset.tolist(),
            "scale": saved.scale.tolist(),
        },
    )
    write_model_file(path, info, saved.model.state_dict(), overwrite=overwrite)


def read_estimator(path: Path, known: Collection[str]) -> Saved:
    """Read the file.

    Args:
        path: The file.
        known: Names of the parameters of the constructor.

    Raises:
        ModelFileError: It is missing, damaged, or the file of a model that is no estimator.
    """
    info, model, _ = load_model(locate(path), table=True)
    kept = info.estimator
    if kept is None or not isinstance(model, CodeModel):
        raise ModelFileError(
            f"{path} holds a denoiser that unnoise train made, not an estimator: open it with "
            "unnoise.load, whose encode gives features"
        )
    try:
        return _parse(info, kept, model, known)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise ModelFileError(f"{path} has a damaged header: {error}") from error


def _parse(
    info: ModelInfo, kept: Mapping[str, Any], model: CodeModel, known: Collection[str]
) -> Saved:
    offset, scale = (np.array(kept[name], dtype=np.float64) for name in ("offset", "scale"))
    columns = (model.channels * math.prod(model.fixed_size or ()),)
    if not (offset.shape == scale.shape == columns and (scale > 0).all()):
        raise ValueError(f"its columns are {offset.shape} and {scale.shape}, not {columns}")
    if not (np.isfinite(offset).all() and np.isfinite(scale).all()):
        raise ValueError("its columns are not finite")
    names, passes = kept["names"], kept["passes"]
    if names is not None and not (
        isinstance(names, list)
        and len(names) == len(offset)
        and all(isinstance(name, str) for name in names)
    ):
        raise TypeError(f"its columns need {len(offset)} names")
    params = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in kept["params"].items()
    }
    if not params.keys() <= set(known) or type(passes) is not int:
        raise ValueError(f"its parameters are {', '.join(params)}, with {passes} passes")
    return Saved(
        params=params,
        offset=offset,
        scale=scale,
        names=names,
        passes=passes,
        model=model,
        network=info.model,
        noise=info.noise,
    )


def _plain(value: object) -> object:
    """Return a parameter as JSON holds it; a state of random numbers is not kept."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | None) else None
