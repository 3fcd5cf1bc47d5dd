"""Images with classes: a dataset, a task, or a folder with a subfolder for each class."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unnoise.data.batches import split_indices
from unnoise.data.named import DATASETS, Say, load_labelled
from unnoise.data.sources import NAMES, load_images
from unnoise.data.tasks import TASKS, make_task
from unnoise.errors import DataError, ImageError
from unnoise.images import MAX_PIXELS

TEST_SHARE = 0.2  # of the user's own images


@dataclass(frozen=True)
class Labels:
    """Images to learn classes from, and others to test with.

    Attributes:
        name: What the user called them.
        names: Of the classes.
        train: Images ``(N, H, W, C)``, any dtype, and classes ``(N,)``, from 0.
        test: The same, of other images.
    """

    name: str
    names: tuple[str, ...]
    train: tuple[NDArray[np.generic], NDArray[np.int64]]
    test: tuple[NDArray[np.generic], NDArray[np.int64]]


def load_classes(
    source: str | Path, *, seed: int = 0, data_dir: Path | None = None, say: Say = lambda _: None
) -> Labels:
    """Read images with their classes.

    Args:
        source: A named dataset or task, or a folder whose subfolders are the classes, of which a
            fifth of the images is taken for the test.
        seed: Decides the split of a folder.
        data_dir: Where to look for named datasets first.
        say: Told before anything is downloaded.

    Raises:
        DataError: Nothing is there, or there are no classes, or images of several sizes.
    """
    name = str(source)
    if name in TASKS:
        task = make_task(name, data_dir=data_dir, say=say)
        parts = [task.train, task.test]
    elif name in DATASETS:
        parts = [
            load_labelled(name, part, data_dir=data_dir, say=say) for part in ("train", "test")
        ]
    else:
        return _of_folder(Path(source), seed, say)
    train, test = ((images[..., None], labels) for images, labels in parts)
    return Labels(name, tuple(map(str, range(int(train[1].max()) + 1))), train, test)


def _of_folder(folder: Path, seed: int, say: Say) -> Labels:
    classes = sorted(each for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else []
    if len(classes) < 2:
        found = f"{len(classes)} subfolders" if folder.is_dir() else "no such folder"
        known = ", ".join(NAMES)
        raise DataError(
            f"{folder} has no classes ({found}): put the images of each class into a subfolder of "
            f"its own, at least two, or name a dataset that has labels: {known}"
        )
    loaded = [load_images(each, split="train", max_pixels=MAX_PIXELS, say=say) for each in classes]
    stacks = [stack for images in loaded for stack in images.stacks]
    if len({(stack.shape[1:], stack.dtype) for stack in stacks}) > 1:
        raise ImageError(
            f"the images of {folder} have several sizes or dtypes: bring them to one first"
        )
    images = np.concatenate(stacks)
    labels = np.repeat(np.arange(len(classes)), [_count(each.stacks) for each in loaded])
    train, test = split_indices(len(images), TEST_SHARE, seed)
    return Labels(
        str(folder),
        tuple(each.name for each in classes),
        (images[train], labels[train]),
        (images[test], labels[test]),
    )


def _count(stacks: tuple[NDArray[np.generic], ...]) -> int:
    return sum(len(stack) for stack in stacks)
