"""The worth of features: the errors of a simple classifier on them, with few labels, or with noise.

The features stay as they are and only the classifier learns (a linear probe: Alain & Bengio,
"Understanding intermediate layers using linear classifier probes", 2016). So its errors depend on
the features alone.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from unnoise.errors import ConfigError, UnknownNameError
from unnoise.noise import Noise
from unnoise.seeding import generator
from unnoise.types import Floats

Classes = NDArray[np.int64]
Rows = tuple[Floats, Floats]  # of the images to learn from, and of those to test with

COMPONENTS = 100  # of PCA
NEIGHBOURS = 5
MAX_ITER = 300  # its last steps change no decision, so it is no matter if it ends there
PERPLEXITY, FEWEST_TO_PLACE = 30.0, 4  # of t-SNE; fewer rows or features are placed as they are
DEFAULT_LABELS = (10, 100)  # for each class
PLACES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the ranges of a noise

CLASSIFIERS: dict[str, Callable[[int], Any]] = {  # by the number of rows with labels
    # Stronger regularisation than the default: features are many and labels few.
    "logistic": lambda _: LogisticRegression(C=0.03, max_iter=MAX_ITER, tol=1e-3),
    "knn": lambda rows: KNeighborsClassifier(min(NEIGHBOURS, rows), weights="distance"),
    "svm": lambda _: SVC(C=10.0),
}
ClassifierName = Literal["logistic", "knn", "svm"]


@dataclass(frozen=True, kw_only=True)
class Score:
    """Errors of a classifier on one kind of features."""

    features: str  # the name of the kind
    size: int  # numbers for each image
    labels: int  # for each class; 0 for all there are
    errors: tuple[float, ...]  # share of the test images with a wrong class, of each seed

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.errors))

    @property
    def spread(self) -> float | None:
        """Standard deviation over the seeds; None for one."""
        return float(np.std(self.errors, ddof=1)) if len(self.errors) > 1 else None


@dataclass(frozen=True, kw_only=True)
class Probing:
    """The results of ``probe``."""

    scores: tuple[Score, ...]  # for each kind of features and number of labels, few labels first
    # Counts (true classes, found classes) of the first kind, with the most labels, the first draw.
    confusion: NDArray[np.int64]


def choose_labels(
    classes: Classes, labels: Sequence[int] | None, *, seeds: int, classifier: str
) -> tuple[int, ...]:
    """Return the numbers of labels to probe with, few first and all (0) last.

    Args:
        classes: Classes of the images to learn from.
        labels: Numbers that are wanted; None takes 10 and 100, or all where there are fewer.
        seeds: Number of draws.
        classifier: A key of ``CLASSIFIERS``.

    Raises:
        UnknownNameError: There is no such classifier.
        ConfigError: A class has fewer labels than that, or a number is out of range.
    """
    if classifier not in CLASSIFIERS:
        raise UnknownNameError("classifier", classifier, CLASSIFIERS)
    if seeds < 1 or (labels is not None and (not labels or min(labels) < 0)):
        raise ConfigError(
            f"labels are {labels} and seeds {seeds}: labels are numbers, each 0 (for all) "
            "or more, and there is at least one seed"
        )
    fewest = int(np.unique(classes, return_counts=True)[1].min())
    if labels is None:
        return tuple(count for count in DEFAULT_LABELS if count <= fewest) or (0,)
    if max(labels) > fewest:
        raise ConfigError(
            f"{max(labels)} labels for each class are wanted, and one class has {fewest} images: "
            f"pass --labels {fewest} or fewer, or 0 for all there are"
        )
    return tuple(sorted(set(labels), key=lambda count: count or np.inf))


def probe(
    kinds: Mapping[str, Callable[[], Rows]],
    train: Classes,
    test: Classes,
    *,
    labels: Sequence[int],
    seeds: int,
    classifier: str = "logistic",
    seed: int = 0,
    say: Callable[[str], None] = lambda _: None,
) -> Probing:
    """Train a classifier on each kind of features, with each number of labels.

    Args:
        kinds: By name, functions that make features ``(N, F)`` of images to learn from, and test.
        train: Classes of the images to learn from, ``(N,)``.
        test: Classes of the others.
        labels: What ``choose_labels`` gives.
        seeds: Number of draws of labels; with all labels there is one.
        classifier: A key of ``CLASSIFIERS``.
        seed: Decides the draws.
        say: Gets a line on each result.
    """
    names = range(int(max(train.max(), test.max())) + 1)
    scores, confusion = [], None
    for name, make in kinds.items():
        rows = make()
        scale = scaler(rows[0])
        seen, tested = map(scale, rows)
        for count in labels:
            errors = []
            for draw in range(seeds if count else 1):
                chosen = draw_labels(train, count, (seed, draw))
                found = fit_classifier(classifier, seen[chosen], train[chosen]).predict(tested)
                errors.append(float(np.mean(found != test)))
                if name == next(iter(kinds)) and draw == 0:
                    confusion = confusion_matrix(test, found, labels=names)  # the last one stays
            score = Score(features=name, size=seen.shape[1], labels=count, errors=tuple(errors))
            scores.append(score)
            say(line(score))
    assert confusion is not None
    return Probing(scores=tuple(scores), confusion=confusion)


def fit_classifier(name: str, rows: Floats, classes: Classes) -> Any:
    """Return a classifier of ``CLASSIFIERS``, fitted on scaled features."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return CLASSIFIERS[name](len(rows)).fit(rows, classes)


def line(score: Score) -> str:
    """Return a score in one line."""
    labels = f"{score.labels} labels a class" if score.labels else "all labels"
    spread = "" if score.spread is None else f" ± {100 * score.spread:.2f}"
    return f"{score.features}, {labels}: {100 * score.mean:.2f}{spread} % errors"


def draw_labels(classes: Classes, count: int, seed: tuple[int, int]) -> NDArray[np.int64]:
    """Return the indices of ``count`` images of each class; 0 takes all images."""
    if count == 0:
        return np.arange(len(classes))
    random = np.random.default_rng([*seed, count])
    return np.concatenate(
        [random.permutation(np.flatnonzero(classes == each))[:count] for each in np.unique(classes)]
    )


def scaler(rows: Floats) -> Callable[[Floats], Floats]:
    """Return what gives each feature mean 0, and all of them one spread, 1, on these rows.

    One for all: a feature that varies more matters more, above all among principal components.
    """
    mean = rows.mean(0)
    spread = float((rows - mean).std()) or 1.0
    return lambda some: (some - mean) / spread


def principal_components(rows: Rows, *, seed: int = 0) -> Rows:
    """Return the first 100 principal components of rows, found without labels."""
    seen, tested = rows
    count = min(COMPONENTS, *seen.shape)
    random_state = generator(seed, "pca").initial_seed() % 2**32
    pca = PCA(count, svd_solver="randomized", random_state=random_state).fit(seen)
    return pca.transform(seen), pca.transform(tested)


def map_features(features: Floats, *, seed: int = 0) -> Floats:
    """Place rows in the plane so that similar ones are near, ``(N, 2)``: t-SNE.

    van der Maaten & Hinton, "Visualizing data using t-SNE", JMLR 2008.
    """
    from sklearn.manifold import TSNE

    if min(features.shape) < FEWEST_TO_PLACE:
        return np.pad(features[:, :2], ((0, 0), (0, max(0, 2 - features.shape[1]))))
    rows = principal_components((features, features), seed=seed)[0]
    perplexity = min(PERPLEXITY, (len(rows) - 1) / 3)
    placed: Floats = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(rows)
    return placed


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """Accuracy of a classifier that was trained on clean images."""

    noise: str  # of the test images
    noisy: float  # share of the noisy images that get the right class
    denoised: float  # the same after denoising


def recover(
    classify: Callable[[Floats], Classes],
    denoise: Callable[[Floats], Floats],
    images: Floats,
    classes: Classes,
    noise: Noise,
    *,
    seed: int = 0,
) -> list[Recovered]:
    """Classify noisy images before and after denoising.

    Args:
        classify: From images ``(N, C, H, W)`` in [0, 1] to their classes ``(N,)``.
        denoise: From noisy images to clean ones of the same shape.
        images: Clean images.
        classes: Their true classes.
        noise: Its ranges are passed through together, in five steps.
        seed: Decides the noise.
    """
    rows = []
    for place in PLACES if noise.varies else PLACES[:1]:
        there = noise.at(place)
        noisy = there(torch.from_numpy(images), generator(seed, "recover", str(there))).numpy()
        right = [float(np.mean(classify(seen) == classes)) for seen in (noisy, denoise(noisy))]
        rows.append(Recovered(noise=str(there), noisy=right[0], denoised=right[1]))
    return rows
