"""Stacks as a model of several images sees them when it is measured."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

import unnoise
from unnoise.api.evaluating import evaluate
from unnoise.api.judging import Judged, first, ready, value_ranges
from unnoise.errors import ConfigError
from unnoise.seeding import generator

COUNT = 7


def film(channels: int = 1) -> NDArray[np.uint8]:
    """Return images of a texture with their number, each of its own brightness."""
    texture = np.random.default_rng(0).random((32, 40, channels)) * 40
    return (texture + 20 * np.arange(COUNT)[:, None, None, None]).astype(np.uint8)


@pytest.fixture(scope="module")
def denoiser() -> unnoise.Denoiser:
    """Return a model that sees three images; it is hardly trained."""
    settings: dict[str, Any] = {
        "depth": "3",
        "steps": 1,
        "model": "unet",
        "patch": 16,
        "batch_size": 2,
    }
    return unnoise.train(film(), axes="TYXC", noise="gaussian:0.1..0.2", **settings)


def test_noise_is_of_the_image_and_not_of_its_copies(denoiser: unnoise.Denoiser) -> None:
    around = np.array([[1, 0, 1], [0, 1, 2], [1, 2, 3]])
    judged = Judged(film(), around=around)
    ranges = value_ranges(denoiser, [judged])
    (made,) = ready(denoiser, judged, ranges, "gaussian:0.1..0.2", generator(0))
    assert made.noisy.shape == made.clean.shape == (3, 1, 32, 40)
    seen = made.together()
    assert seen.shape == (3, 3, 32, 40)
    np.testing.assert_array_equal(seen[:, 1:2], made.noisy)
    np.testing.assert_array_equal(seen[0, 0], seen[0, 2])
    np.testing.assert_array_equal(seen[0, 0], seen[1, 1])
    spreads = (made.noisy - made.clean).std((1, 2, 3))
    assert np.ptp(spreads) < 0.01  # of one strength


def test_held_out_images_come_with_their_neighbours(denoiser: unnoise.Denoiser) -> None:
    images = film()
    together = np.concatenate([images[:-2], images[1:-1], images[2:]], axis=-1)
    for judged in Judged(together), Judged(together, images[1:-1]):
        ranges = value_ranges(denoiser, [judged])
        (made,) = ready(denoiser, judged, ranges, "", generator(0))
        np.testing.assert_array_equal(made.noisy, made.clean)
        np.testing.assert_array_equal(made.noisy, denoiser.sight.floats(images[1:-1], ranges[0]))
        assert made.together().shape == (COUNT - 2, 3, 32, 40)  # grey neighbours are no colours


def test_a_limit_keeps_neighbours() -> None:
    around = np.zeros((COUNT, 3), np.int64)
    stacks = [Judged(film(), around=around), Judged(film(), around=around)]
    assert [each.count for each in first(stacks, 9)] == [COUNT, 2]
    assert [each.count for each in first(stacks, 0)] == [COUNT, COUNT]
    assert [each.count for each in first([Judged(film()), Judged(film())], 9)] == [9]  # joined


def test_stacks_are_evaluated_image_by_image(denoiser: unnoise.Denoiser, tmp_path: Path) -> None:
    clean = film()[..., 0]
    noisy = (clean + np.random.default_rng(1).normal(0, 20, clean.shape)).clip(0, 255).astype("u1")
    for name, images in (("clean", clean), ("noisy", noisy)):
        path = tmp_path / name / "a.tif"
        path.parent.mkdir()
        tifffile.imwrite(path, images, imagej=True, metadata={"axes": "TYX"})
    found = evaluate(denoiser, tmp_path / "noisy", targets=tmp_path / "clean")
    assert found.per_image["gaussian"]["psnr"].shape == (COUNT,)
    error = (denoiser.stack(noisy, axes="TYX") / 255.0 - clean / 255.0) ** 2
    ranges = denoiser.info.value_range
    assert ranges is not None
    scale = 255 / (ranges["high"] - ranges["low"])
    expected = -10 * np.log10(error.mean((1, 2)) * scale**2)
    np.testing.assert_allclose(found.per_image["unnoise"]["psnr"], expected, atol=0.1)
    assert len(evaluate(denoiser, clean, axes="TYX", limit=5, baselines=False).per_image) == 2


def test_what_is_no_stack_is_refused(denoiser: unnoise.Denoiser) -> None:
    with pytest.raises(ConfigError, match="digits has single images: give a stack"):
        evaluate(denoiser, "digits")
    masked = np.ma.MaskedArray(film()[..., 0], film()[..., 0] == 3)
    with pytest.raises(ConfigError, match="cut the stacks to the part that has data"):
        evaluate(denoiser, masked, axes="TYX")
