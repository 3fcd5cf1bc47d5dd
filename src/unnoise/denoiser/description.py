"""The header of a model file: checked, as plain values, and in words for people."""

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from unnoise.images import RGB, ValueRange
from unnoise.runs import ModelInfo, check_bounds
from unnoise.sizes import Sized


def describe_model(info: ModelInfo, network: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a model file and its network state, as plain values; see ``Backend.describe``."""
    bounds, calibration = info.bounds, info.calibration
    dtype, noisy, clean = stored_range(info)
    return {
        **info.__dict__,
        "range": dtype and noisy and noisy.describe(dtype),
        "range_of_results": dtype and clean and clean.describe(dtype),
        # In full, these are long, and for machines.
        "bounds": bounds and f"{bounds['level']:.0%} of the pixels",
        "calibration": calibration and f"on {calibration.get('images')} images",
        "estimator": info.estimator and "of scikit-learn",
        **network,
        "depth": info.depth,
    }


def check_model_info(info: ModelInfo, network: Sized, distances: Sized | None) -> None:
    """Check the header of a model file, by itself and against the networks of the model and bounds.

    ``ValueError``, ``KeyError`` and ``TypeError`` mean that it is wrong.
    """
    stored_range(info)
    if info.bounds is not None:
        check_bounds(info.bounds)
    if math.prod(info.depth.values()) != network.depth:
        raise ValueError(f"its depth is {info.depth}, and its network sees {network.depth} images")
    if distances is not None and distances.channels != 2 * network.channels:
        raise ValueError(f"its bounds are for {distances.channels / 2:g} channels")
    if network.fixed_size and info.strides != (1,):
        raise ValueError(f"a model of one size cannot be used at strides {info.strides}")


def stored_range(
    info: ModelInfo,
) -> tuple[np.dtype[np.generic] | None, ValueRange | None, ValueRange | None]:
    """Return the dtype and range of the training data, and the range of their clean side, or None.

    ``ValueError``, ``KeyError`` and ``TypeError`` mean that they are wrong.
    """
    kept, results = info.value_range, info.result_range
    if kept is None:
        return None, None, None
    made = None if results is None else _read_ends(results, info.channels)
    return np.dtype(kept["dtype"]), _read_ends(kept, info.channels), made


def _read_ends(kept: dict[str, Any], channels: int) -> ValueRange:
    given = (kept[name] for name in ("low", "high"))
    low, high = (
        tuple(map(float, end)) if isinstance(end, list | tuple) else (float(end),) for end in given
    )
    if not (len(low) == len(high) and len(low) in (1, channels)):
        raise ValueError(f"its value range has {len(low)} ends for {channels} channels")
    if not all(-math.inf < a < b < math.inf for a, b in zip(low, high, strict=True)):
        raise ValueError(f"its value range goes from {low} to {high}")
    if len(low) == 1:
        return ValueRange(low[0], high[0], bool(kept["clamp"]))
    return ValueRange(low, high, bool(kept["clamp"]))


SHARED = r"\b(camera|grain|chroma):"  # noise terms whose neighbouring pixels are alike
MINUTE, HOUR = 60, 3600  # seconds


def in_words(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the known facts of ``Denoiser.describe`` as labels and sentences."""
    reached = facts.get("trained") or {}
    found = {
        "network": facts.get("model"),
        "trained on": facts.get("data"),
        "method, and why": _method(facts),
        "noise it learned": facts.get("noise"),
        "images": _images(facts),
        "size of images": _sizes(facts),
        "neighbouring images": _depth(facts),
        "values of images": _values(facts.get("range")),
        "values of results": _values(facts.get("range_of_results")),
        "grain": _grain(facts),
        "table": "made by scikit-learn from columns of numbers" if facts.get("estimator") else None,
        "bounds": facts.get("bounds") and f"around {facts['bounds']} of a result",
        "verdicts": _calibration(facts.get("calibration")),
        "training": _training(reached),
        "quality": _quality(reached),
        "cost": _cost(facts),
        "written by unnoise": facts.get("unnoise"),
    }
    return {label: str(text) for label, text in found.items() if text}


def _values(said: str | None) -> str | None:
    """Write bits for the dtype in the description of a range, such as ``0 to 4095 of uint16``."""
    if not said:
        return None
    text = re.sub(r"of u?int(\d+)", r"of \1-bit images", said)
    text = re.sub(r"of float\d+", "of images in floats", text)
    return text.replace("of bool", "of images of yes and no").replace("% of its", "% of their")


def _method(facts: Mapping[str, Any]) -> str | None:
    method = str(facts.get("objective") or "").split(",")[0]
    reason = str(facts.get("reason") or "").split(" by --noise ")[0]  # the noise has its own line
    return ": ".join(part for part in (method, reason) if part) or None


def _images(facts: Mapping[str, Any]) -> str:
    channels = int(facts["channels"])
    if channels == 1:
        return "grey; of others, each channel by itself"
    if channels == RGB and facts.get("colour") is not False:
        return "colour and grey"
    return f"{channels} channels that are no colours"


def _sizes(facts: Mapping[str, Any]) -> str:
    fixed = facts.get("fixed_size")
    if fixed:
        return f"{fixed[0]} × {fixed[1]} pixels and no other"
    seen = facts.get("receptive_field")
    return "any" + (f"; a pixel depends on the {seen} × {seen} pixels around it" if seen else "")


def _depth(facts: Mapping[str, Any]) -> str | None:
    along = [f"{count} along {axis}" for axis, count in (facts.get("depth") or {}).items()]
    hidden = ", and not the middle one" if facts["arguments"].get("hidden") else ""
    return f"sees {' and '.join(along)} together{hidden}" if along else None


def _grain(facts: Mapping[str, Any]) -> str:
    known = sorted(set(facts.get("strides") or (1,)))
    if known == [1]:
        if re.search(SHARED, facts.get("noise") or ""):
            return "made for noise that neighbouring pixels share, too"
        return "made for noise that neighbouring pixels do not share"
    listed = " or ".join(map(str, known))
    return f"made for noise that neighbouring pixels share: sees every pixel in {listed}"


def _calibration(said: str | None) -> str:
    if not said:
        return "not possible: too few images were held out to set limits"
    return f"measured {said} held out from training"


def _cost(facts: Mapping[str, Any]) -> str | None:
    parts = []
    if facts.get("kmacs_per_pixel"):
        parts.append(f"{facts['kmacs_per_pixel']:.3f} thousand multiplications a pixel")
    if facts.get("parameters"):
        parts.append(f"{facts['parameters']:,} weights")
    return ", ".join(parts) or None


def _training(reached: Mapping[str, float]) -> str | None:
    if "steps" not in reached:
        return None
    took = f"{reached['steps']:,.0f} steps"
    for unit in ("images", "patches"):  # files of earlier versions call patches images
        took += f", {reached[unit]:,.0f} {unit} seen" if unit in reached else ""
    took += f", {duration(reached['seconds'])}" if "seconds" in reached else ""
    if "calibration_seconds" in reached:
        took += f", and {duration(reached['calibration_seconds'])} to set the limits of verdicts"
    return took


def _quality(reached: Mapping[str, float]) -> str | None:
    if "psnr" in reached:
        before = reached.get("noisy_psnr")
        said = f"{reached['psnr']:.2f} dB on held-out images"
        return said + (f", {before:.2f} dB before" if before is not None else "")
    if "risk" in reached:
        return f"risk {reached['risk']:.3g} on held-out pixels; no clean image to compare with"
    return None


def duration(seconds: float) -> str:
    """Return a time in words, such as ``1 h 33 min``."""
    whole = round(seconds)
    if whole < MINUTE:
        return f"{seconds:.1f} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"
