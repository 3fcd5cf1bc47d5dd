"""What a model file says: checked, as plain values, and in words for people."""

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from unnoise.images import ValueRange
from unnoise.runs import ModelInfo, check_bounds
from unnoise.sizes import Sized


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
    """Return what the file says, and what the network tells of itself; see ``Backend.describe``."""
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


def check_model_info(info: ModelInfo, network: Sized, distances: Sized | None) -> None:
    """Check what a header says, by itself and against the networks of its file.

    Args:
        info: The header.
        network: Of the model.
        distances: Of its bounds.

    Raises:
        ValueError: It cannot be. So do ``KeyError`` and ``TypeError`` for what is missing.
    """
    stored_range(info)
    if info.bounds is not None:
        check_bounds(info.bounds)
    if distances is not None and distances.channels != 2 * network.channels:
        raise ValueError(f"its bounds are for {distances.channels / 2:g} channels")
    if network.fixed_size and info.strides != (1,):
        raise ValueError(f"a model of one size cannot be used at strides {info.strides}")


def stored_range(
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


COLOUR = 3
SHARED = r"\b(camera|grain|chroma):"  # noise terms whose neighbouring pixels are alike
MINUTE, HOUR = 60, 3600  # seconds
NAMES = {  # of facts that are said as they are
    "model": "network",
    "data": "trained on",
    "noise": "noise it learned",
    "reason": "method, and why",
    "unnoise": "written by unnoise",
}


def in_words(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return what is known about a model as labels and sentences.

    Args:
        facts: As ``Denoiser.describe`` returns them. What is not known is left out.
    """
    found: dict[str, str | None] = {
        **{label: _text(facts.get(name)) for name, label in NAMES.items()},
        "values of images": _values(facts.get("range")),
        "values of results": _values(facts.get("range_of_results")),
        "method, and why": _method(facts),
        "images": _images(facts),
        "size of images": _sizes(facts),
        "grain": _grain(facts),
        "bounds": facts.get("bounds") and f"around {facts['bounds']} of a result",
        "verdicts": _calibration(facts.get("calibration")),
        "table": "made by scikit-learn from columns of numbers" if facts.get("estimator") else None,
        "cost": _cost(facts),
        **_trained(facts.get("trained") or {}),
    }
    order = (
        *("network", "trained on", "method, and why", "noise it learned", "images"),
        *("size of images", "values of images", "values of results", "grain", "table"),
        *("bounds", "verdicts", "training", "quality", "cost"),
    )
    known = {label: text for label, text in found.items() if text}
    return {label: known[label] for label in (*order, *known) if label in known}


def _text(value: Any) -> str | None:
    return str(value) if value else None


def _values(said: str | None) -> str | None:
    """Say bits where the description of a range names a dtype, such as ``0 to 4095 of uint16``."""
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
    if channels == COLOUR and facts.get("colour") is not False:
        return "colour and grey"
    return f"{channels} channels that are no colours"


def _sizes(facts: Mapping[str, Any]) -> str:
    fixed = facts.get("fixed_size")
    if fixed:
        return f"{fixed[0]} × {fixed[1]} pixels and no other"
    seen = facts.get("receptive_field")
    return "any" + (f"; a pixel depends on the {seen} × {seen} pixels around it" if seen else "")


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
    return f"limits set {said} held out from training"


def _cost(facts: Mapping[str, Any]) -> str | None:
    parts = []
    if facts.get("kmacs_per_pixel"):
        parts.append(f"{facts['kmacs_per_pixel']:.3f} thousand multiplications a pixel")
    if facts.get("parameters"):
        parts.append(f"{facts['parameters']:,} weights")
    return ", ".join(parts) or None


def _trained(reached: Mapping[str, float]) -> dict[str, str | None]:
    """Say what the training took and what it reached."""
    took = None
    if "steps" in reached:
        took = f"{reached['steps']:,.0f} steps"
        # Files of earlier versions call patches images.
        for unit in ("images", "patches"):
            took += f", {reached[unit]:,.0f} {unit} seen" if unit in reached else ""
        took += f", {duration(reached['seconds'])}" if "seconds" in reached else ""
        if "calibration_seconds" in reached:
            took += (
                f", and {duration(reached['calibration_seconds'])} to set the limits of verdicts"
            )
    quality = None
    if "psnr" in reached:
        before = reached.get("noisy_psnr")
        quality = f"{reached['psnr']:.2f} dB on held-out images"
        quality += f", {before:.2f} dB before" if before is not None else ""
    elif "risk" in reached:
        quality = f"risk {reached['risk']:.3g} on held-out pixels; no clean image to compare with"
    return {"training": took, "quality": quality}


def duration(seconds: float) -> str:
    """Return a time in words, such as ``1 h 33 min``."""
    whole = round(seconds)
    if whole < MINUTE:
        return f"{seconds:.1f} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"
