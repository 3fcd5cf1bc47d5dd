"""The tasks have the published sizes, depend on their seed, and are what they are called."""

from pathlib import Path

import numpy as np
import pytest

from unnoise.data import load_images
from unnoise.datasets import DATASETS, TASKS, make_task
from unnoise.datasets.shapes import convex, is_convex, rectangles, rectangles_on_images
from unnoise.datasets.tasks import LEAST_SPREAD, patches, rotate
from unnoise.errors import DataError, UnknownNameError

SIZES = {"rect": (1_000, 200), "convex": (6_000, 2_000)}


@pytest.mark.parametrize("name", TASKS)
def test_sizes_seeds_and_classes(name: str, shared_data: Path) -> None:
    task, again, other = (
        make_task(name, seed=seed, test=500, data_dir=shared_data) for seed in (1, 1, 2)
    )
    train, valid = SIZES.get(name, (10_000, 2_000))
    parts = task.train, task.valid, task.test
    assert [part[0].shape for part in parts] == [(n, 28, 28) for n in (train, valid, 500)]
    assert all(part[0].dtype == np.uint8 and len(part[1]) == len(part[0]) for part in parts)
    assert len(np.unique(task.train[1])) == (10 if name.startswith("mnist") else 2)
    np.testing.assert_array_equal(task.train[0], again.train[0])
    assert not np.array_equal(task.train[0], other.train[0])


def test_no_digit_is_both_learned_and_tested(shared_data: Path) -> None:
    """As many different images as MNIST has among them: what is drawn is drawn once."""
    task = make_task("mnist-basic", data_dir=shared_data)
    assert task.test[0].shape == (50_000, 28, 28)
    images = [image.tobytes() for part in (task.train, task.valid, task.test) for image in part[0]]
    assert len(set(images)) == len(images)


def test_turning_keeps_what_a_turn_keeps() -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 28, 28)).astype(np.uint8)
    quarter = np.pi / 2
    np.testing.assert_array_equal(rotate(images, np.zeros(4)), images)
    np.testing.assert_array_equal(
        rotate(images, np.full(4, quarter)), np.rot90(images, axes=(1, 2))
    )
    angles = np.array([0.3, 1.0, 2.0, 5.0])
    dot = np.zeros((4, 28, 28), np.uint8)
    dot[:, 12:16, 5:9] = 240  # left of the middle
    turned = rotate(dot, angles).astype(float)
    y, x = np.mgrid[:28, :28] - 13.5
    mass = turned.sum((1, 2))
    np.testing.assert_allclose(mass, 16 * 240, rtol=0.02)
    # Counter-clockwise, as it is drawn.
    np.testing.assert_allclose((turned * x).sum((1, 2)) / mass, -7 * np.cos(angles), atol=0.1)
    np.testing.assert_allclose((turned * y).sum((1, 2)) / mass, 7 * np.sin(angles), atol=0.1)


def test_patches_have_texture() -> None:
    random = np.random.default_rng(0)
    photo = np.zeros((60, 200), np.uint8)
    photo[:, 100:] = random.integers(0, 256, (60, 100))
    cut = patches((photo,), 50, random)
    assert cut.shape == (50, 28, 28)
    assert (cut.std((1, 2)) / 255 >= LEAST_SPREAD).all()
    with pytest.raises(DataError, match="flat"):
        patches((np.zeros((40, 40), np.uint8),), 3, random)


def test_rectangles_are_what_their_labels_say() -> None:
    images, labels = rectangles(300, np.random.default_rng(0))
    tall, wide = (images.any(axis).sum(1) for axis in (2, 1))
    assert ((wide > tall) == labels).all()
    assert (abs(wide.astype(int) - tall) >= 3).all()
    assert (images.sum((1, 2)) // 255 == 2 * (tall + wide) - 4).all()  # a line of one pixel
    assert 0.4 < labels.mean() < 0.6


def test_rectangles_on_images_take_both_images() -> None:
    inside, outside = np.full((300, 28, 28), 9, np.uint8), np.full((300, 28, 28), 5, np.uint8)
    images, labels = rectangles_on_images(inside, outside, np.random.default_rng(0))
    box = images == 9
    tall, wide = (box.any(axis).sum(1).astype(int) for axis in (2, 1))
    assert ((wide > tall) == labels).all()
    assert (box.sum((1, 2)) == tall * wide).all()
    assert min(tall.min(), wide.min()) >= 10
    assert box.mean((1, 2)).max() <= 0.75


def test_convex_regions_are_told_from_others() -> None:
    y, x = np.mgrid[:28, :28]
    disc = (y - 13) ** 2 + (x - 13) ** 2 < 100
    crescent = disc & ((y - 13) ** 2 + (x - 20) ** 2 > 60)
    two = (abs(y - 5) < 4) & (abs(x - 5) < 4) | (abs(y - 22) < 4) & (abs(x - 22) < 4)
    assert is_convex(np.stack([disc, crescent, two])).tolist() == [True, False, False]
    images, labels = convex(60, np.random.default_rng(0))
    assert labels.sum() == 30
    assert set(np.unique(images)) == {0, 255}
    assert (is_convex(images > 0) == labels).all()
    assert ((images > 0).mean((1, 2)) >= 0.19).all()


def test_what_is_missing_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UNNOISE_DATA", raising=False)
    with pytest.raises(DataError, match="put some into a folder photos/"):
        make_task("rect-img", data_dir=tmp_path)
    with pytest.raises(UnknownNameError, match="did you mean 'mnist-rot'"):
        make_task("mnist-rott")


def test_a_task_can_be_trained_on() -> None:
    assert load_images("rect", split="train").stack.shape == (1_200, 28, 28, 1)
    assert not DATASETS.keys() & TASKS.keys()
