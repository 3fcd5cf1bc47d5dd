from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from unnoise.data import (
    Batches,
    Material,
    Patches,
    Preparation,
    Stream,
    choose_method,
    look_at,
    prepare,
)
from unnoise.errors import DataError
from unnoise.images import ReadOptions, write_stack

HOW = Preparation(batch_size=4, side=16, memory=1.0, seed=1)


def material(
    folder: Path,
    *,
    objective: str = "auto",
    failed: Callable[[str], None] = lambda _: None,
    **changes: Any,
) -> Material:
    survey, _ = look_at(folder, split="train")
    noise = None if objective in ("noise2noise", "neighbor2neighbor") else "gaussian:0.1"
    made = choose_method(survey, None, noise=noise, objective=objective, channels=None)
    return prepare(made, replace(HOW, **changes), failed=failed)


def write(folder: Path, count: int, shape: tuple[int, ...], dtype: str = "uint8") -> None:
    random = np.random.default_rng(0)
    for i in range(count):
        top = np.iinfo(dtype).max // 16
        write_stack(folder / f"{i:03}.png", random.integers(0, top, shape).astype(dtype))


def pixels(made: Material, steps: int = 40) -> set[float]:
    return {v for step in range(steps) for v in np.unique(made.batches.at(step)[0].numpy())}


def test_small_images_are_taken_whole(tmp_path: Path) -> None:
    write(tmp_path, 10, (28, 28))
    made = material(tmp_path)
    assert isinstance(made.batches, Batches)
    assert len(made.held_out) == 2
    assert made.batches.at(0)[0].shape == (4, 1, 28, 28)


def test_of_few_images_a_strip_of_each_is_held_out(tmp_path: Path) -> None:
    for i in range(3):
        image = np.zeros((100, 80 + i), np.uint8)
        image[90:] = 200
        write_stack(tmp_path / f"{i}.png", image)
    made = material(tmp_path, share=0.1)
    assert isinstance(made.batches, Patches)
    assert [scene[0].shape for scene in made.held_out] == [(16, 80 + i, 1) for i in range(3)]
    assert [scene[0].shape[1:] for scene in made.learned] == [(80 + i, 1) for i in range(3)]
    # The strip has 16 rows at least, so of the bright ones none is trained on.
    assert pixels(made) == {0.0}


def test_of_many_images_whole_ones_are_held_out(tmp_path: Path) -> None:
    write(tmp_path, 60, (20, 70))
    made = material(tmp_path)
    assert [scene[0].shape for scene in made.held_out] == [(20, 70, 1)] * 12
    assert made.learned == []
    assert isinstance(made.batches, Patches)
    assert len(made.batches.stores[0]) == 48


def test_captures_hold_out_the_same_strip_of_all(tmp_path: Path) -> None:
    for name in ("A_1", "A_2", "A_3", "B_1", "B_2"):
        write_stack(tmp_path / f"{name}.png", np.full((80, 70), ord(name[0]), np.uint8))
    made = material(tmp_path, objective="noise2noise")
    assert len(made.held_out) == 3
    for first, second in made.held_out:
        assert (first == second).all()
    one, other = (view.numpy() for view in made.batches.at(0))
    np.testing.assert_array_equal(one, other)


def test_images_with_correlated_noise_are_taken_apart(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    grain = gaussian_filter(random.standard_normal((2, 256, 256)), (0, 0.8, 0.8))
    white = random.standard_normal((2, 256, 256))
    for i, noise in enumerate([*(grain / grain.std()), *white]):
        write_stack(tmp_path / f"{i}.png", (120 + 20 * noise).clip(0, 255).astype(np.uint8))
    made = material(tmp_path, objective="neighbor2neighbor")
    assert made.strides == (1, 2)
    assert isinstance(made.batches, Patches)
    assert sorted(made.batches.stores[0].widths.tolist()) == [128] * 8 + [256] * 2
    assert "correlated in 2 of 4 images" in made.notes[0]
    forced = material(tmp_path, objective="neighbor2neighbor", stride=1)
    assert forced.strides == (1,)
    assert not forced.notes


def test_twelve_bits_in_sixteen_fill_the_range(tmp_path: Path) -> None:
    write(tmp_path, 3, (80, 80), "uint16")
    made = material(tmp_path)
    assert (made.ranges[0].low, made.ranges[0].high, made.ranges[0].clamp) == (0, 4095, False)
    assert 0.9 < max(pixels(made)) <= 1


def test_a_file_that_is_damaged_inside_is_named_and_left_out(tmp_path: Path) -> None:
    write(tmp_path, 3, (80, 80))
    whole = (tmp_path / "001.png").read_bytes()
    (tmp_path / "001.png").write_bytes(whole[: len(whole) // 2])
    failures: list[str] = []
    made = material(tmp_path, failed=failures.append)
    assert len(made.held_out) == 2
    assert len(failures) == 1
    assert "001.png" in failures[0]


@pytest.mark.parametrize("objective", ["auto", "neighbor2neighbor"])
def test_what_does_not_fit_into_memory_is_streamed(tmp_path: Path, objective: str) -> None:
    write(tmp_path, 12, (64, 80))
    (tmp_path / "000.png").write_bytes((tmp_path / "000.png").read_bytes()[:2000])
    failures: list[str] = []
    made = material(tmp_path, objective=objective, memory=1e-6, failed=failures.append)
    assert isinstance(made.batches, Stream)
    try:
        first = [made.batches.at(step)[0].numpy() for step in (0, 1, 20)]
        assert all(batch.shape == (4, 1, 16, 16) for batch in first)
        assert not np.array_equal(first[0], first[1])
        # A batch is a function of the step, in whatever order steps are visited.
        np.testing.assert_array_equal(made.batches.at(1)[0], first[1])
    finally:
        made.batches.close()
    assert len(set(failures)) <= 1
    assert all("000.png" in failure for failure in failures)
    assert "streamed from disk" in made.notes[0]


def test_lines_of_noise_stay_lines(tmp_path: Path) -> None:
    """With a structure, crops are not turned by a quarter: rows stay rows."""
    rows = np.repeat(np.arange(80, dtype=np.uint8)[:, None], 90, axis=1)
    for i in range(3):
        write_stack(tmp_path / f"{i}.png", rows)
    made = material(tmp_path, turns=(0, 2, 4, 6))
    for step in range(20):
        (batch,) = made.batches.at(step)
        assert (batch == batch[..., :1]).all()


def test_means_of_captures_have_the_scale_of_the_captures(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name, dtype in (("noisy/a.tif", np.uint16), ("clean/a.tif", np.float32)):
        write_stack(tmp_path / name, random.integers(0, 3500, (80, 80)).astype(dtype))
    noisy, clean = (look_at(tmp_path / side, split="train")[0] for side in ("noisy", "clean"))
    made = choose_method(noisy, clean, noise=None, objective="auto", channels=None)
    ranges = prepare(made, HOW, failed=lambda _: None).ranges
    assert [values.high for values in ranges] == [4095, 4095]


def test_what_is_held_out_is_bounded_and_large_enough(tmp_path: Path) -> None:
    write_stack(tmp_path / "a.tif", np.zeros((3000, 7000), np.uint8))
    made = material(tmp_path, share=0.5)
    pixels = [scene[0].shape[0] * scene[0].shape[1] for scene in made.held_out]
    assert sum(pixels) <= 1_500_000 + 512**2
    assert max(pixels) <= 512**2
    write_stack(tmp_path / "a.tif", np.zeros((12, 700), np.uint8))
    with pytest.raises(DataError, match="is 12 × 700: patches need 16 pixels"):
        material(tmp_path)


def test_one_small_image_is_not_validated_on_itself(tmp_path: Path) -> None:
    write_stack(tmp_path / "a.png", np.zeros((60, 60), np.uint8))
    made = material(tmp_path)
    assert isinstance(made.batches, Patches)
    assert made.held_out[0][0].shape == (16, 60, 1)


@pytest.mark.parametrize("memory", [1.0, 1e-6])
def test_what_has_no_data_is_never_trained_on(tmp_path: Path, memory: float) -> None:
    random = np.random.default_rng(0)
    for i in range(12):
        image = random.uniform(100, 130, (96, 96)).astype(np.float32)
        image[:, 64:] = -9999
        image[20, 20] = np.nan
        write_stack(tmp_path / f"{i}.tif", image)
    survey, _ = look_at(tmp_path, split="train", read=ReadOptions(nodata=-9999, nan="keep"))
    made = choose_method(survey, None, noise="gaussian:0.1", objective="auto", channels=None)
    ready = prepare(made, replace(HOW, memory=memory), failed=lambda _: None)
    (low, high) = ready.ranges[0].low, ready.ranges[0].high
    assert 95 < float(np.min(low)) < 102
    assert 128 < float(np.max(high)) < 135
    try:
        seen = pixels(ready, 8)
    finally:
        getattr(ready.batches, "close", lambda: None)()
    assert min(seen) > -0.1
    assert max(seen) < 1.1


def test_tiny_images_among_large_ones_are_named_and_left_out(tmp_path: Path) -> None:
    write(tmp_path, 3, (80, 80))
    write_stack(tmp_path / "icon.png", np.zeros((9, 9), np.uint8))
    said: list[str] = []
    made = material(tmp_path, failed=said.append)
    assert len(made.held_out) == 3
    assert "icon.png" in "".join(said)
