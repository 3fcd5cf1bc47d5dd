import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unnoise.data import Batches, split_indices


@given(st.integers(1, 500), st.floats(0.001, 0.999), st.integers(0, 5))
def test_the_split_is_a_split(count: int, share: float, seed: int) -> None:
    train, held = split_indices(count, share, seed)
    assert len(train) >= 1
    assert len(held) >= 1
    if count > 1:
        assert sorted([*train, *held]) == list(range(count))
        assert abs(len(held) - count * share) <= 1
    np.testing.assert_array_equal(train, split_indices(count, share, seed)[0])


@given(st.integers(1, 40), st.integers(1, 50), st.integers(0, 3))
def test_every_epoch_visits_every_image_once(count: int, size: int, seed: int) -> None:
    images = np.arange(count, dtype=np.uint8).reshape(count, 1, 1, 1)
    batches = Batches(images, size, seed)
    seen = np.concatenate(
        [np.rint(batches.at(step).numpy().ravel() * 255) for step in range(3 * count)]
    )
    for epoch in range(3):
        part = seen[epoch * count : (epoch + 1) * count]
        assert sorted(part) == list(range(count))


def test_a_batch_is_a_function_of_seed_and_step() -> None:
    images = np.arange(50, dtype=np.uint8).reshape(50, 1, 1, 1)
    forward, backward = Batches(images, 8, 3), Batches(images, 8, 3)
    there = [forward.at(step).tolist() for step in range(20)]
    back = [backward.at(step).tolist() for step in reversed(range(20))]
    assert there == back[::-1]
    assert there != [Batches(images, 8, 4).at(step).tolist() for step in range(20)]
