"""Images to train and to measure on: named datasets, files, folders and arrays; batches of them.

This room does not know what the images are used for.
"""

from unnoise.data.batches import Batches, split_indices
from unnoise.data.named import DATASETS, NamedDataset, find_dataset, load_named
from unnoise.data.sources import Images, load_images

__all__ = [
    "DATASETS",
    "Batches",
    "Images",
    "NamedDataset",
    "find_dataset",
    "load_images",
    "load_named",
    "split_indices",
]
