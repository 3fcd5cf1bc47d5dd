import numpy as np
import pytest

from unnoise.evaluation import BASELINES, Tuned, available_baselines, compare, tune
from unnoise.evaluation.tuning import KNOBS
from unnoise.types import Denoise


def steps(level: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    clean = np.zeros((1, 1, 48, 48), np.float32)
    clean[..., 12:36, 12:36] = 0.8
    noise = level * np.random.default_rng(seed).standard_normal(clean.shape)
    return clean, (clean + noise).astype(np.float32)


def test_every_baseline_has_a_knob_with_its_default() -> None:
    assert KNOBS.keys() == BASELINES.keys()
    for knob in KNOBS.values():
        assert list(knob.values) == sorted(knob.values)
        assert knob.default in knob.values


@pytest.mark.parametrize("name", available_baselines())
def test_the_parameter_that_is_chosen_is_no_worse_than_the_default(name: str) -> None:
    clean, noisy = steps(0.3)

    def true(denoise: Denoise) -> float:
        return float(np.mean((denoise(noisy) - clean) ** 2))

    chosen = tune(name, noisy[0], true)
    assert true(chosen) <= true(tune(name, noisy[0]))


def test_stronger_noise_gets_a_wider_filter() -> None:
    found = []
    for level in (0.02, 0.5):
        clean, noisy = steps(level)
        error = lambda denoise, n=noisy, c=clean: float(np.mean((denoise(n) - c) ** 2))  # noqa: E731  used once
        found.append(tune("gaussian", noisy[0], error).setting)
    assert found[0] < found[1]


def test_the_parameters_stand_in_the_table() -> None:
    clean, noisy = steps(0.2)
    evaluation = compare(lambda x: x, [(noisy, clean)], noise="x", data="steps", seed=0)
    row = next(row for row in evaluation.rows() if row["method"] == "gaussian")
    assert row["parameters"] == "sigma in pixels 0.7"
    assert KNOBS["gaussian"].describe([0.5, 1.2, 2.0]) == "sigma in pixels 1.2 (median; 0.5 to 2)"
    assert Tuned("gaussian", 1.2).words == "gaussian (sigma in pixels 1.2)"


def test_rated_images_get_their_own_parameters() -> None:
    clean, noisy = steps(0.4)
    estimator = lambda image: lambda denoise: float(np.mean((denoise(image[None]) - clean) ** 2))  # noqa: E731  used once
    tuned = compare(
        lambda x: x, [(noisy, clean)], noise="x", data="steps", seed=0, estimator=estimator
    )
    default = compare(lambda x: x, [(noisy, clean)], noise="x", data="steps", seed=0)
    assert tuned.mean("gaussian", "psnr") > default.mean("gaussian", "psnr") + 1
