"""From a denoiser to one ONNX file, which is then run and compared with torch.

The graph takes any number of images of any height and width, and pads and crops them itself. Loaded
with unnoise, the file also has tiles, value ranges and dtypes.
"""

import base64
import copy
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from unnoise.denoiser import Denoiser
from unnoise.denoiser.onnx_backend import BOUNDS_MODEL, BOUNDS_NETWORK, NETWORK
from unnoise.denoiser.torch_backend import TorchBackend
from unnoise.errors import ConfigError, ModelError
from unnoise.exporters.graphs import AXES, TRACED, graph_of, halve_weights
from unnoise.models import Model
from unnoise.models.contract import ModelKind
from unnoise.outputs import replacing
from unnoise.runs import HEADER, ModelInfo, header_of
from unnoise.sizes import middle_of

OPSETS = range(18, 24)  # what the exporter of torch writes and ONNX Runtime reads
TOLERANCE = 1e-4  # of the value range
MOST_ROUNDING = 1e-2  # largest change of an image by weights in half precision
# Images on which file and torch are compared: one pixel, odd sides, several images, a large one.
SHAPES = ((1, 1, 1), (1, 37, 53), (3, 64, 40), (2, 129, 8), (1, 320, 257))


@dataclass(frozen=True)
class Exported:
    """A file, and the difference of its results from those of torch, where white is 1."""

    path: Path
    bytes: int
    difference: float  # the largest one before weights are rounded
    rounding: float | None  # the largest one after rounding; None without half
    sizes: tuple[tuple[int, int], ...]  # heights and widths of the images that were compared
    notes: tuple[str, ...] = ()  # what the file lacks or does not state


def write_onnx(
    denoiser: Denoiser, path: Path, *, opset: int, half: bool = False, overwrite: bool = False
) -> Exported:
    """Write an ONNX file, and compare its results with torch; a file that differs is not kept.

    Args:
        denoiser: A denoiser that runs with torch.
        path: The file, whose name ends in ``.onnx``.
        opset: Version of the operators, one of ``OPSETS``.
        half: Whether to store the weights in half precision; computations stay in float32.
        overwrite: Whether the file may be replaced.

    Raises:
        ConfigError: The opset is not known, or the name does not end in ``.onnx``.
        ModelError: The denoiser does not run with torch, or the results of the file differ.
        OutputError: The file exists and ``overwrite`` is false, or it cannot be written.
    """
    if opset not in OPSETS:
        raise ConfigError(f"opset is {opset}: it is from {OPSETS[0]} to {OPSETS[-1]}")
    if path.suffix != ".onnx":
        raise ConfigError(f"{path} is to be an ONNX file: choose a name that ends in .onnx")
    backend, known = on_cpu(denoiser)
    images = list(_images(backend.model))
    graph = graph_inside(backend.model, opset)
    bounds = backend.bounds and graph_inside(backend.bounds, opset)
    with replacing(path, overwrite=overwrite) as temporary:

        def written() -> float:
            """Write the file, and return the largest difference of its results from torch's."""
            _describe(graph, bounds, backend, denoiser.info)
            temporary.write_bytes(graph.SerializeToString())
            return _difference(Denoiser.load(temporary), known, images)

        difference, rounding = written(), None
        check_equal(difference)
        if half:
            for each in filter(None, (graph, bounds)):
                halve_weights(each)
            rounding = written()
            if not rounding < MOST_ROUNDING:
                raise ModelError(
                    f"weights in half precision change images by {rounding:.2g}, more than "
                    f"{MOST_ROUNDING:g}, so the file was not kept: export without --half"
                )
        size = temporary.stat().st_size
    sizes = tuple(dict.fromkeys((image.shape[2], image.shape[3]) for image in images))
    return Exported(path, size, difference, rounding, sizes)


def check_equal(difference: float) -> None:
    """Raise ``ModelError`` if results of a file differ too much from results of torch."""
    if not difference < TOLERANCE:
        raise ModelError(
            f"results of the file differ by {difference:.2g} from results of torch, more than "
            f"{TOLERANCE:g}, so it was not kept: please report this model"
        )


def on_cpu(denoiser: Denoiser) -> tuple[TorchBackend, Denoiser]:
    """Return a copy in float32 on the CPU; raise ``ModelError`` if torch does not run it."""
    plain = denoiser.backend
    if not isinstance(plain, TorchBackend):
        raise ModelError(
            "this model is not a .safetensors model, and only such models become files for other "
            "programs"
        )
    backend = TorchBackend(_copied(plain.model), distances=plain.bounds and _copied(plain.bounds))
    return backend, Denoiser(backend, denoiser.info)


def graph_inside(model: Model, opset: int) -> Any:
    """Return the graph of a model for any number of images, of any size where the model has any."""
    size, multiple = model.fixed_size, model.size_multiple
    height, width = size or (TRACED * multiple, (TRACED + 1) * multiple)
    given = 2, model.channels * model.depth, height, width
    free = (0,) if size else (0, *AXES.values())
    return graph_of(model, given, multiple=multiple, free=free, opset=opset)


def difference_of_graph(
    graph: bytes, known: Denoiser, *, sizes: Iterable[tuple[int, int]], channels: int
) -> float:
    """Return the largest difference of a graph from a denoiser, on single images of some sizes.

    Programs limit the results of the graph to [0, 1] if the denoiser does.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors, which are raised, too
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    (taken,), random, found = session.get_inputs(), np.random.default_rng(0), [0.0]
    for height, width in sizes:
        image = random.random((1, channels, height, width), np.float32)
        (made,) = session.run(None, {taken.name: image})
        made = made.clip(0, 1) if known.sight.clamps else made
        found.append(float(np.abs(made - known.denoise_floats(image)).max()))
    return max(found)


def _copied(model: ModelKind) -> ModelKind:
    return copy.deepcopy(model).cpu().float().eval()


def _describe(graph: Any, bounds: Any, backend: TorchBackend, info: ModelInfo) -> None:
    """Write everything that a denoiser needs beside its graph into the metadata."""
    metadata = {HEADER: header_of(info), NETWORK: json.dumps(_facts(backend))}
    if backend.bounds is not None:
        metadata[BOUNDS_MODEL] = base64.b64encode(bounds.SerializeToString()).decode()
        metadata[BOUNDS_NETWORK] = json.dumps(_facts(TorchBackend(backend.bounds)))
    del graph.metadata_props[:]
    for key, value in metadata.items():
        graph.metadata_props.add(key=key, value=value)


def _facts(backend: TorchBackend) -> dict[str, Any]:
    return {"channels": backend.model.channels, **backend.describe()}


def _images(model: Model) -> Iterator[NDArray[np.float32]]:
    random = np.random.default_rng(0)
    for count, height, width in SHAPES:
        sides = model.fixed_size or (height, width)
        yield random.random((count, model.channels * model.depth, *sides), np.float32)


def _difference(one: Denoiser, other: Denoiser, images: list[NDArray[np.float32]]) -> float:
    """Return the largest difference of results, and of their bounds if the model has bounds."""
    found = [0.0]
    for noisy in images:
        made, known = one.denoise_floats(noisy), other.denoise_floats(noisy)
        found.append(float(np.abs(made - known).max()))
        if other.has_bounds:
            image = middle_of(noisy, other.backend.network.depth)
            pairs = zip(
                one.find_distances(image, known), other.find_distances(image, known), strict=True
            )
            found += [float(np.abs(a - b).max()) for a, b in pairs]
    return max(found)
