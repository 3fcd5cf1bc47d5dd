"""What is known about a model, as plain values."""

from typing import Any

from unnoise.models import Model, macs_per_pixel
from unnoise.runs import ModelInfo


def describe_model(info: ModelInfo, model: Model) -> dict[str, Any]:
    """Return what the file says, and what the network tells of itself."""
    bounds, calibration = info.bounds, info.calibration
    return {
        **info.__dict__,
        # All of them is long, and for machines.
        "bounds": bounds and f"{bounds['level']:.0%} of the pixels",
        "calibration": calibration and f"on {calibration.get('images')} images",
        "estimator": info.estimator and "of scikit-learn",
        "parameters": sum(p.numel() for p in model.parameters()),
        "kmacs_per_pixel": round(macs_per_pixel(model) / 1000, 3),
        "size_multiple": model.size_multiple,
        "fixed_size": model.fixed_size,
        "receptive_field": model.receptive_field,
    }
