"""The estimators as scikit-learn expects them, and what they learn."""

import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import unnoise
from unnoise import DenoisingAutoencoder, DenoisingClassifier
from unnoise.errors import ModelFileError
from unnoise.features.parameters import AUTO, Recipe
from unnoise.runs import read_model_file, write_model_file

CHECKS = """
import sys, warnings
warnings.simplefilter("ignore")
from sklearn.utils.estimator_checks import check_estimator
from unnoise import DenoisingAutoencoder, DenoisingClassifier
coder = DenoisingAutoencoder((16,), max_iter=2)
learner = DenoisingClassifier(DenoisingAutoencoder((32,), max_iter=10), max_iter=30)
for estimator in (coder, learner):
    found = check_estimator(estimator, on_fail=None)
    for check in found:
        if check["status"] != "passed":
            print(estimator, check["check_name"], check["status"], check["exception"])
    print(type(estimator).__name__, len(found) > 40)
"""


@pytest.fixture(scope="module")
def digits() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return 1,797 digits of 8 × 8, values 0 to 16."""
    rows, classes = load_digits(return_X_y=True)
    return rows, classes


@pytest.fixture(scope="module")
def coder(digits: tuple[NDArray[np.float64], NDArray[np.int64]]) -> DenoisingAutoencoder:
    """Return an autoencoder of digits as images."""
    shape = (8, 8)
    return DenoisingAutoencoder((64,), image_shape=shape, random_state=0).fit(digits[0])


def test_every_check_of_scikit_learn_passes() -> None:
    """All of them, those of the array API too, which SciPy must be told of before it is loaded."""
    environment = os.environ | {"SCIPY_ARRAY_API": "1"}
    done = subprocess.run(
        [sys.executable, "-c", CHECKS], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.splitlines() == ["DenoisingAutoencoder True", "DenoisingClassifier True"]


def test_tables_come_back_from_their_features() -> None:
    """Columns that depend on few numbers are kept by few features; independent ones are not."""
    random = np.random.default_rng(0)
    few = random.normal(size=(1000, 2)) @ random.normal(size=(2, 12)) * 100 + 50
    settings: dict[str, Any] = {"noise": "gaussian:0.1", "max_iter": 40, "random_state": 0}
    kept = DenoisingAutoencoder((32, 4), **settings).fit(few).score(few)
    assert kept > 0.95
    independent = random.normal(size=(1000, 12))
    assert DenoisingAutoencoder((32, 4), **settings).fit(independent).score(independent) < 0.7
    coder = DenoisingAutoencoder((32, 4), **settings).fit(few)
    back = coder.inverse_transform(coder.transform(few))
    assert 1 - ((back - few) ** 2).sum() / ((few - few.mean(0)) ** 2).sum() > 0.95


def test_denoising_removes_noise_from_a_table() -> None:
    random = np.random.default_rng(1)
    clean = random.normal(size=(2000, 2)) @ random.normal(size=(2, 20))
    noisy = clean + 0.5 * random.normal(size=clean.shape)
    coder = DenoisingAutoencoder((64,), noise="gaussian:0.4", max_iter=30, random_state=0)
    made = coder.fit(clean).denoise(noisy)
    assert np.mean((made - clean) ** 2) < 0.7 * np.mean((noisy - clean) ** 2)


@pytest.mark.parametrize("noise", ["gaussian:0.3", "mask:0.25", "swap:0.15", "warp:0.5+mask:0.1"])
def test_features_of_images_serve_a_classifier(
    noise: str, digits: tuple[NDArray[np.float64], NDArray[np.int64]]
) -> None:
    rows, classes = digits
    coder = DenoisingAutoencoder((128,), noise=noise, image_shape=(8, 8), random_state=0)
    pipeline = make_pipeline(coder, LogisticRegression(max_iter=1000))
    pipeline.fit(rows[:1200], classes[:1200])
    assert pipeline.score(rows[1200:], classes[1200:]) > 0.88


def test_a_grid_search_and_a_clone(
    digits: tuple[NDArray[np.float64], NDArray[np.int64]],
) -> None:
    rows, classes = digits[0][:300], digits[1][:300]
    coder = DenoisingAutoencoder((16,), max_iter=3, random_state=0)
    pipeline = make_pipeline(coder, LogisticRegression(max_iter=1000))
    grid = {"denoisingautoencoder__noise": ["mask:0.1", "gaussian:0.2"]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(rows, classes)
    assert search.best_score_ > 0.5
    assert clone(coder).get_params() == coder.get_params()


@pytest.mark.parametrize("model", ["autoencoder", "autoencoder-m"])
def test_convolutional_models_take_images_of_several_channels(model: str) -> None:
    random = np.random.default_rng(0)
    rows = random.integers(0, 256, (60, 14 * 12 * 3)).astype(np.uint8)
    coder = DenoisingAutoencoder(
        model=model, image_shape=(14, 12, 3), max_iter=1, batch_size=20, random_state=0
    ).fit(rows)
    features = coder.transform(rows)
    assert features.shape == (60, len(coder.get_feature_names_out()))
    assert coder.inverse_transform(features).shape == rows.shape
    # Rows are images with their channels last, as everywhere.
    images = coder.to_images(rows.astype(np.float64))
    assert images.shape == (60, 3, 14, 12)
    low, high = rows.min(), rows.max()
    expected = (rows.reshape(60, 14, 12, 3)[7, 5, 4, 2] - low) / (high - low)
    assert images[7, 2, 5, 4].item() == pytest.approx(expected)


def test_a_row_does_not_depend_on_those_beside_it(
    coder: DenoisingAutoencoder, digits: tuple[NDArray[np.float64], NDArray[np.int64]]
) -> None:
    rows = digits[0][:700]
    whole = coder.transform(rows)
    np.testing.assert_array_equal(whole[650:651], coder.transform(rows[650:651]))
    assert coder.transform(rows[:0:-1]).flags.c_contiguous


def test_the_seed_decides(digits: tuple[NDArray[np.float64], NDArray[np.int64]]) -> None:
    rows = digits[0][:200]
    one, same, other = (
        DenoisingAutoencoder((8,), max_iter=2, random_state=seed).fit_transform(rows)
        for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_names_of_columns_are_kept_and_checked() -> None:
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 3)), columns=["a", "b", "c"])
    coder = DenoisingAutoencoder((4,), max_iter=1).set_output(transform="pandas").fit(table)
    assert list(coder.transform(table).columns) == [f"denoisingautoencoder{i}" for i in range(4)]
    with pytest.raises(ValueError, match="feature names"):
        coder.transform(table.rename(columns={"a": "z"}))


def test_a_constant_column_stays(digits: tuple[NDArray[np.float64], NDArray[np.int64]]) -> None:
    rows = np.column_stack([digits[0][:100], np.full(100, 1e6 + 0.1)])
    coder = DenoisingAutoencoder((32,), max_iter=3, random_state=0).fit(rows)
    assert np.isfinite(coder.transform(rows)).all()
    assert np.abs(coder.denoise(rows)[:, -1] - rows[:, -1]).max() < 3


def test_files_give_the_same_features_and_run_no_code(
    tmp_path: Path,
    coder: DenoisingAutoencoder,
    digits: tuple[NDArray[np.float64], NDArray[np.int64]],
) -> None:
    rows = digits[0][:50]
    coder.save(tmp_path / "digits.safetensors")
    again = DenoisingAutoencoder.load(tmp_path / "digits.safetensors")
    np.testing.assert_array_equal(again.transform(rows), coder.transform(rows))
    assert again.get_params() == coder.get_params()
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(coder)).transform(rows),  # noqa: S301  our own bytes
        coder.transform(rows),
    )
    with pytest.raises(unnoise.UnnoiseError, match="exists"):
        coder.save(tmp_path / "digits.safetensors")
    denoiser = unnoise.load(tmp_path / "digits.safetensors")
    made = denoiser(rows[0].reshape(8, 8))
    np.testing.assert_allclose(made.ravel(), coder.denoise(rows[:1])[0], atol=1e-3)


def test_a_table_is_saved_with_its_names_and_is_no_denoiser(tmp_path: Path) -> None:
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 3)), columns=["a", "b", "c"])
    path = tmp_path / "table.safetensors"
    coder = DenoisingAutoencoder((4,), max_iter=1).fit(table)
    coder.save(path)
    again = DenoisingAutoencoder.load(path)
    assert list(again.feature_names_in_) == ["a", "b", "c"]
    np.testing.assert_array_equal(again.transform(table), coder.transform(table))
    with pytest.raises(ModelFileError, match=r"DenoisingAutoencoder\.load"):
        unnoise.load(path)


def test_parameters_of_numpy_are_kept(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).random((40, 12))
    coder = DenoisingAutoencoder(random_state=np.random.RandomState(0))
    odd: dict[str, Any] = {"image_shape": (np.int64(4), 3), "max_iter": np.int64(2)}
    coder.set_params(hidden_layer_sizes=np.int64(5), **odd).fit(rows)
    coder.save(tmp_path / "a.safetensors")
    again = DenoisingAutoencoder.load(tmp_path / "a.safetensors")
    assert again.hidden_layer_sizes == 5
    assert (again.image_shape, again.max_iter, again.n_iter_) == ((4, 3), 2, 2)
    assert again.random_state is None
    np.testing.assert_array_equal(again.transform(rows), coder.transform(rows))


@pytest.mark.parametrize(
    "change",
    [
        {"params": {"layers": 3}},
        {"params": None},
        {"offset": [0.0]},
        {"offset": [10**400] * 3},
        {"scale": [1.0, 0.0, 1.0]},
        {"names": "abc"},
        {"names": [1, 2, 3]},
        {"passes": "2"},
    ],
)
def test_damaged_headers_are_explained(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "a.safetensors"
    DenoisingAutoencoder((2,), max_iter=1).fit(np.eye(3)).save(path)
    info, weights = read_model_file(path)
    assert info.estimator is not None
    write_model_file(path, replace(info, estimator=info.estimator | change), weights)
    with pytest.raises(ModelFileError, match="damaged header"):
        DenoisingAutoencoder.load(path)


def test_fitting_leaves_the_random_numbers_of_others_alone() -> None:
    rows, classes = np.random.default_rng(0).normal(size=(20, 3)), [0, 1] * 10
    state = torch.get_rng_state()
    DenoisingClassifier(DenoisingAutoencoder((4,), max_iter=1), max_iter=1).fit(rows, classes)
    assert torch.equal(torch.get_rng_state(), state)


def test_values_that_no_float_can_hold_are_refused() -> None:
    coder = DenoisingAutoencoder((4,), max_iter=1).fit(np.eye(3))
    with pytest.raises(ValueError, match="too far"):
        coder.transform(np.full((1, 3), 1e300))


def test_a_denoiser_is_no_estimator(run: Path) -> None:
    with pytest.raises(ModelFileError, match=r"unnoise\.load"):
        DenoisingAutoencoder.load(run)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"image_shape": (7, 8)}, ValueError, r"image_shape is \(7, 8\) and X has 64 features"),
        ({"image_shape": (64,)}, ValueError, "height, width"),
        ({"model": "autoencoder"}, ValueError, "say their image_shape"),
        ({"model": "unet"}, ValueError, "one of autoencoder, autoencoder-m, mlp"),
        ({"noise": "fog:1"}, ValueError, "no noise is called 'fog'"),
        ({"noise": "mask:2"}, ValueError, "0 to 1"),
        ({"noise": None}, ValueError, "it is a spec"),
        ({"noise": "warp:1+mask:0.1"}, ValueError, "warp is for images"),
        ({"noise": "gaussian:0.1,clip"}, ValueError, ",clip is for images"),
        ({"max_iter": 0}, ValueError, "whole number of at least 1"),
        ({"max_iter": 2.5}, ValueError, "whole number"),
        ({"batch_size": "8"}, ValueError, "whole number"),
        ({"learning_rate_init": 0}, ValueError, "more than 0"),
        ({"hidden_layer_sizes": ()}, ValueError, "a tuple such as"),
        ({"hidden_layer_sizes": (0,)}, ValueError, "whole number of at least 1"),
        ({"hidden_layer_sizes": (2,) * 17}, ValueError, "1 to 16 layers"),
        ({"image_shape": 8}, ValueError, "height, width"),
        ({"image_shape": (8.0, 8.0)}, ValueError, "whole numbers"),
        (
            {"image_shape": (8, 8), "model": "autoencoder-m", "batch_size": 1},
            ValueError,
            "at least 2",
        ),
    ],
)
def test_wrong_parameters_are_explained(
    params: dict[str, object],
    error: type[Exception],
    message: str,
    digits: tuple[NDArray[np.float64], NDArray[np.int64]],
) -> None:
    with pytest.raises(error, match=message):
        DenoisingAutoencoder().set_params(**params).fit(digits[0])


def test_wrong_input_is_explained_as_scikit_learn_does() -> None:
    rows = np.ones((6, 3))
    coder = DenoisingAutoencoder((2,), max_iter=1)
    with pytest.raises(NotFittedError):
        coder.transform(rows)
    with pytest.raises(ValueError, match="NaN"):
        coder.fit(np.full((6, 3), np.nan))
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        coder.fit(csr_array(rows))
    with pytest.raises(ValueError, match="0 sample"):
        coder.fit(np.empty((0, 3)))
    coder.fit(rows)
    with pytest.raises(ValueError, match="features"):
        coder.transform(np.ones((6, 4)))
    with pytest.raises(ValueError, match="takes what transform gives"):
        coder.inverse_transform(np.ones((6, 3)))
    assert coder.fit(rows[:1]).transform(rows[:1]).shape == (1, 2)
    assert coder.fit(rows[:, :1]).transform(rows[:, :1]).shape == (6, 2)
    assert coder.score(rows[:, :1]) <= 1


def test_labels_fine_tune_what_was_learned_without(
    digits: tuple[NDArray[np.float64], NDArray[np.int64]],
) -> None:
    """A frozen autoencoder is where training starts from, and stays as it is."""
    rows, classes = digits
    names = np.array([f"digit {each}" for each in range(10)])[classes]
    few = slice(0, 200)
    coder = DenoisingAutoencoder(
        (128, 64), image_shape=(8, 8), noise="warp:0.7+mask:0.1", max_iter=30, random_state=0
    ).fit(rows[:1200])
    before = coder.transform(rows[:5])
    learner = DenoisingClassifier(FrozenEstimator(coder), random_state=0)
    fitted = learner.fit(rows[few], names[few])
    assert fitted.score(rows[1200:], names[1200:]) > 0.7
    np.testing.assert_array_equal(coder.transform(rows[:5]), before)
    probabilities = fitted.predict_proba(rows[:5])
    assert probabilities.shape == (5, 10)
    np.testing.assert_allclose(probabilities.sum(1), 1)
    # What is learned hardly at all is hardly better than chance; what is cloned is fitted anew.
    idle = clone(learner).set_params(learning_rate_init=1e-9, max_iter=1).fit(rows[few], names[few])
    assert np.abs(idle.predict_proba(rows[:5]) - 0.1).max() < 1e-3
    other = DenoisingClassifier(clone(coder).set_params(max_iter=1, random_state=5))
    assert not np.allclose(
        other.fit(rows[few], names[few]).autoencoder_.transform(rows[:5]), before
    )


def test_a_classifier_explains_what_is_wrong() -> None:
    rows, classes = np.random.default_rng(0).normal(size=(20, 3)), [0, 1] * 10
    with pytest.raises(ValueError, match="dropout is 1"):
        DenoisingClassifier(dropout=1).fit(rows, classes)
    with pytest.raises(ValueError, match="max_iter is 0"):
        DenoisingClassifier(max_iter=0).fit(rows, classes)
    with pytest.raises(TypeError, match="autoencoder is LogisticRegression"):
        DenoisingClassifier(LogisticRegression()).fit(rows, classes)
    coder = DenoisingAutoencoder((4,), max_iter=1).fit(rows[:, :2])
    with pytest.raises(ValueError, match="features"):
        DenoisingClassifier(FrozenEstimator(coder)).fit(rows, classes)
    with pytest.raises(NotFittedError):
        DenoisingClassifier(FrozenEstimator(DenoisingAutoencoder())).fit(rows, classes)
    with pytest.raises(ValueError, match="NaN"):
        DenoisingClassifier().fit(rows, [np.nan] * 20)


def test_images_get_convolutions_and_tables_an_mlp() -> None:
    random = np.random.default_rng(0)
    pictures = random.random((120, 144))
    coder = DenoisingAutoencoder(image_shape=(12, 12), max_iter=1, random_state=0).fit(pictures)
    assert (coder.network_, coder.noise_) == ("autoencoder-m", "warp:1+gaussian:0.3")
    assert coder.transform(pictures).shape == (120, 256)
    for shape, rows in ((None, 120), ((12, 12), 20), ((2, 72), 120)):
        plain = DenoisingAutoencoder(image_shape=shape, max_iter=1).fit(pictures[:rows])
        assert (plain.network_, plain.noise_) == ("mlp", "mask:0.25")


@pytest.mark.parametrize(
    ("rows", "model", "passes"),
    [(60_000, AUTO, 5), (1_000, AUTO, 288), (100, AUTO, 288), (60_000, "mlp", 20)],
)
def test_passes_that_suit_the_number_of_images(rows: int, model: str, passes: int) -> None:
    given = Recipe(model=model, noise=AUTO, max_iter=None, learning_rate_init=None)
    chosen = given.chosen(image_shape=(28, 28), rows=rows, batch_size=128, layers=False)
    assert chosen.max_iter == passes
    assert chosen.learning_rate_init == (1e-3 if model == "mlp" else 3e-3)
