"""What the header of a model file says of values: read and checked."""

import math
from typing import Any

import numpy as np

from unnoise.images import ValueRange
from unnoise.runs import ModelInfo, check_bounds
from unnoise.sizes import Sized


def check_header(info: ModelInfo, network: Sized, distances: Sized | None) -> None:
    """Check what a header says, by itself and against the networks of its file.

    Args:
        info: The header.
        network: Of the model.
        distances: Of its bounds.

    Raises:
        ValueError: It cannot be. So do ``KeyError`` and ``TypeError`` for what is missing.
    """
    read_range(info)
    if info.bounds is not None:
        check_bounds(info.bounds)
    if distances is not None and distances.channels != 2 * network.channels:
        raise ValueError(f"its bounds are for {distances.channels / 2:g} channels")
    if network.fixed_size and info.strides != (1,):
        raise ValueError(f"a model of one size cannot be used at strides {info.strides}")


def read_range(
    info: ModelInfo,
) -> tuple[np.dtype[np.generic] | None, ValueRange | None, ValueRange | None]:
    """Return the dtype and the range of the training data, and the range of their clean side.

    None for what a model file does not say.

    Raises:
        ValueError: They cannot be. So do ``KeyError`` and ``TypeError``.
    """
    kept, results = info.value_range, info.result_range
    if kept is None:
        return None, None, None
    made = None if results is None else _read_ends(results, info.channels)
    return np.dtype(kept["dtype"]), _read_ends(kept, info.channels), made


def _read_ends(kept: dict[str, Any], channels: int) -> ValueRange:
    ends: list[tuple[float, ...]] = []
    for name in ("low", "high"):
        given = kept[name]
        ends.append(
            tuple(float(end) for end in (given if isinstance(given, list | tuple) else [given]))
        )
    low, high = ends
    if not (len(low) == len(high) and len(low) in (1, channels)):
        raise ValueError(f"its value range has {len(low)} ends for {channels} channels")
    if not all(-math.inf < a < b < math.inf for a, b in zip(low, high, strict=True)):
        raise ValueError(f"its value range goes from {low} to {high}")
    if len(low) == 1:
        return ValueRange(low[0], high[0], bool(kept["clamp"]))
    return ValueRange(low, high, bool(kept["clamp"]))
