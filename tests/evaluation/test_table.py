import json

import numpy as np
import pytest

from unnoise.evaluation import BASELINES, available_baselines, compare
from unnoise.evaluation.baselines import estimate_sigma


def images(channels: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    clean = np.zeros((3, channels, 28, 36), np.float32)
    clean[:, :, 8:20, 8:28] = 0.8
    noisy = clean + 0.15 * random.standard_normal(clean.shape, np.float32)
    return clean, noisy.astype(np.float32)


@pytest.mark.parametrize("channels", [1, 3])
def test_every_method_improves_a_noisy_square(channels: int) -> None:
    clean, noisy = images(channels)
    evaluation = compare(lambda _: clean, [(noisy, clean)], noise="x", data="squares", seed=0)
    assert set(evaluation.per_image) == {"noisy", "unnoise", *available_baselines()}
    for method in available_baselines():
        assert evaluation.mean(method, "psnr") > evaluation.mean("noisy", "psnr") + 3, method
        assert evaluation.per_image[method]["ssim"].shape == (3,)
    rows = evaluation.rows()
    assert rows[0]["method"] == "unnoise"
    assert rows[0]["psnr"] == 100
    assert rows[-1]["method"] == "noisy"
    assert "3 images of squares" in evaluation.caption
    json.dumps(rows)


def test_images_of_several_sizes_are_measured_one_size_after_the_other() -> None:
    pairs = [(np.full((n, 1, 16, side), 0.1, np.float32),) * 2 for n, side in ((2, 16), (3, 20))]
    evaluation = compare(lambda x: x + 0.1, pairs, noise="", data="flat", seed=0, baselines=False)
    assert evaluation.per_image["unnoise"]["psnr"].tolist() == pytest.approx([20] * 5, abs=1e-4)
    assert evaluation.caption == "mean of 5 images of flat, with their own noise"


def test_flat_images_have_figures_too() -> None:
    flat = np.zeros((2, 1, 28, 28), np.float32)
    evaluation = compare(lambda x: x, [(flat, flat)], noise="x", data="flat", seed=0)
    assert all(row["psnr"] == 100 for row in evaluation.rows())


def test_bm3d_runs_only_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert available_baselines() == [name for name in BASELINES if name != "bm3d"]


def test_sigma_is_estimated() -> None:
    noisy = 0.5 + 0.1 * np.random.default_rng(0).standard_normal((64, 64, 1)).astype(np.float32)
    assert estimate_sigma(noisy) == pytest.approx(0.1, rel=0.1)


def test_neighbours_are_for_the_denoiser_alone() -> None:
    clean, noisy = images(1)
    seen = np.concatenate([clean, noisy, clean], axis=1)
    evaluation = compare(
        lambda x: x[:, :1], [(noisy, clean)], noise="", data="x", seed=0, together=iter([seen])
    )
    assert evaluation.mean("unnoise", "psnr") == 100
    alone = compare(lambda x: x, [(noisy, clean)], noise="", data="x", seed=0)
    assert evaluation.mean("gaussian", "psnr") == alone.mean("gaussian", "psnr")
