from pathlib import Path

import numpy as np
import pytest

from unnoise.errors import ImageError, OutputError
from unnoise.images import ReadOptions, find_images, open_image, read_stack, write_stack


def picture(dtype: str, channels: int | None) -> np.ndarray:
    shape = (9, 13) if channels is None else (9, 13, channels)
    random = np.random.default_rng(0).random(shape)
    return (
        random.astype(dtype)
        if dtype.startswith("f")
        else (random * np.iinfo(dtype).max).astype(dtype)
    )


KINDS = [
    (".png", "uint8"),
    (".png", "uint16"),
    (".tif", "uint8"),
    (".tif", "uint16"),
    (".tiff", "float32"),
    (".npy", "uint8"),
    (".npy", "float64"),
]


@pytest.mark.parametrize(
    ("suffix", "dtype", "channels"),
    [
        (suffix, dtype, channels)
        for channels in (None, 2, 3, 4, 5)
        for suffix, dtype in KINDS
        if not (suffix == ".png" and channels == 5)  # PNG has at most four
    ],
)
def test_what_is_written_is_read(
    tmp_path: Path, suffix: str, dtype: str, channels: int | None
) -> None:
    array, path = picture(dtype, channels), tmp_path / f"a b ü{suffix}"
    write_stack(path, array)
    axes = ("YXC" if channels else "YX") if suffix == ".npy" else None
    with open_image(path, ReadOptions(axes=axes)) as reader:
        assert reader.dtype == array.dtype
        np.testing.assert_array_equal(reader.image(0), array if channels else array[..., None])
    stack, layout = read_stack(path, ReadOptions(axes=axes))
    kept = reader.channels
    assert kept == (channels or 1) - reader.alpha
    np.testing.assert_array_equal(stack[0], reader_image(array)[..., :kept])
    assert layout.from_stack(stack).shape == ((9, 13, kept) if channels else (9, 13))


def reader_image(array: np.ndarray) -> np.ndarray:
    return array if array.ndim == 3 else array[..., None]


def test_jpeg_is_near(tmp_path: Path) -> None:
    array = np.tile(np.arange(0, 240, 4, dtype=np.uint8), (40, 1))
    write_stack(tmp_path / "a.jpg", array)
    assert np.abs(read_stack(tmp_path / "a.jpg")[0][0, ..., 0].astype(int) - array).max() <= 4


def test_idx_of_narrow_images_is_a_stack(tmp_path: Path) -> None:
    write_stack(tmp_path / "a.idx", np.zeros((5, 6, 3), np.uint8))
    assert read_stack(tmp_path / "a.idx")[0].shape == (5, 6, 3, 1)


def test_labels_are_not_images(tmp_path: Path) -> None:
    write_stack(tmp_path / "labels-idx1-ubyte", np.zeros(5, np.uint8))
    write_stack(tmp_path / "images-idx3-ubyte", np.zeros((5, 6, 6), np.uint8))
    with pytest.raises(ImageError, match="labels, not images"):
        read_stack(tmp_path / "labels-idx1-ubyte")
    assert [path.name for path in [found.path for found in find_images([tmp_path])]] == [
        "images-idx3-ubyte"
    ]


def bad_files(folder: Path) -> dict[str, tuple[Path, bytes | None]]:
    good = folder / "good.png"
    write_stack(good, picture("uint8", 3))
    np.save(folder / "object.npy", np.array([{}], object), allow_pickle=True)
    data = good.read_bytes()
    return {
        "is not there": (folder / "missing.png", None),
        "is empty": (folder / "empty.png", b""),
        "cannot read .*cut.png": (folder / "cut.png", data[: len(data) // 2]),
        "cannot read": (folder / "text.png", b"hello, I am no picture"),
        "has no format that can be read": (folder / "notes.txt", b"hello"),
        "cannot read .*cut.npy": (folder / "cut.npy", b"\x93NUMPY\x01"),
        "has dtype object": (folder / "object.npy", (folder / "object.npy").read_bytes()),
        "is not an IDX file": (folder / "a.idx", b"nonsense"),
        "a folder, not a file": (folder, None),
    }


def test_bad_files_are_explained(tmp_path: Path) -> None:
    for says, (path, data) in bad_files(tmp_path).items():
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(ImageError, match=says):
            read_stack(path)


def test_a_format_that_cannot_hold_the_array(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="cannot hold float32"):
        write_stack(tmp_path / "a.png", picture("float32", None))
    assert list(tmp_path.iterdir()) == []


def test_existing_files_are_kept_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    write_stack(path, picture("uint8", None))
    with pytest.raises(OutputError, match="--overwrite"):
        write_stack(path, picture("uint8", 3), overwrite=False)
    assert read_stack(path)[0].shape[-1] == 1


def test_hidden_files_are_left_out(tmp_path: Path) -> None:
    for name in ("a.png", "._a.png", ".unnoise-x.png"):
        write_stack(tmp_path / name, picture("uint8", None))
    assert [path.name for path in [found.path for found in find_images([tmp_path])]] == ["a.png"]
