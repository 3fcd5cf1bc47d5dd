"""Padding and cropping as part of an ONNX graph, so that any program can feed any size."""

from typing import Any

import numpy as np

AXES = {"height": 2, "width": 3}


def pad_inside(proto: Any, multiple: int) -> None:
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
    cropped = helper.make_node(
        "Slice",
        [
            after,
            constant("crop_from", [0, 0]),
            add("Gather", [shape, constant("crop_axes", [2, 3])], "crop_to"),
            "crop_axes",
        ],
        [made.name],
    )
    body = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *body, cropped])
    for value in (taken, made):
        for axis, name in ((2, "height"), (3, "width")):
            value.type.tensor_type.shape.dim[axis].dim_param = name
