"""The probe tells good features from bad ones, and recovery tells what noise costs."""

from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from unnoise.errors import ConfigError, UnknownNameError
from unnoise.features import (
    choose_labels,
    map_features,
    principal_components,
    probe,
    recover,
    scaler,
)
from unnoise.features.probe import CLASSIFIERS, draw_labels
from unnoise.noise import parse_noise

Floats = NDArray[np.float32]


def blobs(count: int, seed: int, apart: float = 8.0) -> tuple[Floats, NDArray[np.int64]]:
    """Return points of three classes and their classes."""
    random = np.random.default_rng(seed)
    classes = random.integers(0, 3, count)
    middles = np.random.default_rng(9).normal(size=(3, 10))
    points = apart * middles[classes] / np.linalg.norm(middles[classes], axis=1, keepdims=True)
    return (points + random.normal(size=(count, 10))).astype(np.float32), classes


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_separate_classes_are_found_and_noise_is_not(classifier: str) -> None:
    train, test = blobs(300, 0), blobs(200, 1)
    random = np.random.default_rng(2)
    nothing = tuple(random.normal(size=(n, 5)).astype(np.float32) for n in (300, 200))
    found = probe(
        {"good": lambda: (train[0], test[0]), "nothing": lambda: (nothing[0], nothing[1])},
        train[1],
        test[1],
        labels=(10, 0),
        seeds=3,
        classifier=classifier,
    )
    good, good_all, bad, _ = found.scores
    assert good.mean < 0.02
    assert good_all.mean < 0.01
    assert bad.mean == pytest.approx(2 / 3, abs=0.12)
    assert [len(score.errors) for score in found.scores] == [3, 1, 3, 1]
    assert bad.spread
    assert good_all.spread is None
    assert found.confusion.sum() == 200
    assert np.trace(found.confusion) == round(200 * (1 - good_all.mean))


def test_labels_are_drawn_for_each_class_and_differ_by_seed() -> None:
    classes = np.array([0] * 50 + [1] * 20)
    chosen = draw_labels(classes, 5, (0, 0))
    assert np.bincount(classes[chosen]).tolist() == [5, 5]
    assert len(set(chosen)) == 10
    assert set(chosen) != set(draw_labels(classes, 5, (0, 1)))
    assert draw_labels(classes, 0, (0, 0)).tolist() == list(range(70))


def test_numbers_of_labels_are_checked_and_put_in_order() -> None:
    classes = np.repeat([0, 1, 2], [20, 150, 12])
    choose = partial(choose_labels, seeds=1, classifier="logistic")
    assert choose(classes, None) == (10,)
    assert choose(np.repeat([0, 1], 100), None) == (10, 100)
    assert choose(classes[165:], None) == (0,)
    assert choose(classes, [5, 0, 2, 5]) == (2, 5, 0)
    with pytest.raises(ConfigError, match=r"100 labels for each class are wanted.*has 12 images"):
        choose(classes, [100])
    for labels in ([], [-1]):
        with pytest.raises(ConfigError, match="labels are numbers"):
            choose(classes, labels)
    with pytest.raises(ConfigError, match="at least one seed"):
        choose_labels(classes, None, seeds=0, classifier="svm")
    with pytest.raises(UnknownNameError, match="did you mean 'knn'"):
        choose_labels(classes, None, seeds=1, classifier="kn")


def test_nearest_neighbours_do_with_one_label() -> None:
    train, test = blobs(30, 0, apart=20.0), blobs(30, 1, apart=20.0)
    kinds = {"good": lambda: (train[0], test[0])}
    found = probe(kinds, train[1], test[1], labels=(1,), seeds=2, classifier="knn")
    assert found.scores[0].mean < 0.1


def test_features_are_centred_and_keep_their_proportions() -> None:
    rows = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
    rows[:, 1] *= 10
    rows[:, 2] = 7
    scaled = scaler(rows)(rows + 1000)
    proportion = (rows[:, 1].std() / rows[:, 0].std(), scaled[:, 1].std() / scaled[:, 0].std())
    np.testing.assert_allclose(*proportion, rtol=1e-3)
    np.testing.assert_allclose(scaler(rows)(rows).mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(scaler(rows)(rows).std(), 1, rtol=1e-4)
    assert (scaler(rows[:1])(rows[:1]) == 0).all()


def test_principal_components_and_the_map_keep_classes_apart() -> None:
    rows, classes = blobs(150, 0, apart=20.0)
    components = principal_components((rows, rows[:7]))
    assert [part.shape for part in components] == [(150, 10), (7, 10)]
    places = map_features(rows)
    assert places.shape == (150, 2)
    middles = np.stack([places[classes == each].mean(0) for each in range(3)])
    nearest = ((places[:, None] - middles) ** 2).sum(2).argmin(1)
    assert np.mean(nearest == classes) > 0.95
    for few in (rows[:1], rows[:3], rows[:9, :1]):
        assert map_features(few).shape == (len(few), 2)


def test_recovery_walks_through_the_ranges() -> None:
    """Bright and dark images, a classifier by their middle pixel, a denoiser that is the mean."""
    classes = np.arange(200) % 2
    images = np.broadcast_to(classes[:, None, None, None], (200, 1, 9, 9)).astype(np.float32)

    def classify(some: Floats) -> NDArray[np.int64]:
        return (some[:, 0, 4, 4] > 0.5).astype(np.int64)

    def mean(some: Floats) -> Floats:
        return np.broadcast_to(some.mean((2, 3), keepdims=True), some.shape)

    rows = recover(classify, mean, images, classes, parse_noise("gaussian:0..1"))
    assert [row.noise for row in rows] == [
        f"gaussian:{s}" for s in ("0", "0.25", "0.5", "0.75", "1")
    ]
    assert rows[0].noisy == rows[0].denoised == 1
    assert rows[-1].noisy == pytest.approx(0.69, abs=0.1)  # the normal distribution at half a sigma
    assert rows[-1].denoised > 0.99
    (single,) = recover(classify, mean, images, classes, parse_noise("gaussian:0.5,clip"))
    assert single.noise == "gaussian:0.5,clip"


def test_a_noise_is_at_one_place_of_its_ranges() -> None:
    noise = parse_noise("gaussian:0..1+poisson:20..40 | mask:0.5,clip")
    assert noise.varies
    assert str(noise.at(0.5)) == "gaussian:0.5+poisson:30 | mask:0.5,clip"
    assert not noise.at(0.5).varies
    assert str(noise.at(0)) == "gaussian:0+poisson:20 | mask:0.5,clip"
    assert str(noise.at(1)) == "gaussian:1+poisson:40 | mask:0.5,clip"
