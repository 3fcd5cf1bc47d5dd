"""The description of a model for the BioImage Model Zoo: ``bioimageio.yaml`` and the README."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import torch

from unnoise.denoiser.description import stored_range
from unnoise.exporters.about import UNKNOWN, About
from unnoise.exporters.citations import citations
from unnoise.exporters.onnx_file import TOLERANCE
from unnoise.images import RGB, ValueRange
from unnoise.models import Model
from unnoise.runs import ModelInfo

FORMAT = "0.5.12"
OPSET = 17  # what older versions of ONNX Runtime in these programs read
SHORTEST, LONGEST = 5, 128  # letters of a name
ALLOWED = "_-() "  # in a name, beside letters and digits


def ranges_of_files(info: ModelInfo) -> tuple[np.dtype[np.generic], ValueRange, ValueRange]:
    """Return the dtype of the training data, and the values that are 0 and 1 before and after."""
    dtype, given, made = stored_range(info)
    dtype = np.dtype(np.float32) if dtype is None else dtype
    given = given or ValueRange.nominal(dtype)
    return dtype, given, made or given


def _halo(model: Model) -> int:
    """Return how many pixels beside a place decide on its result."""
    return model.receptive_field // 2


def sizes_of_files(model: Model) -> tuple[Any, Any]:
    """Return the heights and widths that the file allows."""
    if model.fixed_size:
        return model.fixed_size
    step = model.size_multiple
    least = -(-(2 * _halo(model) + 1) // step) * step  # a tile keeps at least a pixel
    return {"min": least, "step": step}, {"min": least, "step": step}


def _scaling(values: ValueRange, *, back: bool) -> list[dict[str, Any]]:
    """Return the step that scales values for the network, or its results back."""
    low, span = (np.atleast_1d(each).astype(float) for each in (values.low, values.span))
    gain, offset = (span, low) if back else (1 / span, -low / span)
    if (gain == 1).all() and (offset == 0).all():
        return []
    if len(gain) == 1:
        kwargs: dict[str, Any] = {"gain": float(gain[0]), "offset": float(offset[0])}
    else:
        kwargs = {"axis": "channel", "gain": gain.tolist(), "offset": offset.tolist()}
    return [{"id": "scale_linear", "kwargs": kwargs}]


def describe(
    about: About, info: ModelInfo, model: Model, sums: Mapping[str, str]
) -> dict[str, Any]:
    """Return the contents of ``bioimageio.yaml``; JSON is YAML."""

    def file(name: str) -> dict[str, str]:
        return {"source": name, "sha256": sums[name]}

    _, given, made = ranges_of_files(info)
    clip = [{"id": "clip", "kwargs": {"min": 0.0, "max": 1.0}}] if given.clamp else []
    weights: dict[str, Any] = {"onnx": {**file("model.onnx"), "opset_version": OPSET}}
    if "model.pt" in sums:
        version = torch.__version__.partition("+")[0]
        weights["torchscript"] = {**file("model.pt"), "pytorch_version": version}
        weights["onnx"]["parent"] = "torchscript"
    spaces = [
        {"type": "space", "id": name, "size": size}
        for name, size in zip("yx", sizes_of_files(model), strict=True)
    ]
    kept = [
        {"type": "space", "id": name, "size": size}
        if model.fixed_size
        else {"type": "space", "id": name, "halo": _halo(model), "size": _same(name)}
        for name, size in zip("yx", sizes_of_files(model), strict=True)
    ]
    first = [{"type": "batch"}, {"type": "channel", "channel_names": _channels(info)}]
    return {
        "format_version": FORMAT,
        "type": "model",
        "name": _name(about.name),
        "description": about.summary,
        "authors": [{"name": about.author or UNKNOWN}],
        "license": about.license,
        "cite": citations(info),
        "tags": ["denoising", "image-restoration", "2d", "unnoise"],
        "documentation": file("README.md"),
        "covers": [file("cover.png")],
        "timestamp": datetime.now(UTC).isoformat(),
        "inputs": [
            {
                "id": "input",
                "description": "a noisy image",
                "axes": [*first, *spaces],
                "test_tensor": file("test_input.npy"),
                "data": {"type": "float32"},
                "preprocessing": _scaling(given, back=False),
            }
        ],
        "outputs": [
            {
                "id": "output",
                "description": "the denoised image, in the values of the input",
                "axes": [*first, *kept],
                "test_tensor": file("test_output.npy"),
                "data": {"type": "float32"},
                "postprocessing": [*clip, *_scaling(made, back=True)],
            }
        ],
        "weights": weights,
        "config": {
            "bioimageio": {
                "reproducibility_tolerance": [
                    {"absolute_tolerance": TOLERANCE * float(np.max(made.span))}
                ]
            },
            "unnoise": {"model": info.model, "arguments": info.arguments, "noise": info.noise},
        },
    }


def _same(axis: str) -> dict[str, str]:
    return {"tensor_id": "input", "axis_id": axis}


def _channels(info: ModelInfo) -> list[str]:
    if info.channels == RGB and info.colour is not False:
        return ["red", "green", "blue"]
    if info.channels == 1:
        return ["grey"]
    return [f"channel{number}" for number in range(info.channels)]


def _name(name: str) -> str:
    """Return a name of the letters and the length that the format allows."""
    kept = "".join(each if each.isalnum() or each in ALLOWED else " " for each in name).strip()
    return (kept if len(kept) >= SHORTEST else f"model {kept}".strip())[:LONGEST]


def readme(about: About, info: ModelInfo) -> str:
    """Return the documentation of the model in Markdown."""
    dtype, given, _ = ranges_of_files(info)
    reached, noisy = info.trained.get("psnr"), info.trained.get("noisy_psnr")
    figures = "There were no clean images to measure the quality with."
    if reached is not None and noisy is not None:
        figures = (
            f"Held-out images have a PSNR of {noisy:.2f} dB before and {reached:.2f} dB after."
        )
    return f"""# {about.name}

{about.summary}

| | |
| --- | --- |
| training images | {about.data} |
| licence of the training images | {about.data_license or UNKNOWN} |
| method | {info.objective} |
| noise | {info.noise or "the noise of the training images"} |
| values | {given.describe(dtype)}; images in another unit must be brought to this one first |
| author | {about.author or UNKNOWN} |
| licence | {about.license or UNKNOWN} |
| written by | unnoise {info.unnoise} |

## Limits

{about.scope}

## Validation

{figures} Denoise images of yours that have a clean reference, and compare PSNR and SSIM before and
after. Without a reference, `unnoise inspect` reports whether a result can be trusted.
"""
