"""From a denoiser to one ONNX file, which is then run and compared with torch.

The graph takes any number of images of any height and width, and pads and crops them itself. Loaded
with unnoise, the file also has tiles, value ranges and dtypes.
"""

import base64
import copy
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from unnoise.denoiser import Denoiser
from unnoise.denoiser.onnx_backend import BOUNDS_MODEL, BOUNDS_NETWORK, NETWORK
from unnoise.denoiser.torch_backend import TorchBackend
from unnoise.errors import ConfigError, ModelError
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
TRACED = 4  # times the size multiple: the side of the images with which the network is traced
HALF = "_half"
AXES = {"height": 2, "width": 3}


@dataclass(frozen=True)
class Exported:
    """A file, and the difference of its results from those of torch, where white is 1."""

    path: Path
    bytes: int
    difference: float  # the largest one before weights are rounded
    rounding: float | None  # the largest one after rounding; None without half
    sizes: tuple[tuple[int, int], ...]  # heights and widths of the images that were compared


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
    if not isinstance(denoiser.backend, TorchBackend):
        raise ModelError(
            "this model is not a .safetensors model, and only such models become ONNX files"
        )
    plain = denoiser.backend
    backend = TorchBackend(_copied(plain.model), distances=plain.bounds and _copied(plain.bounds))
    known = Denoiser(backend, denoiser.info)
    images = list(_images(backend.model))
    graph = _graph(backend.model, opset)
    bounds = backend.bounds and _graph(backend.bounds, opset)
    with replacing(path, overwrite=overwrite) as temporary:

        def written() -> float:
            """Write the file, and return the largest difference of its results from torch's."""
            _describe(graph, bounds, backend, denoiser.info)
            temporary.write_bytes(graph.SerializeToString())
            return _difference(Denoiser.load(temporary), known, images)

        difference, rounding = written(), None
        if not difference < TOLERANCE:
            raise ModelError(
                f"results of the ONNX file differ by {difference:.2g} from results of torch, more "
                f"than {TOLERANCE:g}, so the file was not kept: please report this model"
            )
        if half:
            for each in filter(None, (graph, bounds)):
                _halve_weights(each)
            rounding = written()
            if not rounding < MOST_ROUNDING:
                raise ModelError(
                    f"weights in half precision change images by {rounding:.2g}, more than "
                    f"{MOST_ROUNDING:g}, so the file was not kept: export without --half"
                )
        size = temporary.stat().st_size
    sizes = tuple(dict.fromkeys((image.shape[2], image.shape[3]) for image in images))
    return Exported(path, size, difference, rounding, sizes)


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


def _graph(model: Model, opset: int) -> Any:
    """Return the graph as the protocol buffer of ONNX, with padding and cropping inside."""
    size, multiple = model.fixed_size, model.size_multiple
    height, width = size or (TRACED * multiple, (TRACED + 1) * multiple)
    free = torch.export.Dim.DYNAMIC
    dynamic = {0: free} if size else {0: free, 2: free, 3: free}
    with _quiet():
        program = torch.onnx.export(
            model,
            (torch.zeros(2, model.channels * model.depth, height, width),),
            input_names=["noisy"],
            output_names=["clean"],
            dynamic_shapes=(dynamic,),
            opset_version=opset,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    proto = program.model_proto
    _clean(proto)
    if not size:
        _pad_inside(proto, multiple)
    return proto


def _pad_inside(proto: Any, multiple: int) -> None:
    """Let a graph take images of any height and width; it pads and crops as ``sizes.padding`` does.

    The graph has one input and one output, ``(B, C, H, W)``, and is changed in place; inside of it
    height and width are multiples of ``multiple``. If the image is larger than the missing strips,
    a mirror continues it, else its edge is repeated. Rows and columns are gathered by their
    indices, because the mode of the operator ``Pad`` cannot depend on a size.
    """
    from onnx import helper, numpy_helper

    if multiple == 1:
        return
    graph = proto.graph
    (taken,), (made,) = graph.input, graph.output
    before, after, nodes = f"{taken.name}_padded", f"{made.name}_padded", []
    for node in graph.node:
        node.input[:] = [before if name == taken.name else name for name in node.input]
        node.output[:] = [after if name == made.name else name for name in node.output]

    def constant(name: str, value: int | list[int]) -> str:
        graph.initializer.append(numpy_helper.from_array(np.array(value, np.int64), name))
        return name

    def add(kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    zero, one, step = constant("pad_0", 0), constant("pad_1", 1), constant("pad_by", multiple)
    shape = add("Shape", [taken.name], "pad_shape")
    fits = []
    for name, axis in AXES.items():
        size = add("Gather", [shape, constant(f"pad_axis_{name}", axis)], f"pad_{name}")
        lacks = add("Mod", [add("Neg", [size], f"pad_less_{name}"), step], f"pad_lacks_{name}")
        fits.append(add("Less", [lacks, size], f"pad_fits_{name}"))
    mirror = add("And", fits, "pad_mirror")
    given = taken.name
    for name, axis in AXES.items():
        size = f"pad_{name}"
        last = add("Sub", [size, one], f"pad_last_{name}")
        total = add("Add", [size, f"pad_lacks_{name}"], f"pad_total_{name}")
        place = add("Range", [zero, total, one], f"pad_place_{name}")
        edge = add("Min", [place, last], f"pad_edge_{name}")
        # A row k beyond the last one is the row k before it, in the mirror.
        twice = add("Add", [edge, edge], f"pad_twice_{name}")
        folded = add("Sub", [twice, place], f"pad_folded_{name}")
        chosen = add("Where", [mirror, folded, edge], f"pad_chosen_{name}")
        given = add(
            "Gather", [given, chosen], before if axis == 3 else f"pad_{name}_done", axis=axis
        )
    start, axes = constant("crop_from", [0, 0]), constant("crop_axes", [2, 3])
    end = add("Gather", [shape, axes], "crop_to")
    cropped = helper.make_node("Slice", [after, start, end, axes], [made.name])
    body = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *body, cropped])
    for value in (taken, made):
        for name, axis in AXES.items():
            value.type.tensor_type.shape.dim[axis].dim_param = name


def _clean(proto: Any) -> None:
    """Name the dimensions, and remove the source line of each operator."""
    for value in (*proto.graph.input, *proto.graph.output):
        dims = value.type.tensor_type.shape.dim
        for dim, name in zip(dims, ("batch", "channels", "height", "width"), strict=True):
            if dim.WhichOneof("value") == "dim_param":
                dim.dim_param = name
    del proto.graph.value_info[:]
    for node in proto.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]


def _halve_weights(proto: Any) -> None:
    """Store weights as float16, each with an operator that makes it float32 when the file loads."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for weight in proto.graph.initializer:
        if weight.data_type != TensorProto.FLOAT:
            continue
        name = weight.name
        values = numpy_helper.to_array(weight).astype(np.float16)
        weight.CopyFrom(numpy_helper.from_array(values, name + HALF))
        casts.append(helper.make_node("Cast", [name + HALF], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *proto.graph.node]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)


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


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the exporter's messages on packages that are not needed here."""
    log = logging.getLogger("torch.onnx")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        log.setLevel(before)
