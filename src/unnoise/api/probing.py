"""``unnoise.probe``: what the features of a model are worth to a classifier."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from unnoise.api.common import Say, tell
from unnoise.data import load_classes
from unnoise.denoiser import Denoiser
from unnoise.features import (
    CLASSIFIERS,
    ClassifierName,
    Probing,
    Recovered,
    Score,
    map_features,
    principal_components,
    recover,
    standardiser,
)
from unnoise.features import probe as run_probe
from unnoise.images import to_channels, to_float
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

Floats = NDArray[np.float32]

OURS, PIXELS, PCA, RANDOM = "unnoise", "raw pixels", "PCA", "random network"
MAPPED = 2_000  # test images on the map
COLOUR = 3
CLASSIFIER_NAMES = {
    "logistic": "Logistic regression",
    "knn": "Nearest neighbours",
    "svm": "A support vector machine",
}


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What was found.

    Attributes:
        model: The model that gives the features, and what it was trained on.
        data: Of the images with classes.
        classes: Their names.
        classifier: Which.
        scores: Of each kind of features and number of labels; ours first.
        confusion: Counts ``(classes, classes)``, rows are the true classes.
        images: Numbers of images to learn from and to test with.
        map: Places of test images ``(N, 2)`` and their classes; None where it was not asked for.
        clean: Accuracy of the classifier on clean test images, where a noise was asked for.
        recovered: The same with noise, before and after denoising.
    """

    model: str
    data: str
    classes: tuple[str, ...]
    classifier: str
    scores: tuple[Score, ...]
    confusion: NDArray[np.int64]
    images: tuple[int, int]
    map: tuple[Floats, NDArray[np.int64]] | None
    clean: float | None
    recovered: tuple[Recovered, ...]

    def rows(self) -> list[dict[str, Any]]:
        """Return the scores as plain values."""
        return [
            {
                "features": score.features,
                "size": score.size,
                "labels": score.labels or None,
                "error": score.mean,
                "spread": score.spread,
                "errors": list(score.errors),
            }
            for score in self.scores
        ]


def probe(
    denoiser: Denoiser,
    data: str | Path,
    *,
    labels: Sequence[int] = (10, 100),
    classifier: ClassifierName = "logistic",
    seeds: int = 5,
    levels: Sequence[int] | None = None,
    pool: int | None = None,
    noise: str | None = None,
    cleaner: Denoiser | None = None,
    draw: bool = False,
    data_dir: str | Path | None = None,
    say: Say = tell,
) -> Probe:
    """Train a simple classifier on the frozen features of a model, with few labels.

    Beside it stand raw pixels, their first principal components, and the features of the same
    network with random weights.

    Args:
        denoiser: Gives the features.
        data: A named dataset or task, or a folder with a subfolder for each class.
        labels: Numbers of labels for each class; 0 takes all.
        classifier: ``logistic``, ``knn`` or ``svm``.
        seeds: How many draws of labels.
        levels: Whose features are taken, see ``Denoiser.encode``; None takes those of the narrowest
            place.
        pool: The side of the grid over which they are averaged.
        noise: Test also how much accuracy this noise costs a classifier of clean images, trained
            with all labels, and how much denoising brings back; a range is walked through.
        cleaner: What denoises then; None takes ``denoiser``.
        draw: Whether to place test images on a map.
        data_dir: Where to look for named datasets first.
        say: Told messages.

    Raises:
        DataError: There are no classes.
        ConfigError: A class has fewer labels than asked for, or a setting is out of range.
        ModelError: The model does not take these images, or has no such level.
    """
    found = load_classes(data, data_dir=Path(data_dir) if data_dir else None, say=say)
    spec = parse_noise(noise) if noise else None
    images = [_floats(denoiser, part) for part in (found.train[0], found.test[0])]

    def features(of: Denoiser) -> Callable[[Floats], Floats]:
        return lambda some: _rows(of.encode_floats(some, levels=levels, pool=pool))

    train, test = found.train[1], found.test[1]
    pixels = images[0].reshape(len(train), -1), images[1].reshape(len(test), -1)
    ours = features(denoiser)(images[0]), features(denoiser)(images[1])
    random = features(_untrained(denoiser))
    kinds = {
        OURS: ours,
        PIXELS: pixels,
        PCA: principal_components(pixels),
        RANDOM: (random(images[0]), random(images[1])),
    }
    probing: Probing = run_probe(
        kinds, train, test, labels=labels, seeds=seeds, classifier=classifier, say=say
    )
    clean, recovered = None, list[Recovered]()
    if spec is not None:
        scale = standardiser(ours[0])
        fitted = CLASSIFIERS[classifier]().fit(scale(ours[0]), train)

        def classify(some: Floats) -> NDArray[np.int64]:
            classes: NDArray[np.int64] = fitted.predict(scale(features(denoiser)(some)))
            return classes

        clean = float(np.mean(classify(images[1]) == test))
        remove = (cleaner or denoiser).denoise_floats
        recovered = recover(classify, remove, images[1], test, spec)
    placed = None
    if draw:
        placed = map_features(standardiser(ours[0])(ours[1][:MAPPED])), test[:MAPPED]
    return Probe(
        model=f"{denoiser.info.model} of {denoiser.info.data}",
        data=found.name,
        classes=found.names,
        classifier=classifier,
        scores=probing.scores,
        confusion=probing.confusion,
        images=(len(train), len(test)),
        map=placed,
        clean=clean,
        recovered=tuple(recovered),
    )


def write_probe(path: Path, probe: Probe, *, overwrite: bool = False) -> None:
    """Write a probe with a map as one page.

    Raises:
        OutputError: The page exists and ``overwrite`` is false, or it cannot be written.
    """
    assert probe.map is not None
    counts = list(dict.fromkeys(score.labels for score in probe.scores))
    ours = [score for score in probe.scores if score.features == OURS]
    most = next((score for score in ours if score.labels == 0), ours[-1])
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
        confusion_caption=f"Percent of the images of each class, by our features with "
        f"{_labels(most.labels)}.",
        map=draw_map(*probe.map, probe.classes),
        map_caption=f"t-SNE of the features of {len(probe.map[0]):,} test images; it saw no label.",
        recovery=draw_recovery(
            [row.noise for row in probe.recovered],
            [100 * row.noisy for row in probe.recovered],
            [100 * row.denoised for row in probe.recovered],
            100 * (probe.clean or 0.0),
        )
        if probe.recovered
        else None,
        recovery_caption="The classifier was trained on clean images, with all labels.",
    )
    write_text(path, render_page(page), overwrite=overwrite)


def _labels(count: int) -> str:
    return f"{count:,} a class" if count else "all labels"


def _errors(score: Score) -> str:
    spread = f" ± {100 * score.spread:.2f}" if len(score.errors) > 1 else ""
    return f"{100 * score.mean:.2f}{spread}"


def _rows(features: Floats) -> Floats:
    return features.reshape(len(features), -1)


def _floats(denoiser: Denoiser, images: NDArray[np.generic]) -> Floats:
    """Scale images as the model sees them, ``(N, C, H, W)``, and give them its channels."""
    wanted, scale = denoiser.info.channels, denoiser.sight.value_range(images.dtype)
    if {images.shape[3], wanted} == {1, COLOUR}:
        images = to_channels(images, wanted)
    denoiser.sight.check(images.shape[3], *images.shape[1:3])
    return to_float(images, scale)


def _untrained(denoiser: Denoiser) -> Denoiser:
    """Return a denoiser of the same network with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(0, "untrained").initial_seed())
        model = build_model(denoiser.info.model, denoiser.info.arguments).eval()
    info = replace(denoiser.info, bounds=None, calibration=None)
    return Denoiser(model, info, device=str(denoiser.device))
