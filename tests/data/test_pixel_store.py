import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unnoise.data import PixelStore

SIZES = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), min_size=1, max_size=4)


def images(sizes: list[tuple[int, int]], channels: int) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.integers(0, 2**16, (*size, channels)).astype(np.uint16) for size in sizes]


@given(SIZES, st.integers(1, 3), st.integers(1, 9), st.integers(1, 9), st.data())
def test_a_crop_is_a_slice_mirrored_at_the_edges(
    sizes: list[tuple[int, int]], channels: int, height: int, width: int, data: st.DataObject
) -> None:
    every = images(sizes, channels)
    store = PixelStore.of([image[None] for image in every])
    chosen = data.draw(st.lists(st.integers(0, len(sizes) - 1), min_size=1, max_size=5))
    corners = [
        (
            data.draw(st.integers(0, max(0, sizes[i][0] - height))),
            data.draw(st.integers(0, max(0, sizes[i][1] - width))),
        )
        for i in chosen
    ]
    tops, lefts = np.array(corners).T
    turns = np.zeros(len(chosen), np.int64)
    crops = store.crops(np.array(chosen), tops, lefts, turns, (height, width))
    assert crops.dtype == np.uint16
    for crop, i, (top, left) in zip(crops, chosen, corners, strict=True):
        padded = np.pad(every[i], ((0, height), (0, width), (0, 0)), mode="reflect")
        np.testing.assert_array_equal(crop, padded[top : top + height, left : left + width])


def test_the_eight_turns_are_all_different_and_those_of_numpy() -> None:
    (image,) = images([(6, 6)], 2)
    store, zeros = PixelStore.of([image[None]]), np.zeros(8, np.int64)
    turned = store.crops(zeros, zeros, zeros, np.arange(8), (6, 6))
    expected = [np.rot90(side, k) for side in (image, image[:, ::-1]) for k in range(4)]
    np.testing.assert_array_equal(turned, np.stack(expected))
    assert len({crop.tobytes() for crop in turned}) == 8


def test_one_stack_is_not_copied() -> None:
    stack = np.zeros((5, 4, 4, 1), np.uint8)
    assert np.shares_memory(PixelStore.of([stack]).pixels, stack)
