"""Trainings on stacks: what is chosen, what is reached, and what a run keeps."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from scipy.ndimage import gaussian_filter

import unnoise
from unnoise.api.training import forecast
from unnoise.errors import ConfigError
from unnoise.runs import RunFolder
from unnoise.training import Progress

Film = NDArray[np.float32]
FRAMES, SIDE, NOISE = 24, 128, 0.1


class Stop(Exception):  # noqa: N818  it stands for a kill, not for an error
    pass


def texture(seed: int, *shape: int, width: float = 1.5) -> Film:
    made = gaussian_filter(np.random.default_rng(seed).standard_normal(shape), width)
    return np.asarray((0.5 + 0.15 * made / made.std()).clip(0, 1), np.float32)


def still() -> Film:
    return np.repeat(texture(0, SIDE, SIDE)[None], FRAMES, axis=0)


def moving_square() -> Film:
    """Return a bright square that moves by two pixels a frame over a dark ground."""
    film = np.full((FRAMES, SIDE, SIDE), 0.2, np.float32)
    for index, frame in enumerate(film):
        left = 10 + 2 * index
        frame[30:54, left : left + 24] = 0.8
    return film


def noisy(film: Film, seed: int = 1) -> Film:
    return film + np.random.default_rng(seed).normal(0, NOISE, film.shape).astype(np.float32)


def learn(film: Film, **settings: Any) -> tuple[unnoise.Denoiser, Film]:
    settings = {"steps": 300, "model": "unet", "lr": 3e-3, "patch": 64, **settings}
    denoiser = unnoise.train(film, axes="TYX", **settings, say=lambda _: None)
    return denoiser, denoiser.stack(film, axes="TYX")


def error(made: Film, film: Film) -> float:
    return float(np.mean((made - film) ** 2))


def test_a_still_film_is_learned_from_its_neighbours_nearly_as_their_mean() -> None:
    clean = still()
    film = noisy(clean)
    denoiser, made = learn(film)
    assert denoiser.info.objective.startswith("interpolation")
    assert denoiser.info.depth == {"T": 7}
    near = np.stack([film[[i - 2, i - 1, i + 1, i + 2]].mean(0) for i in range(2, FRAMES - 2)])
    assert error(made[2:-2], clean[2:-2]) < 1.2 * error(near, clean[2:-2])
    _, alone = learn(film, depth=1)
    assert error(made, clean) < 0.8 * error(alone, clean)


def test_what_moves_does_not_trail() -> None:
    clean = moving_square()
    _, made = learn(noisy(clean), depth=5, steps=1200, patch=32, objective="interpolation")
    left = np.array([frame > 0.5 for frame in clean])
    for index in range(2, FRAMES - 2):
        behind = left[index - 1] & ~left[index]  # just left by the square
        ahead = left[index + 1] & ~left[index]  # not reached yet
        # A mean of the neighbours would have 0.5 there.
        assert np.abs(made[index][behind] - 0.2).mean() < 0.1
        assert np.abs(made[index][ahead] - 0.2).mean() < 0.1


def test_noise_with_a_grain_is_seen_at_full_resolution() -> None:
    clean = still()
    random = np.random.default_rng(3)
    grain = np.stack([gaussian_filter(random.standard_normal((SIDE, SIDE)), 0.7) for _ in clean])
    film = (clean + NOISE * grain / grain.std()).astype(np.float32)
    denoiser, made = learn(film)
    assert (denoiser.info.strides, denoiser.info.depth) == ((1,), {"T": 7})
    _, alone = learn(film, depth=1)
    assert error(made, clean) < 0.5 * error(alone, clean)


def test_unrelated_images_are_denoised_one_by_one() -> None:
    film = noisy(np.stack([texture(seed, SIDE, SIDE) for seed in range(FRAMES)]))
    denoiser, _ = learn(film, steps=1)
    assert denoiser.info.depth == {}
    assert denoiser.info.objective.startswith("neighbor2neighbor")


def test_a_scene_does_not_bleed_into_the_next() -> None:
    scenes = [np.repeat(texture(seed, 192, 192, width=6)[None], 6, axis=0) for seed in (1, 2)]
    clean = np.concatenate(scenes)
    film = noisy(clean)
    _, made = learn(film, depth=3, steps=100)
    one, two = scenes
    for last, own, other in ((5, one, two), (6, two, one)):
        apart = other[0] - own[0]
        share = np.vdot(made[last] - own[0], apart) / np.vdot(apart, apart)
        assert abs(share) < 0.05  # 0.5 for the mean of both neighbours


def test_a_forecast_names_the_depth_and_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "film.tif"
    values = (noisy(still()).clip(0, 1) * 60000).astype(np.uint16)
    tifffile.imwrite(path, values, imagej=True, metadata={"axes": "TYX"})
    said = forecast({"data": str(path)})
    assert "3 on each side along T predict pixels" in said["method"]
    assert said["method"].startswith("interpolation")
    moved = forecast({"data": str(path), "depth": "1"})
    assert moved["method"].startswith("neighbor2neighbor")


@pytest.mark.parametrize("depth", ["2", "0", "-3", "five", "3x", "3x4", ""])
def test_a_depth_that_is_no_odd_number_is_refused(depth: str) -> None:
    with pytest.raises(ConfigError, match=f"depth is {depth}: it is auto, an odd number such as 5"):
        learn(still(), depth=depth)


def test_interpolation_needs_stacks() -> None:
    with pytest.raises(ConfigError, match="has no stack of 3 or more images"):
        unnoise.train(still()[0], axes="YX", objective="interpolation", steps=1, say=lambda _: None)


def test_a_run_goes_on_to_the_bit(tmp_path: Path) -> None:
    film = noisy(still())
    settings: dict[str, Any] = {"steps": 12, "depth": 3, "axes": "TYX", "patch": 32}

    def stop(progress: Progress) -> None:
        if progress.step >= 6:
            raise Stop

    whole, parts = tmp_path / "whole", tmp_path / "parts"
    unnoise.train(film, **settings, out=whole, say=lambda _: None)
    with pytest.raises(Stop):
        unnoise.train(film, **settings, out=parts, say=lambda _: None, report=stop)
    unnoise.train(film, **settings, out=parts, resume=True, say=lambda _: None)
    ours, theirs = (load_file(RunFolder(folder).model) for folder in (parts, whole))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_fine_tuning_has_the_depth_of_its_model(tmp_path: Path) -> None:
    film = noisy(still())
    unnoise.train(film, axes="TYX", depth=3, steps=2, out=tmp_path / "run", say=lambda _: None)
    more, _ = learn(film, init=tmp_path / "run", model="auto", steps=2)
    assert more.info.depth == {"T": 3}
    with pytest.raises(ConfigError, match="sees 3 images together, but not the middle one"):
        learn(film, init=tmp_path / "run", model="auto", depth=1, steps=2)
