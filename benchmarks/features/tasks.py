"""The paper's tasks: stacked and convolutional denoising autoencoders, a support vector machine."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import SVC

from unnoise import DenoisingAutoencoder, DenoisingClassifier
from unnoise.datasets import Task, make_task

SHAPE = (28, 28)
# Steps for any number of images: of each layer and of all layers, and of fine-tuning.
PRETRAINING, FINE_TUNING = 1_000, 2_400
MOST_PASSES = 100  # passes of fine-tuning: with few images, more steps learn them by heart
CONV_PRETRAINING, CONV_FINE_TUNING = 700, 1_200
BATCH = 128
SVM_TEST = 2_000  # images: a support vector machine takes minutes for 50,000
Rows = tuple[NDArray[np.float32], NDArray[np.int64]]
Part = tuple[NDArray[np.uint8], NDArray[np.int64]]


@dataclass(frozen=True)
class Published:
    """Test errors in percent: Vincent et al. 2010, table 4 and Larochelle et al. 2007, table 1."""

    stacked: float  # SDAE-3
    svm: float  # with radial basis functions


PUBLISHED = {
    "mnist-basic": Published(2.84, 3.03),
    "mnist-rot": Published(9.53, 11.11),
    "mnist-bg-rand": Published(10.30, 14.58),
    "mnist-bg-img": Published(16.68, 22.61),
    "mnist-rot-bg-img": Published(43.76, 55.18),
    "rect": Published(1.99, 2.15),
    "rect-img": Published(21.59, 24.04),
    "convex": Published(19.06, 19.13),
}


def stacked(rows: int, noise: str) -> DenoisingClassifier:
    """Three layers of 1,000, as in the paper: pretrained one by one, then fine-tuned."""
    return DenoisingClassifier(
        DenoisingAutoencoder(
            (1000, 1000, 1000),
            noise=noise,
            image_shape=SHAPE,
            max_iter=epochs(rows, PRETRAINING),
            random_state=0,
        ),
        noise=noise,
        max_iter=min(MOST_PASSES, epochs(rows, FINE_TUNING)),
        random_state=0,
    )


def convolutional(rows: int, noise: str) -> DenoisingClassifier:
    """The convolutional autoencoder, fine-tuned on the same labels."""
    return DenoisingClassifier(
        DenoisingAutoencoder(
            model="autoencoder-m",
            noise=noise,
            image_shape=SHAPE,
            max_iter=epochs(rows, CONV_PRETRAINING),
            learning_rate_init=3e-3,
            random_state=0,
        ),
        noise=noise,
        max_iter=min(MOST_PASSES, epochs(rows, CONV_FINE_TUNING)),
        random_state=0,
    )


def epochs(rows: int, steps: int) -> int:
    """Return the number of passes over the rows that takes about this many steps."""
    return max(1, round(steps / (rows // BATCH)))


def svm(_rows: int, _noise: str) -> SVC:
    """Use one pair of constants for all tasks, as most of the published tables do."""
    return SVC(C=10.0, gamma=0.02)


Make = Callable[[int, str], DenoisingClassifier | SVC]
MASK, SWAP, WARP, WARP_SWAP = "mask:0.1", "swap:0.1", "warp:0.5+mask:0.1", "warp:0.5+swap:0.25"
# Their sides differ by 3 pixels or more, so weak stretching leaves the longer one the longer.
WEAK_WARP = "warp:0.2+mask:0.1"
STACKED, CONVOLUTIONAL, SVM = "stacked", "convolutional", "SVM on pixels"
METHODS: dict[str, tuple[Make, str]] = {
    **{
        f"{STACKED}, {noise}": (stacked, noise)
        for noise in (MASK, SWAP, WARP, WARP_SWAP, WEAK_WARP)
    },
    f"{CONVOLUTIONAL}, {MASK}": (convolutional, MASK),
    SVM: (svm, ""),
}
Measured = dict[str, dict[str, float]]  # by method


def best(measured: Measured, kind: str) -> str:
    """Return the method of a kind that makes the fewest errors on validation images."""
    mine = [method for method in measured if method.startswith(kind)]
    return min(mine, key=lambda method: measured[method]["valid"])


def applies(name: str, method: str) -> bool:
    """Whether a method suits a task: noise that bends shapes may change their classes.

    Digits on photographs gain nothing if they are warped together with the background.
    """
    if WEAK_WARP in method:
        return name.startswith("rect")
    if WARP_SWAP in method:
        return name == "mnist-bg-rand"
    return WARP not in method or name in ("mnist-basic", "mnist-rot", "mnist-bg-rand")


def rows_of(part: Part) -> Rows:
    images, classes = part
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255), classes


def measure(name: str, method: str, data: Path) -> dict[str, float]:
    """Train on 10,000 images, and return errors in percent on validation and test images."""
    task: Task = make_task(name, data_dir=data)
    train, valid, test = (rows_of(part) for part in (task.train, task.valid, task.test))
    if method == SVM:
        test = test[0][:SVM_TEST], test[1][:SVM_TEST]
    make, noise = METHODS[method]
    begun = time.perf_counter()
    fitted = make(len(train[0]), noise).fit(*train)
    seconds = time.perf_counter() - begun
    errors = [float(100 * np.mean(fitted.predict(part[0]) != part[1])) for part in (valid, test)]
    return {"valid": errors[0], "test": errors[1], "seconds": seconds}
