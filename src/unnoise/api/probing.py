"""``unnoise.probe``: the worth of the features of a model to a classifier."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from unnoise.api.common import print_message
from unnoise.data import load_classes
from unnoise.datasets import DATASETS, TASKS
from unnoise.denoiser import Denoiser
from unnoise.denoiser.torch_backend import TorchBackend
from unnoise.errors import ConfigError
from unnoise.features import (
    ClassifierName,
    Recovered,
    Score,
    choose_labels,
    fit_classifier,
    map_features,
    principal_components,
    recover,
    scaler,
)
from unnoise.features import probe as run_probe
from unnoise.models import build_model
from unnoise.noise import parse_noise
from unnoise.outputs import write_text
from unnoise.report import (
    ProbingPage,
    ProbingRow,
    draw_confusion,
    draw_map,
    draw_recovery,
    render_page,
)
from unnoise.seeding import generator
from unnoise.types import Floats, Say

Rows = tuple[Floats, Floats]

OURS, PIXELS, PCA, RANDOM = "unnoise", "raw pixels", "PCA", "random network"
MAPPED = 2_000  # test images on the map
MOST_FEATURES = 20_000  # of an image: of 60,000 images these are 5 GB
CLASSIFIER_NAMES = {
    "logistic": "Logistic regression",
    "knn": "Nearest neighbours",
    "svm": "A support vector machine",
}


@dataclass(frozen=True, kw_only=True)
class Probe:
    """The accuracy of a classifier on the features of a model."""

    model: str  # and its training data
    data: str
    classes: tuple[str, ...]
    classifier: str
    scores: tuple[Score, ...]  # for each kind of features and number of labels; ours first
    confusion: NDArray[np.int64]  # counts (classes, classes), rows are the true classes
    images: tuple[int, int]  # for training and for the test
    map: tuple[Floats, NDArray[np.int64]] | None  # places of test images (N, 2), their classes
    clean: float | None  # accuracy on clean test images; None unless a noise was given
    denoiser: str  # and its training data
    recovered: tuple[Recovered, ...]  # accuracy with noise, before and after denoising

    def rows(self) -> list[dict[str, Any]]:
        """Return the scores as plain values."""
        return [
            {
                **asdict(score),
                "labels": score.labels or None,
                "error": score.mean,
                "spread": score.spread,
            }
            for score in self.scores
        ]


def probe(
    model: Denoiser,
    data: str | Path,
    *,
    labels: Sequence[int] | None = None,
    classifier: ClassifierName = "logistic",
    seeds: int = 5,
    levels: Sequence[int] | None = None,
    pool: int | None = None,
    noise: str | None = None,
    denoiser: Denoiser | None = None,
    draw: bool = False,
    seed: int = 0,
    data_dir: str | Path | None = None,
    say: Say = print_message,
) -> Probe:
    """Train a simple classifier on the frozen features of a model, with few labels.

    Raw pixels, their first principal components, and the features of the same network with random
    weights are measured, too.

    Args:
        data: A named dataset or task, or a folder with a subfolder for each class.
        labels: Numbers of labels for each class; 0 takes all, None takes 10 and 100 if there are.
        classifier: ``logistic``, ``knn`` or ``svm``.
        seeds: Number of draws of labels.
        levels: The levels of the features, see ``Denoiser.encode``; None takes the narrowest one.
        pool: The side of the grid over which features are averaged.
        noise: Also test how much accuracy this noise costs a classifier of clean images, trained
            with all labels, and how much denoising restores; a range is tested in steps.
        denoiser: The model that denoises then; None takes ``model``.
        draw: Whether to place test images on a map.
        seed: Decides the draws, the random network and the noise, and the test images of a folder.
        data_dir: Where to look for named datasets first.
        say: Called with messages.

    Raises:
        DataError: There are no classes.
        ConfigError: A class has too few labels, a setting is out of range, or there are too many
            features.
        ModelError: The model does not take these images, or has no such level.
    """
    spec = parse_noise(noise) if noise else None
    found = load_classes(data, seed=seed, data_dir=Path(data_dir) if data_dir else None, say=say)
    train, test = found.train[1], found.test[1]
    counts = choose_labels(train, labels, seeds=seeds, classifier=classifier)
    remover = denoiser or model
    _check(model, remover, found.train[0].dtype)
    own = found.name not in DATASETS and model.info.data == found.name
    if own or (found.name in TASKS and model.info.data in DATASETS):
        say(
            f"the model was trained on {model.info.data}, so it may have seen test images, "
            "without their classes"
        )
    seen, tested = (model.sight.floats(part[0]) for part in (found.train, found.test))
    features = partial(_features, levels=levels, pool=pool)
    ours = features(model, seen), features(model, tested)
    random = _untrained(model, seed)
    kinds: dict[str, Callable[[], Rows]] = {
        OURS: lambda: ours,
        PIXELS: lambda: (_flat(seen), _flat(tested)),
        PCA: lambda: principal_components((_flat(seen), _flat(tested)), seed=seed),
        RANDOM: lambda: (features(random, seen), features(random, tested)),
    }
    probing = run_probe(
        kinds, train, test, labels=counts, seeds=seeds, classifier=classifier, seed=seed, say=say
    )
    scale = scaler(ours[0])
    clean, recovered = None, list[Recovered]()
    if spec is not None:
        say("training on all labels, for noisy images")
        fitted = fit_classifier(classifier, scale(ours[0]), train)

        def classify(images: Floats) -> NDArray[np.int64]:
            classes: NDArray[np.int64] = fitted.predict(scale(features(model, images)))
            return classes

        clean = float(np.mean(classify(tested) == test))
        recovered = recover(classify, remover.denoise_floats, tested, test, spec, seed=seed)
    return Probe(
        model=_name(model),
        data=found.name,
        classes=found.names,
        classifier=classifier,
        scores=probing.scores,
        confusion=probing.confusion,
        images=(len(train), len(test)),
        map=(map_features(scale(ours[1][:MAPPED]), seed=seed), test[:MAPPED]) if draw else None,
        clean=clean,
        denoiser=_name(remover),
        recovered=tuple(recovered),
    )


def write_probe(path: Path, probe: Probe, *, overwrite: bool = False) -> None:
    """Write a probe as one page."""
    counts = list(dict.fromkeys(score.labels for score in probe.scores))
    rows = [
        ProbingRow(
            features=name,
            size=next(score.size for score in probe.scores if score.features == name),
            errors=[_errors(score) for score in probe.scores if score.features == name],
        )
        for name in dict.fromkeys(score.features for score in probe.scores)
    ]
    page = ProbingPage(
        title=f"Features of {probe.model}",
        summary=f"{CLASSIFIER_NAMES[probe.classifier]} on frozen features, trained on labels of "
        f"{probe.data}, tested on {probe.images[1]:,} other images.",
        columns=[_labels(count) for count in counts],
        rows=rows,
        confusion=draw_confusion(probe.confusion, probe.classes),
        confusion_caption="Percent of the images of each class, by the features of the model, "
        f"{_labels(counts[-1])}, the first draw.",
        map=draw_map(*probe.map, probe.classes) if probe.map else None,
        map_caption="t-SNE of the features of test images; it saw no label.",
        recovery=draw_recovery(
            [row.noise for row in probe.recovered],
            [100 * row.noisy for row in probe.recovered],
            [100 * row.denoised for row in probe.recovered],
            100 * (probe.clean or 0.0),
        )
        if probe.recovered
        else None,
        recovery_caption=f"The classifier was trained on clean images, with all labels; "
        f"{probe.denoiser} denoises.",
    )
    write_text(path, render_page(page), overwrite=overwrite)


def _labels(count: int) -> str:
    return f"{count:,} a class" if count else "all labels"


def _errors(score: Score) -> str:
    spread = "" if score.spread is None else f" ± {100 * score.spread:.2f}"
    return f"{100 * score.mean:.2f}{spread}"


def _features(
    denoiser: Denoiser, images: Floats, *, levels: Sequence[int] | None, pool: int | None
) -> Floats:
    first = _flat(denoiser.encode_floats(images[:1], levels=levels, pool=pool))
    if first.shape[1] > MOST_FEATURES:
        raise ConfigError(
            f"the model has {first.shape[1]:,} features for an image of {images.shape[2]} × "
            f"{images.shape[3]}, more than {MOST_FEATURES:,}: average them over a grid, "
            "such as --pool 4"
        )
    return _flat(denoiser.encode_floats(images, levels=levels, pool=pool))


def _flat(images: Floats) -> Floats:
    return images.reshape(len(images), -1)


def _check(model: Denoiser, remover: Denoiser, dtype: np.dtype[np.generic]) -> None:
    """Raise ``ConfigError`` unless both models see images alike."""
    ranges = [each.sight.value_range(dtype) for each in (model, remover)]
    if ranges[0] != ranges[1] or model.info.channels != remover.info.channels:
        raise ConfigError(
            "the denoiser has other channels or another value range than the model that gives the "
            "features: train both on the same kind of images"
        )


def _name(denoiser: Denoiser) -> str:
    return f"{denoiser.info.model} of {denoiser.info.data}"


def _untrained(denoiser: Denoiser, seed: int) -> Denoiser:
    """Return a denoiser of the same network with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(seed, "untrained").initial_seed())
        model = build_model(denoiser.info.model, denoiser.info.arguments).eval()
    info = replace(denoiser.info, bounds=None, calibration=None)
    return Denoiser(TorchBackend(model, device=denoiser.backend.device), info)
