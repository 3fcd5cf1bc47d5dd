"""A piece of a stack to look at: where it lies, and that training does not see it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from unnoise.data import Along, Preparation, choose_method, prepare
from unnoise.data.survey import Source, survey
from unnoise.images import ReadOptions

HEIGHT, WIDTH = 100, 120
BLINKING = slice(86, 91), slice(97, 102)  # in the strip that is held out, the rows from 70 on


def film(count: int) -> NDArray[np.uint8]:
    """Return images that blink in one place; elsewhere pixels have the number of their image."""
    numbers = np.arange(count, dtype=np.uint8)[:, None, None]
    images = np.broadcast_to(numbers, (count, HEIGHT, WIDTH)).copy()
    images[:, *BLINKING] = np.where(numbers // 4 % 2, 200, 50)
    return images


def along(
    source: Source, sizes: tuple[int, ...], *, axes: str | None = None, examples: bool = True
) -> Along | None:
    asked: dict[str, Any] = {"noise": "gaussian:0.1", "objective": "auto", "channels": None}
    found = survey(source, read=ReadOptions(axes=axes))
    plan = choose_method(found, None, **asked, sizes=sizes)
    how = Preparation(batch_size=2, side=16, memory=1.0, seed=0, share=0.3, examples=examples)
    return prepare(plan, how, failed=pytest.fail).along


def test_it_lies_around_the_place_that_changes() -> None:
    images = film(90)
    found = along(images, (5,), axes="TYX")
    assert found is not None
    assert found.axis == "T"
    (view,) = found.views
    assert view.shape == (66, 30, 64, 1)  # 64 images and two that are seen with the last
    np.testing.assert_array_equal(view[:, :, :, 0], images[:66, 70:, 120 - 64 :])
    assert found.around is not None
    assert found.around.shape == (64, 5)
    assert found.around[[0, 2, 63]].tolist() == [
        [2, 1, 0, 1, 2],
        [0, 1, 2, 3, 4],
        [61, 62, 63, 64, 65],
    ]


def test_it_follows_one_axis_of_two(tmp_path: Path) -> None:
    images = film(36).reshape(12, 3, HEIGHT, WIDTH)
    tifffile.imwrite(tmp_path / "a.tif", images, imagej=True, metadata={"axes": "TZYX"})
    found = along(str(tmp_path), (3, 3))
    assert found is not None
    assert found.axis == "T"
    assert found.around is not None
    assert found.around.shape == (12, 9)
    numbers = found.views[0][:, 0, 0, 0]
    assert numbers[:12].tolist() == list(range(1, 36, 3))  # in the middle of Z
    assert sorted(numbers[found.around[5]]) == list(range(12, 21))
    alone = along(str(tmp_path), (1, 1))
    assert alone is not None
    assert alone.axis == "T"
    assert alone.around is None
    assert alone.views[0].shape == (12, 30, 64, 1)


def test_there_is_none_where_neighbours_are_trained_on() -> None:
    assert along(film(60), (1,), axes="TYX") is None  # whole images are held out
    assert along(film(30), (1,), axes="NYX") is None  # no time, no depth
    assert along(film(4), (1,), axes="TYX") is None  # too few
    assert along(film(30), (3,), axes="TYX", examples=False) is None
