"""Images that unnoise knows by name: datasets, and the tasks that are made from them.

This room does not know files of the user, nor what is done with the images.
"""

from unnoise.datasets.named import (
    DATASETS,
    ENVIRONMENT,
    NamedDataset,
    find_dataset,
    load_labelled,
    load_named,
)
from unnoise.datasets.tasks import TASKS, Task, make_task

NAMES = (*DATASETS, *TASKS)

__all__ = [
    "DATASETS",
    "ENVIRONMENT",
    "NAMES",
    "TASKS",
    "NamedDataset",
    "Task",
    "find_dataset",
    "load_labelled",
    "load_named",
    "make_task",
]
