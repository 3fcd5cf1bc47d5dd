"""The file of a fitted estimator: a model file whose header has its parameters and its columns."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from unnoise.denoiser.loading import locate
from unnoise.denoiser.torch_backend import load_model
from unnoise.errors import ModelFileError
from unnoise.models import CodeModel
from unnoise.runs import ModelInfo, write_model_file
from unnoise.types import Doubles


class SavedEstimator(BaseEstimator):
    """An estimator that a file can hold; its parameters are plain values."""

    model_: CodeModel
    offset_: Doubles  # of each column
    scale_: Doubles  # of each column, more than 0
    n_features_in_: int
    n_iter_: int
    network_: str
    noise_: str

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the fitted estimator to a safetensors file, which runs no code when it is loaded.

        The file of an estimator of images is a model file, too: ``unnoise.load`` opens it.

        Raises:
            OutputError: The file exists and ``overwrite`` is false, or it cannot be written.
        """
        check_is_fitted(self, "model_")
        params = self.get_params()
        low, scale = float(self.offset_[0]), float(self.scale_[0])
        values = {"dtype": "float64", "low": low, "high": low + scale, "clamp": True}
        names = getattr(self, "feature_names_in_", None)
        info = ModelInfo(
            model=self.network_,
            arguments=self.model_.arguments,
            channels=self.model_.channels,
            noise=self.noise_,
            objective=f"supervised, {'bce' if self.model_.bounded else 'mse'}",
            data="<array>",
            seed=0,
            value_range=None if params["image_shape"] is None else values,
            estimator={
                "params": {name: _plain(value) for name, value in params.items()},
                "names": None if names is None else [str(name) for name in names],
                "passes": self.n_iter_,
                "offset": self.offset_.tolist(),
                "scale": self.scale_.tolist(),
            },
        )
        write_model_file(Path(path), info, self.model_.state_dict(), overwrite=overwrite)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what ``save`` wrote.

        Raises:
            ModelFileError: The file is missing, damaged, or of something else.
        """
        info, model, _ = load_model(locate(Path(path)), table=True)
        kept = info.estimator
        if kept is None or not isinstance(model, CodeModel):
            raise ModelFileError(
                f"{path} holds a denoiser that unnoise train made, not an estimator: open it with "
                "unnoise.load, whose encode gives features"
            )
        try:
            estimator = cls._parse(kept, model)
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise ModelFileError(f"{path} has a damaged header: {error}") from error
        # Batch normalisation would else go by the rows that it is given.
        estimator.model_ = model.eval()
        estimator.network_, estimator.noise_ = info.model, info.noise
        return estimator

    @classmethod
    def _parse(cls, kept: Mapping[str, Any], model: CodeModel) -> Self:
        """Return an estimator with the parameters and the columns of a header."""
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
        if not params.keys() <= set(cls._get_param_names()) or type(passes) is not int:
            raise ValueError(f"its parameters are {', '.join(params)}, with {passes} passes")
        estimator = cls(**params)
        estimator.offset_, estimator.scale_ = offset, scale
        estimator.n_features_in_, estimator.n_iter_ = len(offset), passes
        if names is not None:
            estimator.feature_names_in_ = np.array(names, dtype=object)
        return estimator


def _plain(value: object) -> object:
    """Return a parameter as JSON holds it; a state of random numbers is not kept."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | None) else None
