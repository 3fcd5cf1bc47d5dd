"""Make the dataset ``digits`` from the full MNIST: the first N of each class, in file order.

Usage: python tools/make_digits.py MNIST_FOLDER
"""

import sys
from pathlib import Path

import numpy as np

from unnoise.datasets.named import SPLITS
from unnoise.images import read_idx, write_idx

PER_CLASS = {"train": 500, "test": 100}
TARGET = Path(__file__).parents[1] / "src/unnoise/datasets/digits"


def main(source: Path) -> None:
    """Write the four gzipped IDX files."""
    for split, (images_name, labels_name) in SPLITS.items():
        images = read_idx(source / f"{images_name}.gz")
        labels = read_idx(source / f"{labels_name}.gz")
        chosen = np.sort(
            np.concatenate([np.flatnonzero(labels == c)[: PER_CLASS[split]] for c in range(10)])
        )
        write_idx(TARGET / f"{images_name}.gz", images[chosen])
        write_idx(TARGET / f"{labels_name}.gz", labels[chosen])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
