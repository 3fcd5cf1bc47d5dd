"""A model for darktable: its neural restore module runs denoisers with ONNX Runtime.

The file is a zip archive of one folder, named by the identifier of the model, with ``config.json``
and ``model.onnx``. darktable gives it tiles of sRGB, float32 ``[1, 3, H, W]``, whose values may
exceed 1 in highlights (darktable 5.6, ``src/ai/README.md`` and ``src/common/ai/restore_rgb.c``).
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from unnoise.denoiser import Denoiser
from unnoise.errors import ConfigError, ModelError
from unnoise.exporters.about import UNKNOWN, About, check_id
from unnoise.exporters.archives import write_archive
from unnoise.exporters.graphs import AXES, TRACED, graph_of
from unnoise.exporters.onnx_file import Exported, check_equal, difference_of_graph, on_cpu
from unnoise.images import RGB, ValueRange
from unnoise.models import Model
from unnoise.outputs import replacing
from unnoise.runs import ModelInfo

SUFFIX = ".dtmodel"
OPSET = 17  # what the oldest ONNX Runtime of darktable reads
NAMES = ("input", "output")
SIZES = ((1, 1), (37, 53), (1362, 2048))  # of the images on which the graph and torch are compared
# darktable takes the first of these tiles that fits into memory. All tiles are whole and overlap
# by 64 pixels at each side. So for photographs of 12 to 60 megapixels it computes 1.5 times their
# pixels with tiles of 1152, and 1.65 times with those of 2048, its own default.
TILES = (1152, 768, 512)
VERSION = "1.0"  # of the model, for darktable
SOURCE = "trained with unnoise {version}"


class InDarktable(nn.Module):
    """From sRGB ``(1, 3, H, W)`` to denoised sRGB, like a ``Denoiser`` for values from 0 to 1.

    What exceeds [0, 1] is put back unchanged, so that highlights keep their values.
    """

    def __init__(self, model: Model, *, clamps: bool) -> None:
        super().__init__()
        self.model, self.clamps = model, clamps

    def forward(self, image: Tensor) -> Tensor:
        """Denoise one image; a grey model takes its channels as three images."""
        known = image.clamp(0, 1)
        seen = known if self.model.channels == RGB else known.transpose(0, 1)
        made: Tensor = self.model(seen)
        made = made.clamp(0, 1) if self.clamps else made
        return (made if self.model.channels == RGB else made.transpose(0, 1)) + (image - known)


def write_darktable(
    denoiser: Denoiser,
    path: Path,
    about: About,
    *,
    id: str | None = None,  # noqa: A002  the word of the format
    overwrite: bool = False,
) -> Exported:
    """Write a model for darktable, and compare it with torch; a file that differs is not kept.

    Args:
        denoiser: A denoiser of single grey or colour images that runs with torch.
        path: The file, whose name ends in ``.dtmodel``.
        about: What darktable shows of the model.
        id: The identifier of the model; ``denoise-`` and its name by default.
        overwrite: Whether the file may be replaced.

    Raises:
        ConfigError: The name does not end in ``.dtmodel``, or the identifier is not valid.
        ModelError: The model does not suit darktable, or its results in the file differ.
        OutputError: The file exists and ``overwrite`` is false, or it cannot be written.
    """
    if path.suffix != SUFFIX:
        raise ConfigError(f"{path} is to be a file for darktable: choose a name in {SUFFIX}")
    name = f"denoise-{about.id}" if id is None else id
    check_id(name)
    backend, known = on_cpu(denoiser)
    _check_suits(backend.model, denoiser.info)
    module = InDarktable(backend.model, clamps=known.sight.clamps).eval()
    multiple = backend.model.size_multiple
    given = 1, RGB, TRACED * multiple, (TRACED + 1) * multiple
    graph = graph_of(module, given, multiple=multiple, free=AXES.values(), opset=OPSET, names=NAMES)
    model = graph.SerializeToString()
    difference = difference_of_graph(model, known, sizes=SIZES, channels=RGB)
    check_equal(difference)
    config = _config(name, about, denoiser.info)
    text = json.dumps(config, indent=4, ensure_ascii=False) + "\n"
    with replacing(path, overwrite=overwrite) as temporary:
        members = {f"{name}/config.json": text.encode(), f"{name}/model.onnx": model}
        write_archive(temporary, members)
        size = temporary.stat().st_size
    left = ("the bounds of the model are left out: darktable has no use for them",)
    notes = (*about.notes, *(left if backend.bounds is not None else ()))
    return Exported(path, size, difference, None, SIZES, notes)


def _check_suits(model: Model, info: ModelInfo) -> None:
    """Raise ``ModelError`` for models that darktable cannot use."""
    reason = None
    if model.fixed_size:
        height, width = model.fixed_size
        reason = f"takes only images of {height} × {width} pixels, and darktable gives it tiles"
    elif model.depth > 1:
        reason = f"sees {model.depth} neighbouring images of a stack, and darktable gives it one"
    elif info.strides != (1,):
        reason = "sees images at a stride that depends on their noise, which a graph cannot choose"
    elif model.channels not in (1, RGB) or (model.channels == RGB and info.colour is False):
        reason = f"is for {model.channels} channels that are no colours, and photographs have three"
    elif not _is_nominal(info):
        reason = "knows values of another range, and darktable gives it sRGB from 0 to 1"
    if reason is not None:
        raise ModelError(
            f"this model {reason}: train on photographs for darktable, or export an ONNX file"
        )


def _is_nominal(info: ModelInfo) -> bool:
    """Whether 0 is black and the largest value of the dtype is white."""
    kept = info.value_range
    if info.result_range is not None:
        return False
    if kept is None:
        return True
    nominal = ValueRange.nominal(np.dtype(kept["dtype"]))
    return (kept["low"], kept["high"]) == (nominal.low, nominal.high)


def _config(identifier: str, about: About, info: ModelInfo) -> dict[str, Any]:
    return {
        "id": identifier,
        "name": about.name,
        "description": about.summary,
        "task": "denoise",
        "version": VERSION,
        "arch": info.model,
        "backend": "onnx",
        "tiling": True,
        "num_inputs": 1,
        "attributes": {"input_sizes": list(TILES)},
        "model_card": {
            "long_description": about.summary,
            "scope": about.scope,
            "author": about.author or UNKNOWN,
            "source": SOURCE.format(version=info.unnoise),
            "license": about.license or UNKNOWN,
            "training_data": about.data,
            "training_data_license": about.data_license or UNKNOWN,
            "notes": f"method: {info.objective}" + (f"; noise: {info.noise}" if info.noise else ""),
        },
    }
