"""Archives: names say which arrays are images, and the rest stays."""

from pathlib import Path

import numpy as np
import pytest

from unnoise.errors import ImageError
from unnoise.images import ReadOptions, find_pairs, open_image, read_stack, write_like

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 255, (5, 9, 8), np.uint8)
LABELS = np.arange(5)


def test_labels_strings_and_numbers_are_no_images(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x_train=IMAGES, y_train=LABELS, name=np.array("digits"), scale=np.array(2.5))
    with open_image(path, ReadOptions(axes="NYX")) as reader:
        assert reader.count == 5
        assert reader.notes == ("its images are x_train; y_train, name, scale stay unchanged",)
        with open_image(path, ReadOptions(axes="NYX")) as source:
            images = ([255 - source.image(index)] for index in range(source.count))
            write_like(tmp_path / "b.npz", reader, images)
    made = np.load(tmp_path / "b.npz")
    np.testing.assert_array_equal(made["x_train"], 255 - IMAGES)
    np.testing.assert_array_equal(made["y_train"], LABELS)
    assert str(made["name"]) == "digits"
    assert float(made["scale"]) == 2.5


@pytest.mark.parametrize(
    ("noisy", "clean"),
    [("noisy", "clean"), ("x", "y"), ("X", "Y"), ("x_train", "y_train"), ("input", "target")],
)
def test_names_that_are_pairs(tmp_path: Path, noisy: str, clean: str) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, **{clean: IMAGES + 1, noisy: IMAGES})  # type: ignore[arg-type]  # its stub
    assert find_pairs(path) == [(noisy, clean)]
    np.testing.assert_array_equal(read_stack_of(path)[..., 0], IMAGES)
    np.savez(path, **{clean: LABELS, noisy: IMAGES})  # type: ignore[arg-type]
    assert find_pairs(path) == []


def read_stack_of(path: Path, **options: str) -> np.ndarray:
    from unnoise.images import ReadOptions

    return read_stack(path, ReadOptions(axes="NYX", **options))[0]  # type: ignore[arg-type]


def test_an_array_is_chosen_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, one=IMAGES, other=IMAGES[:, :4])
    with pytest.raises(
        ImageError, match=r"several kinds: .* choose one of them, such as --array one"
    ):
        open_image(path, ReadOptions(axes="NYX"))
    assert read_stack_of(path, array="other").shape == (5, 4, 8, 1)
    with pytest.raises(ImageError, match=r"has no array x: it has one \(5, 9, 8\) uint8"):
        open_image(path, ReadOptions(axes="NYX", array="x"))
    np.savez(path, labels=LABELS)
    with pytest.raises(ImageError, match=r"holds no array of images: it has labels \(5,\)"):
        open_image(path)


def test_axes_as_care_writes_them(tmp_path: Path) -> None:
    patches = RANDOM.random((4, 1, 16, 12)).astype(np.float32)
    np.savez(tmp_path / "a.npz", X=patches, Y=patches, axes=np.array("SCYX"))
    with open_image(tmp_path / "a.npz") as reader:
        assert (reader.count, reader.channels, reader.height, reader.width) == (4, 1, 16, 12)
    np.savez(tmp_path / "b.npz", X=IMAGES, axes=np.array("no axes, but a long sentence"))
    with pytest.raises(ImageError, match="--axes"):
        open_image(tmp_path / "b.npz")


@pytest.mark.parametrize(
    ("x", "y", "pairs"),
    [
        ("f4", "i4", False),
        ("u1", "i8", False),
        ("u1", "?", False),
        ("u1", "u1", True),
        ("u2", "f4", True),
    ],
)
def test_classes_of_pixels_are_no_clean_images(tmp_path: Path, x: str, y: str, pairs: bool) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=IMAGES.astype(x), y=IMAGES.astype(y))
    assert find_pairs(path) == [("x", "y")] * pairs
    assert read_stack_of(path).shape == (5, 9, 8, 1)
    np.savez(path, noisy=IMAGES.astype(x), clean=IMAGES.astype(y))
    assert find_pairs(path) == [("noisy", "clean")]


@pytest.mark.parametrize("name", ["y_train", "labels", "masks"])
@pytest.mark.parametrize("shape", [(5, 10), (5, 1), (5, 9, 8)])
def test_labels_of_two_axes_or_more_are_left_aside(
    tmp_path: Path, name: str, shape: tuple[int, ...]
) -> None:
    np.savez(tmp_path / "a.npz", x_train=IMAGES, **{name: np.zeros(shape)})  # type: ignore[arg-type]
    pair = name == "y_train" and shape == IMAGES.shape
    assert bool(find_pairs(tmp_path / "a.npz")) == pair
    with open_image(tmp_path / "a.npz", ReadOptions(axes="NYX")) as reader:
        assert reader.count == 5
        assert name in reader.notes[0]


def test_arrays_of_other_axes_than_stated_are_left_aside(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", dark=IMAGES[0], stack=IMAGES)
    assert read_stack_of(tmp_path / "a.npz").shape == (5, 9, 8, 1)
