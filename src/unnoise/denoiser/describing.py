"""What is known about a model, as plain values."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from unnoise.images import ValueRange
from unnoise.runs import ModelInfo


def _range(kept: Mapping[str, Any] | None, noisy: Mapping[str, Any] | None = None) -> str | None:
    """Return the values that are black and white in words."""
    if kept is None:
        return None
    low, high = (
        tuple(end) if isinstance(end, list) else end for end in (kept["low"], kept["high"])
    )
    dtype = np.dtype((noisy or kept)["dtype"])
    return ValueRange(low, high, bool(kept["clamp"])).describe(dtype)


def describe_model(info: ModelInfo, network: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the file says, and what the network tells of itself; see ``Engine.describe``."""
    bounds, calibration = info.bounds, info.calibration
    return {
        **info.__dict__,
        "range": _range(info.value_range),
        "range_of_results": _range(info.result_range, info.value_range),
        # All of them is long, and for machines.
        "bounds": bounds and f"{bounds['level']:.0%} of the pixels",
        "calibration": calibration and f"on {calibration.get('images')} images",
        "estimator": info.estimator and "of scikit-learn",
        **network,
    }
