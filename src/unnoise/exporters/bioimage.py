"""A model for the BioImage Model Zoo, which Fiji, ilastik, napari and CAREamics read.

The file is a zip archive with ``bioimageio.yaml`` (format 0.5, written as JSON, which is YAML), the
weights as ONNX and TorchScript, a test image and its result, a cover and a description. It states
the scale of the values before and after the network, so that they are seen as in training.
"""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import torch

from unnoise.denoiser import Denoiser
from unnoise.errors import ConfigError, ModelError
from unnoise.exporters.about import About
from unnoise.exporters.archives import write_archive
from unnoise.exporters.bioimage_description import (
    OPSET,
    describe,
    ranges_of_files,
    readme,
    sizes_of_files,
)
from unnoise.exporters.graphs import quiet
from unnoise.exporters.onnx_file import (
    TOLERANCE,
    Exported,
    check_equal,
    difference_of_graph,
    graph_inside,
    on_cpu,
)
from unnoise.images import RGB, Contrast, ValueRange, write_stack
from unnoise.models import Model
from unnoise.outputs import replacing
from unnoise.runs import ModelInfo
from unnoise.types import Floats

SUFFIX = ".zip"
SMALL = 37, 53  # pixels: the graph pads, though the file asks for larger images
SIDE = 256  # pixels of the test image, if the model takes smaller ones
COVER_GAP = 4  # pixels between the halves of the cover
TEXT = "bioimageio.yaml"


def write_bioimage(
    denoiser: Denoiser,
    path: Path,
    about: About,
    example: Floats,
    *,
    overwrite: bool = False,
) -> Exported:
    """Write a model for the BioImage Model Zoo, and compare its weights with torch.

    Args:
        denoiser: A denoiser of single images that runs with torch.
        path: The file, whose name ends in ``.zip``.
        about: Its description, author and licence.
        example: A noisy image ``(C, H, W)`` in the scale of the model, for test and cover.
        overwrite: Whether the file may be replaced.

    Raises:
        ConfigError: The name does not end in ``.zip``.
        ModelError: The model does not suit the format, or its results in the file differ.
        OutputError: The file exists and ``overwrite`` is false, or it cannot be written.
    """
    if path.suffix != SUFFIX:
        raise ConfigError(f"{path} is to be a model for the zoo: choose a name that ends in .zip")
    backend, known = on_cpu(denoiser)
    model, info = backend.model, denoiser.info
    _check_suits(model, info)
    noisy = _fitted(example, model)
    onnx = graph_inside(model, OPSET).SerializeToString()
    script = _script(model, noisy)
    sizes = (noisy.shape[1], noisy.shape[2]), (model.fixed_size or SMALL)
    found = difference_of_graph(onnx, known, sizes=sizes, channels=model.channels)
    check_equal(found)
    _, given, made = ranges_of_files(info)
    clean = known.denoise_floats(noisy[None])[0]
    members = {
        "model.onnx": onnx,
        **({} if script is None else {"model.pt": script}),
        "test_input.npy": _npy(_unscaled(noisy, given)[None]),
        "test_output.npy": _npy(_unscaled(clean, made)[None]),
        "README.md": readme(about, info).encode(),
    }
    with replacing(path, overwrite=overwrite) as temporary:
        members["cover.png"] = _cover(noisy, clean, temporary)
        sums = {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}
        text = describe(about, info, model, sums)
        members = {TEXT: json.dumps(text, indent=2, ensure_ascii=False).encode(), **members}
        write_archive(temporary, members)
        size = temporary.stat().st_size
    notes = [*about.notes]
    if backend.bounds is not None:
        notes.append("the bounds of the model are left out: the format has no place for them")
    if script is None:
        notes.append("there are no TorchScript weights: torch cannot trace this network")
    return Exported(path, size, found, None, sizes, tuple(notes))


def _check_suits(model: Model, info: ModelInfo) -> None:
    """Raise ``ModelError`` for models that the format cannot describe."""
    reason = None
    if model.depth > 1:
        reason = f"sees {model.depth} neighbouring images of a stack, and the format gives it one"
    elif info.strides != (1,):
        reason = "sees images at a stride that depends on their noise, which a graph cannot choose"
    if reason is not None:
        raise ModelError(f"this model {reason}: export an ONNX file, or use unnoise itself")


def _fitted(example: Floats, model: Model) -> Floats:
    """Return the middle of an image in a size that the file allows; small ones are mirrored."""
    for axis in (1, 2):
        size = sizes_of_files(model)[axis - 1]
        length = size if isinstance(size, int) else _length(size["min"], size["step"])
        if (have := example.shape[axis]) < length:
            widths = [(0, 0)] * 3
            widths[axis] = (0, length - have)
            example = np.pad(example, widths, mode="symmetric")
        start = (example.shape[axis] - length) // 2
        example = example.take(range(start, start + length), axis)
    return np.ascontiguousarray(example, np.float32)


def _length(least: int, step: int) -> int:
    return least + max(0, SIDE - least) // step * step


def _script(model: Model, image: Floats) -> bytes | None:
    """Return the network as TorchScript, without our code; None if it cannot be traced."""
    given = torch.from_numpy(image)[None]
    other = given if model.fixed_size else given.repeat(1, 1, 1, 2)  # sizes must not be fixed
    buffer = io.BytesIO()
    with quiet(), torch.inference_mode():
        try:
            traced = torch.jit.trace(model, given, check_trace=False)
            difference = (traced(other) - model(other)).abs().max()
            torch.jit.save(traced, buffer)
        except RuntimeError:
            return None
    return buffer.getvalue() if difference < TOLERANCE else None


def _unscaled(image: Floats, values: ValueRange) -> Floats:
    """Return an image ``(C, H, W)`` in the values of files."""
    low, span = (np.reshape(each, (-1, 1, 1)) for each in (values.low, values.span))
    return np.asarray(low + image * span, np.float32)


def _npy(array: Floats) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _cover(noisy: Floats, clean: Floats, beside: Path) -> bytes:
    """Draw an image before and after, side by side, as a PNG."""
    pair = [np.moveaxis(each, 0, -1) for each in (noisy, clean)]
    pair = [each if each.shape[-1] == RGB else each[..., :1] for each in pair]
    contrast = Contrast.of(pair[0])
    before, after = map(contrast.draw, pair)
    gap = np.ones((before.shape[0], COVER_GAP, before.shape[2]), np.float32)
    drawn = np.concatenate([before, gap, after], axis=1)
    path = beside.with_name(f"{beside.name}.png")
    try:
        write_stack(path, np.rint(drawn.squeeze() * 255).astype(np.uint8))
        return path.read_bytes()
    finally:
        path.unlink(missing_ok=True)
