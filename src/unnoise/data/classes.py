"""Images with classes: a dataset, a task, or a folder with a subfolder for each class."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unnoise.data.batches import split_indices
from unnoise.data.sources import load_images
from unnoise.datasets import NAMES, TASKS, load_labelled, make_task
from unnoise.errors import DataError, ImageError
from unnoise.types import Array, Say

Labelled = tuple[Array, NDArray[np.int64]]  # images (N, H, W, C), and classes (N,) from 0

TEST_SHARE = 0.2  # of the user's own images


@dataclass(frozen=True)
class Labels:
    """Images to learn classes from, and others to test with."""

    name: str  # the user's name for the images
    names: tuple[str, ...]  # of the classes
    train: Labelled
    test: Labelled


def load_classes(
    source: str | Path, *, seed: int = 0, data_dir: Path | None = None, say: Say = lambda _: None
) -> Labels:
    """Read images with their classes.

    Args:
        source: A named dataset or task, or a folder with a subfolder for each class; a fifth of
            its images is for the test.
        seed: Decides the split of a folder.
        data_dir: Where to look for named datasets first.
        say: Called before anything is downloaded.

    Raises:
        DataError: Nothing is there, there are no classes, or images have several sizes.
    """
    name = str(source)
    if isinstance(source, Path) or name not in NAMES:
        return _of_folder(name, seed, say)
    if name in TASKS:
        task = make_task(name, data_dir=data_dir, say=say)
        parts = [task.train, task.test]
    else:
        parts = [
            load_labelled(name, part, data_dir=data_dir, say=say) for part in ("train", "test")
        ]
    train, test = ((images[..., None], labels) for images, labels in parts)
    return Labels(name, tuple(map(str, range(int(train[1].max()) + 1))), train, test)


def _of_folder(folder: str, seed: int, say: Say) -> Labels:
    classes = _subfolders(folder)
    loaded = [load_images(each, split="train", say=say) for each in classes]
    stacks = [stack for images in loaded for stack in images.stacks]
    if len({(stack.shape[1:], stack.dtype) for stack in stacks}) > 1:
        raise ImageError(
            f"the images of {folder} have several sizes or dtypes: bring them to one first"
        )
    train: list[Labelled] = []
    test: list[Labelled] = []
    for index, (path, images) in enumerate(zip(classes, loaded, strict=True)):
        stack = images.stack
        if len(stack) < 2:
            raise DataError(
                f"{path} has one image: of each class some are for learning and some for the test, "
                "so put in at least two"
            )
        # A share of each class, so that no part lacks a class.
        learned, tested = split_indices(len(stack), TEST_SHARE, seed)
        train.append((stack[learned], np.full(len(learned), index)))
        test.append((stack[tested], np.full(len(tested), index)))
    return Labels(folder, tuple(each.name for each in classes), _join(train), _join(test))


def _subfolders(folder: str) -> list[Path]:
    """Return the folders of the classes, sorted, without hidden ones."""
    classes: list[Path] = []
    found = "no such folder"
    if os.path.isdir(folder):  # noqa: PTH112  Path.is_dir raises for names of 300 letters
        try:
            classes = sorted(
                each
                for each in Path(folder).iterdir()
                if each.is_dir() and not each.name.startswith(".")
            )
        except OSError as error:
            raise DataError(f"cannot read {folder}: {error.strerror}") from error
        found = f"{len(classes)} subfolders"
    if len(classes) < 2:
        raise DataError(
            f"{folder} has no classes ({found}): put the images of each class into a subfolder of "
            f"its own, at least two, or name a dataset that has labels: {', '.join(NAMES)}"
        )
    return classes


def _join(parts: list[Labelled]) -> Labelled:
    images, labels = zip(*parts, strict=True)
    return np.concatenate(images), np.concatenate(labels)
