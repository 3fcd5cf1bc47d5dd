"""From what a user names to a stack of images: a dataset, a file, a folder, or an array."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from unnoise.data.named import DATASETS, load_named
from unnoise.errors import DataError, ImageError, UnknownNameError
from unnoise.images import as_stack, list_images, read_stack

Source = str | Path | NDArray[np.generic]


@dataclass(frozen=True)
class Images:
    """A stack of images of one size.

    Attributes:
        name: What the user called them.
        stack: ``(N, H, W, C)`` of the source's own dtype.
        noise: The spec that belongs to a named dataset, None for the user's own images.
    """

    name: str
    stack: NDArray[np.generic]
    noise: str | None = None


def load_images(
    source: Source,
    *,
    split: Literal["train", "test"],
    data_dir: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Images:
    """Load the images that a user named.

    Args:
        source: The name of a dataset; the path of a file or folder; or an array ``(N, H, W)``,
            ``(N, H, W, C)``, or one image.
        split: Which part of a named dataset; the user's own images have no parts.
        data_dir: Where to look for named datasets first.
        say: Told before anything is downloaded.

    Raises:
        DataError: Nothing is there, or it cannot be used together.
        UnknownNameError: It is neither a path nor the name of a dataset.
    """
    if isinstance(source, np.ndarray):
        return Images("array", as_stack(source)[0])
    if isinstance(source, str) and source in DATASETS:
        stack = load_named(source, split, data_dir=data_dir, say=say)
        return Images(source, stack[..., None], DATASETS[source].noise)
    path = Path(source)
    if path.is_dir():
        return Images(str(path), _read_folder(path))
    if path.exists():
        return Images(str(path), read_stack(path)[0])
    unknown = UnknownNameError("dataset", str(source), DATASETS)
    raise DataError(f"{unknown}; and there is no file or folder of that name")


def _read_folder(folder: Path) -> NDArray[np.generic]:
    """Read every image of a folder (without its subfolders) into one stack."""
    paths = list_images(folder)
    stacks = [read_stack(path)[0] for path in paths]
    for path, stack in zip(paths, stacks, strict=True):
        if stack.shape[1:] != stacks[0].shape[1:] or stack.dtype != stacks[0].dtype:
            raise ImageError(
                f"{path} is {_describe(stack)} and {paths[0].name} is {_describe(stacks[0])}: "
                "the images of a folder must have one size, dtype and number of channels"
            )
    return np.concatenate(stacks)


def _describe(stack: NDArray[np.generic]) -> str:
    height, width, channels = stack.shape[1:]
    return f"{height} × {width} × {channels} {stack.dtype}"
