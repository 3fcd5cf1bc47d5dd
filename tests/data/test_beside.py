"""What a training draws from stacks: images with their neighbours, in memory and streamed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from unnoise.data import (
    Material,
    Patches,
    Plan,
    Preparation,
    Stream,
    choose_method,
    prepare,
)
from unnoise.data.survey import Source, survey
from unnoise.errors import ConfigError
from unnoise.images import ReadOptions

SIDE = 16
SECONDS, HUNDREDS = 3, 7  # slices and times


def film(path: Path, *, axes: str = "TYX") -> str:
    """Write a stack whose images have one value each, their number."""
    shape = {"TYX": (HUNDREDS,), "TZYX": (HUNDREDS, SECONDS)}[axes]
    numbers = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    images = np.broadcast_to(numbers[..., None, None], (*shape, 80, 90)).copy()
    tifffile.imwrite(path, images, imagej=True, metadata={"axes": axes})
    return str(path)


def plan(source: Source, sizes: tuple[int, ...], **changes: Any) -> Plan:
    asked: dict[str, Any] = {"noise": None, "objective": "auto", "channels": None}
    found = survey(source)
    return choose_method(found, None, **{**asked, **changes}, sizes=sizes)


def material(made: Plan, *, memory: float = 1.0) -> Material:
    how = Preparation(batch_size=8, side=SIDE, memory=memory, seed=1, share=0.3)
    return prepare(made, how, failed=pytest.fail)


def numbers(views: tuple[Any, ...], made: Material) -> set[tuple[int, ...]]:
    """Return which images were seen together."""
    values = made.ranges[0]
    first = views[0].numpy()[:, :, 0, 0] * values.span + values.low
    return {tuple(row) for row in first.round().astype(int).tolist()}


EXPECTED = {
    (2, 1, 0, 1, 2),
    (3, 0, 1, 2, 3),
    (0, 1, 2, 3, 4),
    (1, 2, 3, 4, 5),
    (2, 3, 4, 5, 6),
    (3, 4, 5, 6, 3),
    (4, 5, 6, 5, 4),
}


@pytest.mark.parametrize("memory", [1.0, 1e-9])
def test_every_image_is_drawn_with_its_neighbours(tmp_path: Path, memory: float) -> None:
    made = material(plan(film(tmp_path / "a.tif"), (5,)), memory=memory)
    assert isinstance(made.batches, Stream if memory < 1 else Patches)
    seen = {row for step in range(30) for row in numbers(made.batches.at(step), made)}
    made.batches.close()
    assert seen == EXPECTED
    assert {scene[0].shape[2] for scene in made.held_out} == {5}
    assert {tuple(scene[0][0, 0].tolist()) for scene in made.held_out} <= EXPECTED


def test_two_axes_are_seen_as_a_grid(tmp_path: Path) -> None:
    made = material(plan(film(tmp_path / "a.tif", axes="TZYX"), (3, 3)))
    seen = {row for step in range(40) for row in numbers(made.batches.at(step), made)}
    assert (0, 1, 2, 3, 4, 5, 6, 7, 8) in seen
    assert len(seen) == HUNDREDS * SECONDS


def test_of_two_axes_one_may_be_apart(tmp_path: Path) -> None:
    made = plan(film(tmp_path / "a.tif", axes="TZYX"), (3, 1))
    assert made.depth == {"T": 3}
    seen = {
        row
        for step in range(40)
        for row in numbers(material(made).batches.at(step), material(made))
    }
    assert (0, 3, 6) in seen


def test_clean_stacks_with_a_noise_and_pairs_of_stacks(tmp_path: Path) -> None:
    made = plan(film(tmp_path / "a.tif"), (3,), noise="gaussian:0.1")
    assert (made.objective, made.depth) == ("supervised", {"T": 3})
    (clean,) = material(made).batches.at(0)
    assert clean.shape == (8, 3, SIDE, SIDE)
    for side in ("noisy", "clean"):
        (tmp_path / side).mkdir()
        film(tmp_path / side / "a.tif")
    pairs = choose_method(
        survey(tmp_path / "noisy"),
        survey(tmp_path / "clean"),
        noise=None,
        objective="auto",
        channels=None,
        sizes=(3,),
    )
    found = material(pairs)
    noisy, clean = found.batches.at(0)
    assert (noisy.shape[1], clean.shape[1]) == (3, 1)
    assert (noisy[:, 1] == clean[:, 0]).all()
    assert [view.shape[2] for view in found.held_out[0]] == [3, 1]


def test_two_captures_of_a_stack(tmp_path: Path) -> None:
    for side in ("one", "two"):
        (tmp_path / side).mkdir()
        film(tmp_path / side / "a.tif")
    made = choose_method(
        survey(tmp_path / "one"),
        survey(tmp_path / "two"),
        noise=None,
        objective="noise2noise",
        channels=None,
        sizes=(3,),
    )
    first, second = material(made).batches.at(0)
    assert (first.shape[1], second.shape[1]) == (3, 1)
    assert (first[:, 1] == second[:, 0]).all()


def test_noisy_stacks_are_learned_by_interpolation_whatever_their_grain(tmp_path: Path) -> None:
    made = plan(film(tmp_path / "a.tif"), (5,))
    assert (made.objective, made.stride) == ("interpolation", 1)
    assert plan(film(tmp_path / "a.tif"), (5,), objective="noise2void").objective == "noise2void"


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ((9,), r"a.tif has 7 images along T: choose an odd number up to 7"),
        ((3, 3), r"a.tif has several images along T: give one number for each"),
    ],
)
def test_a_depth_that_does_not_fit_is_refused(
    tmp_path: Path, sizes: tuple[int, ...], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        plan(film(tmp_path / "a.tif"), sizes)


def test_single_images_have_no_neighbours(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "b.tif", np.zeros((80, 90), np.uint8))
    with pytest.raises(ConfigError, match=r"b.tif has one image"):
        plan(str(tmp_path), (3,))


def test_arrays_have_the_axes_that_are_said() -> None:
    images = np.zeros((4, 3, 80, 90), np.uint8)
    found = survey(images, read=ReadOptions(axes="TZYX"))
    assert found.parts[0].stack_axes == "TZ"
    made = choose_method(found, None, noise=None, objective="auto", channels=None, sizes=(1, 3))
    assert made.depth == {"Z": 3}


def test_a_damaged_image_is_named_and_parts_its_stack(tmp_path: Path) -> None:
    images = np.broadcast_to(np.arange(9, dtype=np.uint8)[:, None, None], (9, 80, 90)).copy()
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as file:
        for image in images:
            file.write(image, compression="zlib", contiguous=False, metadata=None)
    with tifffile.TiffFile(path) as file:
        at = file.pages[4].dataoffsets[0]
    data = bytearray(path.read_bytes())
    data[at : at + 20] = bytes(20)
    path.write_bytes(data)
    made = plan(str(path), (3,))
    said: list[str] = []
    how = Preparation(batch_size=8, side=SIDE, memory=1.0, seed=1, share=0.3)
    found = prepare(made, how, failed=said.append)
    assert len(said) == 1
    assert said[0].startswith("image 4 of a.tif is left out")
    seen = {row for step in range(30) for row in numbers(found.batches.at(step), found)}
    assert seen == {
        (1, 0, 1),
        (0, 1, 2),
        (1, 2, 3),
        (2, 3, 2),
        (6, 5, 6),
        (5, 6, 7),
        (6, 7, 8),
        (7, 8, 7),
    }
