"""Pixels without data: what counts as one, what fills them, and what is cut out of training."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unnoise.errors import ConfigError
from unnoise.images import Holes, fill_holes, hole_mask, largest_part, without_holes

RANDOM = np.random.default_rng(3)


@pytest.mark.parametrize(
    ("holes", "part", "expected"),
    [
        (Holes(), [1.0, np.nan, np.inf], None),
        (Holes(nan=True), [1.0, np.nan, -np.inf], [False, True, True]),
        (Holes(nan=True), [1.0, 2.0, 3.0], None),
        (Holes(-9999), [1.0, -9999, np.nan], [False, True, False]),
        (Holes(7), np.array([7, 8, 9], np.uint8), [True, False, False]),
        (Holes(-9999), np.array([7, 8, 9], np.uint8), None),  # no uint8 is -9999
        (Holes(0.5), np.array([0, 1, 2], np.int16), None),
    ],
)
def test_what_counts_as_no_data(holes: Holes, part: Any, expected: list[bool] | None) -> None:
    found = holes.find(np.asarray(part))
    assert (found if found is None else found.tolist()) == expected


def test_a_person_wins_over_the_file() -> None:
    assert Holes.of(None, "refuse", stated=-9999).value == -9999
    assert Holes.of(0, "refuse", stated=-9999).value == 0
    assert Holes.of(float("nan"), "refuse").nan  # a file may state NaN
    assert not Holes.of(None, "refuse")
    with pytest.raises(ConfigError, match="refuse, or keep"):
        Holes.of(None, "drop")  # type: ignore[arg-type]  # no such word, which is the test


@given(seed=st.integers(0, 10**6), share=st.floats(0, 0.95), channels=st.integers(1, 3))
def test_filling_changes_holes_only_and_stays_between_the_data(
    seed: int, share: float, channels: int
) -> None:
    random = np.random.default_rng(seed)
    part = random.integers(40, 90, (17, 23, channels)).astype(np.uint16)
    bad = random.random(part.shape) < share
    part[bad] = 60_000
    filled = fill_holes(part, bad)
    np.testing.assert_array_equal(filled[~bad], part[~bad])
    for channel in range(channels):
        data = part[..., channel][~bad[..., channel]]
        if data.size:
            assert filled[..., channel].min() >= data.min()
            assert filled[..., channel].max() <= data.max()


def test_a_hole_looks_like_what_is_around_it() -> None:
    part = np.repeat(np.linspace(0, 1, 64)[None, :, None], 64, axis=0)
    bad = np.zeros(part.shape, bool)
    bad[20:24, 30:34] = True
    filled: Any = fill_holes(np.where(bad, -1e6, part), bad)
    assert np.abs(filled - part)[bad].max() < 0.07
    assert (fill_holes(part, np.ones_like(bad)) == 0).all()  # no data at all


@pytest.mark.parametrize("side", [10, 40, 100])
def test_a_hole_has_the_noise_of_the_data_beside_it(side: int) -> None:
    part = RANDOM.normal(0.5, 0.1, (120, 130, 2))
    bad = np.zeros(part.shape, bool)
    bad[5 : 5 + side, 15 : 15 + side, 0] = True
    bad[..., 110 - side :, 1] = True  # up to the border, wider than the data where side is 100
    filled: Any = fill_holes(np.where(bad, np.nan, part), bad)
    for channel in (0, 1):
        inside = filled[..., channel][bad[..., channel]]
        assert inside.std() == pytest.approx(0.1, rel=0.25)
        assert np.isin(inside, part[..., channel][~bad[..., channel]]).all()


def test_a_row_without_data_is_filled_from_the_nearest_rows() -> None:
    """In a high and narrow image such rows lie far from data along the other axis."""
    part = np.repeat(np.arange(60.0)[:, None, None], 2, axis=1)
    bad = np.zeros(part.shape, bool)
    bad[10:] = True
    filled: Any = fill_holes(part, bad)
    expected = np.concatenate([np.arange(10), np.tile([*range(8, -1, -1), *range(1, 10)], 3)])[:60]
    np.testing.assert_array_equal(filled[..., 0, 0], expected)


def test_training_sees_the_parts_that_have_data() -> None:
    image = np.ma.MaskedArray(RANDOM.random((128, 96, 1)), np.zeros((128, 96, 1), bool))
    image[:32] = np.ma.masked  # a border without data
    image[100, 50] = np.ma.masked  # one pixel, which is filled
    ((part,),) = without_holes([image])
    assert part.shape == (96, 96, 1)
    assert hole_mask(part) is None
    others = np.ones(part.shape, bool)
    others[68, 50] = False
    np.testing.assert_array_equal(part[others], image.data[32:][others])
    assert without_holes([np.ma.MaskedArray(image.data, True)]) == []


def test_parts_are_disjoint_cover_the_data_and_are_alike_in_all_views() -> None:
    lacks = np.zeros((160, 192, 1), bool)
    lacks[64:96, 32:128] = True
    place = np.arange(lacks.size, dtype=np.float64).reshape(lacks.shape)
    views = [np.ma.MaskedArray(place, lacks), place]
    parts = without_holes(views)
    sizes = [first.size for first, _ in parts]
    assert sizes == sorted(sizes, reverse=True)
    seen = np.concatenate([first.ravel() for first, _ in parts])
    assert sorted(seen) == sorted(place[~lacks])
    for first, second in parts:
        np.testing.assert_array_equal(first, second)


def test_the_largest_part() -> None:
    lacks = np.zeros((128, 128), bool)
    assert largest_part(None) == (slice(None), slice(None))
    assert largest_part(lacks) == (slice(0, 128), slice(0, 128))
    lacks[:, :64] = True
    lacks[:32, 64:] = True
    assert largest_part(lacks) == (slice(32, 128), slice(64, 128))
    assert largest_part(np.ones_like(lacks)) == (slice(None), slice(None))
