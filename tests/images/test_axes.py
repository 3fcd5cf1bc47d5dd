import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unnoise.errors import ImageError
from unnoise.images import Layout, as_stack
from unnoise.images.axes import candidates, check_axes, guess_axes, normal_axes


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    letters = ["Y", "X", *draw(st.sets(st.sampled_from("CTZN")))]
    axes = "".join(draw(st.permutations(letters)))
    shape = tuple(draw(st.integers(1, 4)) for _ in axes)
    return Layout(np.dtype(np.int64), axes, shape)


def filled(layout: Layout) -> np.ndarray:
    return np.arange(np.prod(layout.shape)).reshape(layout.shape)


@given(layouts())
def test_an_array_of_any_axes_goes_to_a_stack_and_back(layout: Layout) -> None:
    array = filled(layout)
    stack = layout.to_stack(array)
    assert stack.shape == (layout.count, layout.height, layout.width, layout.channels)
    np.testing.assert_array_equal(layout.from_stack(stack), array)


@given(layouts(), st.integers(1, 5))
def test_images_taken_and_put_in_bands_are_those_of_the_stack(layout: Layout, rows: int) -> None:
    array = filled(layout)
    copy = np.zeros_like(array)
    for index, image in enumerate(layout.to_stack(array)):
        np.testing.assert_array_equal(layout.take(array, index), image)
        for top in range(0, layout.height, rows):
            layout.put(copy, index, top, layout.take(array, index, slice(top, top + rows)))
    np.testing.assert_array_equal(copy, array)


def test_the_last_stack_axis_counts_fastest() -> None:
    layout = Layout(np.dtype(np.int64), "TZYX", (2, 3, 1, 1))
    assert layout.to_stack(filled(layout)).ravel().tolist() == [0, 1, 2, 3, 4, 5]


def test_a_stack_with_fewer_channels_can_be_given_back() -> None:
    layout = Layout(np.dtype(np.uint8), "YXC", (5, 6, 4))
    assert layout.from_stack(np.zeros((1, 5, 6, 3), np.uint8)).shape == (5, 6, 3)


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((5, 6), "YX"),
        ((5, 6, 1), "YXC"),
        ((5, 6, 3), "YXC"),
        ((5, 6, 4), "YXC"),
        ((2, 5, 6, 1), "NYXC"),
        ((2, 5, 6, 3), "NYXC"),
        ((2, 5, 6, 4), "NYXC"),
    ],
)
def test_safe_guesses(shape: tuple[int, ...], axes: str) -> None:
    assert guess_axes(shape, name="it") == axes
    assert as_stack(np.zeros(shape))[1].axes == axes


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ((7,), "at least two axes"),
        ((12, 512, 500), r"e\.g\. ZYX \(12 images\) or CYX \(one image of 12 channels\)"),
        ((5, 6, 2), r"e\.g\. YXC \(one image of 2 channels\) or ZYX \(5 images\)"),
        ((5, 3, 64, 60), r"e\.g\. NCYX \(5 images of 3 channels\) or TZYX \(15 images\)"),
        ((5, 30, 64, 60), r"e\.g\. TZYX \(150 images\)"),
        ((5, 6, 7, 2), r"e\.g\. NYXC \(5 images of 2 channels\)"),
        ((1, 2, 3, 9, 9), r"e\.g\. TZCYX \(2 images of 3 channels\)"),
        ((1,) * 12, "one letter per axis"),
    ],
)
def test_unsafe_guesses_are_refused_with_candidates(shape: tuple[int, ...], says: str) -> None:
    with pytest.raises(ImageError, match=says) as caught:
        guess_axes(shape, name="it")
    assert str(shape) in str(caught.value)


@given(st.lists(st.integers(1, 9), min_size=2, max_size=12))
def test_candidates_are_axes_that_are_accepted(shape: list[int]) -> None:
    for word in candidates(shape).split():
        if word.isupper() and word.isalpha():
            assert check_axes(word, shape, name="it")


@pytest.mark.parametrize(
    ("axes", "says"),
    [
        ("ZY", "3 axes, and --axes ZY names 2"),
        ("ZYYX", "names 4"),
        ("ZYY", "Y once, X once, and no letter twice"),
        ("ZTY", "Y once, X once"),
        ("Z-X", "must be letters"),
        ("ZÜX", "must be letters"),
    ],
)
def test_wrong_axes_are_refused(axes: str, says: str) -> None:
    with pytest.raises(ImageError, match=says):
        as_stack(np.zeros((4, 5, 6)), axes=axes)


def test_given_axes_win_over_a_guess() -> None:
    array = np.zeros((5, 6, 3))
    assert as_stack(array, axes="nyx")[0].shape == (5, 6, 3, 1)
    assert as_stack(array, axes="CYX")[0].shape == (1, 6, 3, 5)
    assert as_stack(array, axes="XYC")[0].shape == (1, 6, 5, 3)


@pytest.mark.parametrize(
    ("stated", "axes"),
    [("YXS", "YXC"), ("CYX", "CYX"), ("CYXS", "NYXC"), ("NCYXS", "NTYXC"), ("QQYX", "QNYX")],
)
def test_what_files_state_is_made_normal(stated: str, axes: str) -> None:
    assert normal_axes(stated) == axes


def test_the_place_of_an_image_is_named_by_its_axes() -> None:
    def place(axes: str, shape: tuple[int, ...], index: int) -> str:
        return Layout(np.dtype(np.uint8), axes, shape).place(index)

    assert place("TYX", (64, 8, 9), 11) == "T 12 of 64"
    assert place("NYX", (64, 8, 9), 0) == "image 1 of 64"
    assert place("TZCYX", (3, 5, 2, 8, 9), 7) == "T 2 of 3, Z 3 of 5"
    assert place("TYXZ", (1, 8, 9, 5), 4) == "Z 5 of 5"
    assert place("YX", (8, 9), 0) == place("TYX", (1, 8, 9), 0) == ""
