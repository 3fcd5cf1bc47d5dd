import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unnoise.data import Batches, Patches, PixelStore, split_indices
from unnoise.images import ValueRange

NOMINAL = (ValueRange(0.0, 1.0, clamp=True),)
BYTES = (ValueRange.nominal(np.uint8),)


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
    batches = Batches((images,), BYTES, size, seed)
    seen = np.concatenate(
        [np.rint(batches.at(step)[0].numpy().ravel() * 255) for step in range(3 * count)]
    )
    for epoch in range(3):
        part = seen[epoch * count : (epoch + 1) * count]
        assert sorted(part) == list(range(count))


def test_a_batch_is_a_function_of_seed_and_step() -> None:
    images = np.arange(50, dtype=np.uint8).reshape(50, 1, 1, 1)
    forward, backward, other = (Batches((images,), BYTES, 8, seed) for seed in (3, 3, 4))
    there = [forward.at(step)[0].tolist() for step in range(20)]
    back = [backward.at(step)[0].tolist() for step in reversed(range(20))]
    assert there == back[::-1]
    assert there != [other.at(step)[0].tolist() for step in range(20)]


def numbered(*sizes: tuple[int, int], start: int = 0) -> PixelStore:
    """Return images whose pixels hold different numbers."""
    stacks, first = [], start
    for height, width in sizes:
        stacks.append(np.arange(first, first + height * width).reshape(1, height, width, 1))
        first += height * width
    return PixelStore.of([stack.astype(np.float32) / 4096 for stack in stacks])


def test_the_views_of_a_patch_show_the_same_place() -> None:
    sizes = (20, 30), (40, 17), (16, 16)
    stores = numbered(*sizes), numbered(*sizes)
    patches = Patches(stores, NOMINAL * 2, 6, 16, 5)
    for step in range(10):
        noisy, clean = patches.at(step)
        assert noisy.shape == (6, 1, 16, 16)
        np.testing.assert_array_equal(noisy, clean)
        # Turned or not, neighbours in a crop are neighbours in an image.
        for crop in np.rint(noisy.numpy()[:, 0] * 4096):
            assert np.unique(crop).size == 256
            assert {abs(np.diff(crop, axis=0)).max(), abs(np.diff(crop, axis=1)).max()} & {1.0}


def test_patches_are_a_function_of_seed_and_step_and_reach_everywhere() -> None:
    patches = Patches((numbered((24, 24), (16, 40)),), NOMINAL, 8, 16, 1)
    seen = [patches.at(step)[0].numpy() for step in range(40)]
    np.testing.assert_array_equal(seen[7], patches.at(7)[0])
    assert not np.array_equal(seen[0], seen[1])
    assert np.unique(np.concatenate(seen)).size == 24 * 24 + 16 * 40


def test_captures_are_two_different_ones_of_one_scene() -> None:
    images = np.repeat(np.arange(6, dtype=np.float32) / 8, 16 * 16).reshape(6, 16, 16, 1)
    scenes = (0, 1, 2), (3, 4), (5, 0)
    patches = Patches((PixelStore.of([images]),), NOMINAL * 2, 5, 16, 2, scenes=scenes)
    seen = set()
    for step in range(60):
        first, second = patches.at(step)
        ones = (first[:, 0, 0, 0] * 8).int().tolist(), (second[:, 0, 0, 0] * 8).int().tolist()
        seen |= set(zip(*ones, strict=True))
    assert seen == {(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1), (3, 4), (4, 3), (5, 0), (0, 5)}
