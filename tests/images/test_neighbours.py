"""Which images are seen with each: at the ends of a stack, at cuts, along two axes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unnoise.errors import ImageError, ModelError
from unnoise.images import Cuts, Neighbours, neighbours

ODD = st.sampled_from([1, 3, 5, 7])


def test_inside_a_stack_they_are_those_before_and_after() -> None:
    assert Neighbours((9,), (5,)).of(4) == (2, 3, 4, 5, 6)


def test_the_other_side_stands_for_what_is_missing() -> None:
    stack = Neighbours((6,), (5,))
    assert stack.of(0) == (2, 1, 0, 1, 2)
    assert stack.of(1) == (3, 0, 1, 2, 3)
    assert stack.of(5) == (3, 4, 5, 4, 3)
    assert Neighbours((2,), (5,)).of(0) == (1, 1, 0, 1, 1)


def test_along_two_axes_they_are_a_grid() -> None:
    assert Neighbours((3, 4), (3, 3)).of(5) == (0, 1, 2, 4, 5, 6, 8, 9, 10)
    assert Neighbours((3, 4), (1, 3)).of(5) == (4, 5, 6)
    assert Neighbours((3, 4), (3, 1)).of(5) == (1, 5, 9)


@given(
    lengths=st.lists(st.integers(1, 8), min_size=1, max_size=3),
    sizes=st.lists(ODD, min_size=3, max_size=3),
    cuts=st.sets(st.integers(0, 7)),
    data=st.data(),
)
def test_no_image_is_its_own_neighbour_unless_it_is_alone(
    lengths: list[int], sizes: list[int], cuts: set[int], data: st.DataObject
) -> None:
    stack = Neighbours(tuple(lengths), tuple(sizes[: len(lengths)]))
    index = data.draw(st.integers(0, stack.count - 1))
    near = stack.of(index, lambda before, _: before in cuts)
    assert len(near) == stack.depth
    assert near[stack.depth // 2] == index
    assert all(0 <= each < stack.count for each in near)
    if len(lengths) == 1:
        others = near[: stack.depth // 2] + near[stack.depth // 2 + 1 :]
        assert index not in others or set(near) == {index}


@given(first=st.integers(0, 9))
def test_a_cut_is_never_crossed(first: int) -> None:
    near = Neighbours((10,), (5,)).of(first, lambda before, after: (before, after) == (4, 5))
    assert {each > 4 for each in near} == {first > 4}


def test_images_are_compared_once() -> None:
    read: list[int] = []

    def image(index: int) -> np.ndarray:
        read.append(index)
        return np.zeros((32, 32, 1))

    cuts = Cuts(image)
    stack = Neighbours((5,), (3,))
    for index in (*range(5), *range(5)):
        stack.of(index, cuts)
    assert len(read) == 2 * 4


def test_an_image_that_cannot_be_read_is_no_neighbour() -> None:
    def image(index: int) -> np.ndarray:
        if index == 3:
            raise ImageError("damaged")
        return np.zeros((32, 32, 1))

    stack = Neighbours((7,), (5,))
    assert stack.of(2, Cuts(image)) == (0, 1, 2, 1, 0)
    assert stack.of(4, Cuts(image)) == (6, 5, 4, 5, 6)


def test_a_model_finds_its_axis_by_the_letter_or_because_there_is_one() -> None:
    assert neighbours({"T": 5}, "TZ", (9, 7), name="x").sizes == (5, 1)
    assert neighbours({"Z": 3}, "TZ", (9, 7), name="x").sizes == (1, 3)
    assert neighbours({"T": 5}, "Q", (9,), name="x").sizes == (5,)
    assert neighbours({"T": 5}, "PQ", (1, 9), name="x").sizes == (1, 5)
    assert neighbours({"T": 3, "Z": 5}, "ZT", (9, 7), name="x").sizes == (5, 3)
    assert neighbours({"T": 5}, "", (), name="x").of(0) == (0,) * 5
    with pytest.raises(ModelError, match=r"5 along T, and x has the axes PQYX: .* --axes"):
        neighbours({"T": 5}, "PQ", (4, 9), name="x")
