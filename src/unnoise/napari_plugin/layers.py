"""From layers to files and back: which values are read, by which axes, and where results lie.

Values are copied into ``.npy`` files plane by plane, so a lazy layer (dask, zarr) is never in
memory as a whole. Everything else then works as for files. This module opens no window.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np

from unnoise.errors import ImageError

Where = Literal["whole layer", "current view", "region"]
STATED = {"t": "T", "time": "T", "z": "Z", "depth": "Z", "c": "C", "channel": "C", "p": "P"}
ROUNDING = 1e-6  # pixels
UNKNOWN = "NPQ"  # letters of axes that the layer does not name
KEPT = (  # what a result takes over from its layer
    *("rotate", "shear", "affine", "units", "axis_labels", "opacity", "blending"),
    *("colormap", "contrast_limits", "gamma", "interpolation2d", "interpolation3d", "rendering"),
)


@dataclass(frozen=True)
class Part:
    """The values of an image layer that are read, and how a result is shown.

    Attributes:
        data: The array of the layer, anything that slices.
        slices: The part of it, a slice for each axis; colours are always whole.
        axes: One letter per axis.
        name: The name of the layer.
        colours: Whether its channels are red, green and blue.
        alone: Whether it is one image of a stack.
        shown: What a layer of the result takes over from the layer.
    """

    data: Any
    slices: tuple[slice, ...]
    axes: str
    name: str
    colours: bool
    alone: bool
    shown: Mapping[str, Any]

    def save(self, path: Path) -> None:
        """Copy the values into a ``.npy`` file, plane by plane."""
        shape = tuple(part.stop - part.start for part in self.slices)
        if 0 in shape:
            raise ImageError("the region lies beside the layer, so nothing is left of it")
        made = np.lib.format.open_memmap(path, "w+", np.dtype(self.data.dtype), shape)
        outer = [range(n) for n in shape[: self._planes]]
        for place in product(*outer):
            first = tuple(s.start + i for s, i in zip(self.slices, place, strict=False))
            made[place] = np.asarray(self.data[(*first, *self.slices[self._planes :])])
        made.flush()

    @property
    def _planes(self) -> int:
        """The number of axes before rows, columns and colours."""
        return min(self.axes.index("Y"), self.axes.index("X"))


def guess_axes(layer: Any) -> str:
    """Return one letter for each axis of an image layer: as it names them, else NYX.

    napari shows the last two axes as rows and columns; colours come last.
    """
    labels = [str(label).lower() for label in layer.axis_labels][:-2]
    spare = iter(UNKNOWN)
    letters: list[str] = []
    for label in labels:
        letter = STATED.get(label)
        letters.append(letter if letter and letter not in letters else next(spare))
    return "".join(letters) + "YX" + "C" * bool(layer.rgb)


def part_of(
    layer: Any, *, axes: str, where: Where, step: Sequence[int], corners: Any = None
) -> Part:
    """Return the part of a layer to work on.

    Args:
        layer: An image layer of napari.
        axes: One letter per axis, such as TYX.
        where: All of it; the visible rows and columns of the current image; or a region of it.
        step: The current image, a number for each axis of the layer, in its own pixels.
        corners: For a region: its corners in the pixels of the layer, ``(N, axes)``.

    Raises:
        ImageError: The axes do not fit, or there is no region.
    """
    data = layer.data[0] if layer.multiscale else layer.data
    shape, spatial = tuple(data.shape), layer.ndim
    if sorted(set(axes)) != sorted(axes) or len(axes) != len(shape) or not {"Y", "X"} <= set(axes):
        raise ImageError(
            f"axes are {axes!r}, and {layer.name} has {len(shape)}: one letter each, with Y and X, "
            "such as TYX; C is channels"
        )
    if axes[:spatial].find("Y") != spatial - 2 or axes[:spatial].find("X") != spatial - 1:
        raise ImageError(f"axes are {axes!r}: napari shows the last two as rows Y and columns X")
    slices = [slice(0, n) for n in shape]
    if where != "whole layer":
        if where == "current view":
            corners = layer.corner_pixels * _factors(layer)
        if corners is None or not len(corners):
            raise ImageError("there is no region: draw a rectangle in a Shapes layer")
        # The pixels whose centres lie inside; a rotated layer rounds.
        low = np.ceil(corners.min(axis=0) - ROUNDING)
        high = np.floor(corners.max(axis=0) + ROUNDING)
        for axis in range(spatial):
            if axis < spatial - 2:
                start = int(step[axis])
                if not 0 <= start < shape[axis]:
                    raise ImageError(
                        f"the sliders stand outside of {layer.name}: move them to one of its images"
                    )
                slices[axis] = slice(start, start + 1)
            else:
                start = int(np.clip(low[axis], 0, shape[axis]))
                slices[axis] = slice(start, int(np.clip(high[axis] + 1, start, shape[axis])))
    return Part(
        data,
        tuple(slices),
        axes,
        layer.name,
        colours=bool(layer.rgb),
        alone=where != "whole layer" and spatial > 2,
        shown=_shown(layer, slices[:spatial]),
    )


def _factors(layer: Any) -> Any:
    """Return the pixels of the full resolution per pixel of the level that is shown."""
    return layer.downsample_factors[layer.data_level] if layer.multiscale else 1


def _shown(layer: Any, slices: Sequence[slice]) -> dict[str, Any]:
    """Return the properties of a layer of the result, which lies where its part lies."""
    state = layer.as_layer_data_tuple()[1]
    shown = {name: state[name] for name in KEPT if name in state}
    start = np.array([s.start for s in slices], float)
    moved = layer.data_to_world(start) - np.array(layer.data_to_world(np.zeros_like(start)))
    if not np.allclose(layer.affine.linear_matrix, np.eye(layer.ndim)):
        moved = np.linalg.solve(np.asarray(layer.affine.linear_matrix), moved)
    shown |= {"scale": layer.scale, "translate": layer.translate + moved, "rgb": layer.rgb}
    if layer.rgb:
        for name in ("colormap", "contrast_limits", "gamma"):
            shown.pop(name, None)
    return shown
