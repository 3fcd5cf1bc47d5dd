"""What is known about a model, as plain values."""

from collections.abc import Mapping
from typing import Any

from unnoise.runs import ModelInfo


def describe_model(info: ModelInfo, network: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the file says, and what the network tells of itself; see ``Engine.describe``."""
    bounds, calibration = info.bounds, info.calibration
    return {
        **info.__dict__,
        # All of them is long, and for machines.
        "bounds": bounds and f"{bounds['level']:.0%} of the pixels",
        "calibration": calibration and f"on {calibration.get('images')} images",
        "estimator": info.estimator and "of scikit-learn",
        **network,
    }
