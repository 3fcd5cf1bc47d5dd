"""From a network of torch to the graph of an ONNX file, which pads and crops by itself."""

import logging
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

LOWEST = 18  # opset that the exporter of torch writes at least
HALF = "_half"
AXES = {"height": 2, "width": 3}
TRACED = 4  # times the size multiple: the side of the images with which a network is traced


def graph_of(
    network: nn.Module,
    given: tuple[int, int, int, int],
    *,
    multiple: int,
    free: Collection[int],
    opset: int,
    names: tuple[str, str] = ("noisy", "clean"),
) -> Any:
    """Return a graph from ``(B, C, H, W)`` to images as the protocol buffer of ONNX.

    Args:
        network: What is traced.
        given: The shape of the zeros that it is traced with.
        multiple: The multiple that height and width must be inside; the graph pads and crops.
        free: The axes that can have any length. Without height and width nothing is padded.
        opset: Version of the operators.
        names: Names of the input and of the output.
    """
    with quiet():
        program = torch.onnx.export(
            network,
            (torch.zeros(given),),
            input_names=[names[0]],
            output_names=[names[1]],
            dynamic_shapes=(dict.fromkeys(free, torch.export.Dim.DYNAMIC),),
            opset_version=max(opset, LOWEST),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    proto = program.model_proto
    _clean(proto)
    if set(AXES.values()) <= set(free):
        _pad_inside(proto, multiple)
    if opset < LOWEST:
        from onnx.version_converter import convert_version

        return convert_version(proto, opset)
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


def halve_weights(proto: Any) -> None:
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


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress the exporter's messages on packages that are not needed here."""
    log = logging.getLogger("torch.onnx")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        log.setLevel(before)
