"""Images that unnoise knows by name: datasets, and the tasks that are made from them.

This room does not know files of the user, nor what is done with the images.
"""

from unnoise.datasets.named import DATASETS, find_dataset, load_labelled
from unnoise.datasets.tasks import TASKS, Task, make_task

NAMES = (*DATASETS, *TASKS)

__all__ = [
    "DATASETS",
    "NAMES",
    "TASKS",
    "Task",
    "find_dataset",
    "load_labelled",
    "make_task",
]
