"""Images to train and to measure on: where they are, which method they allow, batches of them.

The way is ``survey`` (what is there, by headers) → ``choose_method`` (which images play which
part) → ``prepare`` (pixels, split, batches). This room does not know models or training.
"""

from unnoise.data.batches import Batches, Patches, split_indices
from unnoise.data.labelled import Labels, load_classes
from unnoise.data.material import Material, prepare, takes_whole
from unnoise.data.method import NOISY_ONLY, Plan, choose_method
from unnoise.data.named import DATASETS, NamedDataset, find_dataset, load_named
from unnoise.data.names import match_pairs, side_of
from unnoise.data.pool import TURNS, Pool
from unnoise.data.resident import Resident
from unnoise.data.sources import NAMES, Images, load_images, load_pairs, look_at
from unnoise.data.stream import Stream
from unnoise.data.survey import Part, Source, Survey
from unnoise.data.tasks import TASKS, Task, make_task

__all__ = [
    "DATASETS",
    "NAMES",
    "NOISY_ONLY",
    "TASKS",
    "TURNS",
    "Batches",
    "Images",
    "Labels",
    "Material",
    "NamedDataset",
    "Part",
    "Patches",
    "Plan",
    "Pool",
    "Resident",
    "Source",
    "Stream",
    "Survey",
    "Task",
    "choose_method",
    "find_dataset",
    "load_classes",
    "load_images",
    "load_named",
    "load_pairs",
    "look_at",
    "make_task",
    "match_pairs",
    "prepare",
    "side_of",
    "split_indices",
    "takes_whole",
]
