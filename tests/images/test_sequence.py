"""Numbered files as one stack: in their order, all alike, written under their names."""

from pathlib import Path

import numpy as np
import pytest
from formats import images, values, write_tiff

from unnoise.errors import ImageError, OutputError
from unnoise.images import ReadOptions, find_images, open_image, write_like, write_stack
from unnoise.images.sequence_reader import SequenceReader

SEQUENCE = ReadOptions(sequence=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of twelve frames, the values of each of which are its number."""
    frames = tmp_path / "frames"
    frames.mkdir()
    for number in range(1, 13):
        write_stack(frames / f"frame_{number}.png", np.full((9, 12, 3), number, np.uint8))
    return frames


def opened(folder: Path) -> SequenceReader:
    reader = open_image(folder, SEQUENCE)
    assert isinstance(reader, SequenceReader)
    return reader


def test_frames_are_a_stack_in_the_order_of_their_numbers(folder: Path) -> None:
    (folder / "notes.txt").write_text("no frame")
    (folder / ".hidden_1.png").write_bytes(b"no frame")
    with opened(folder) as sequence:
        assert (sequence.axes, sequence.shape) == ("TYXC", (12, 9, 12, 3))
        assert (sequence.colour, sequence.picture, sequence.notes) == ("rgb", True, ())
        assert [int(image[0, 0, 0]) for image in images(sequence)] == list(range(1, 13))
        assert sequence.window(4, slice(2, 4), slice(3, 9)).shape == (2, 6, 3)


def test_a_folder_is_one_source(folder: Path) -> None:
    other = folder / "b"
    other.mkdir()
    write_stack(other / "f1.png", values(9, 9))
    found = [(each.path, each.relative) for each in find_images([folder], sequence=True)]
    assert sorted(found) == [(folder, Path()), (other, Path("b"))]
    assert len(find_images([folder])) == 13  # without the option nothing changes
    for wrong in (folder / "frame_1.png", folder / "*.png"):
        with pytest.raises(ImageError, match="--sequence takes folders"):
            find_images([wrong], sequence=True)
    with pytest.raises(ImageError, match="is no folder"):
        open_image(folder / "frame_1.png", SEQUENCE)


def test_frames_are_written_one_by_one_like_their_own_files(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with opened(folder) as sequence:
        flipped = [image[::-1] + np.uint8(100) for image in images(sequence)]
        lost = write_like(out, sequence, ([image[:4], image[4:]] for image in flipped))
        assert lost == ()
        names = [path.name for path in sequence.frames]
        assert sorted(path.name for path in out.iterdir()) == sorted(names)
        with opened(out) as result:
            np.testing.assert_array_equal(images(result), flipped)
        with pytest.raises(OutputError, match="--overwrite"):
            write_like(out, sequence, ([image] for image in flipped))
        write_like(out, sequence, ([image] for image in flipped), overwrite=True)


def test_all_frames_are_written_or_none(folder: Path, tmp_path: Path) -> None:
    (folder / "frame_7.png").write_bytes((folder / "frame_7.png").read_bytes()[:-30])
    out = tmp_path / "out"
    with (
        opened(folder) as sequence,
        pytest.raises(ImageError, match=r"frame_7\.png"),
    ):
        write_like(out, sequence, (sequence.bands(i, 4) for i in range(sequence.count)))
    assert not list(out.iterdir())


@pytest.mark.parametrize(
    ("name", "image", "reason"),
    [
        (
            "frame_5.png",
            np.zeros((9, 13, 3), np.uint8),
            r"frame_5\.png is 9 × 13 × 3 uint8.*frame_1",
        ),
        ("frame_5.png", np.zeros((9, 12, 3), np.uint16), r"frame_5\.png is 9 × 12 × 3 uint16"),
        ("frame_5.png", np.zeros((9, 12), np.uint8), r"frame_5\.png is 9 × 12 × 1 uint8"),
        ("cover.png", np.zeros((9, 12, 3), np.uint8), r"cover\.png has no number"),
        ("other_1.png", np.zeros((9, 12, 3), np.uint8), r"other_1\.png is not named like frame_1"),
    ],
)
def test_the_first_that_differs_is_named(
    folder: Path, name: str, image: np.ndarray, reason: str
) -> None:
    write_stack(folder / name, image)
    with pytest.raises(ImageError, match=reason):
        open_image(folder, SEQUENCE)


def test_what_is_no_sequence_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "frame_3.png").write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"frame_3\.png"):
        open_image(folder, SEQUENCE)
    stacks, empty = tmp_path / "stacks", tmp_path / "empty"
    stacks.mkdir()
    empty.mkdir()
    write_tiff(stacks / "a1.tif", values(3, 9, 9))
    with pytest.raises(ImageError, match=r"a1\.tif is a stack of 3"):
        open_image(stacks, SEQUENCE)
    with pytest.raises(ImageError, match="has no frames in it"):
        open_image(empty, SEQUENCE)


def test_gaps_are_noted(folder: Path) -> None:
    (folder / "frame_3.png").unlink()
    (folder / "frame_8.png").unlink()
    with opened(folder) as sequence:
        (note,) = sequence.notes
    assert "gaps: between 2 and 4, 7 and 9" in note
    for path in folder.glob("frame_1?.png"):
        path.unlink()
    for path in [*folder.iterdir()]:  # steps of 10 have no gaps
        number = int(path.stem.split("_")[1])
        path.rename(folder / f"f_{10 * number:05}.png")
    for number in (3, 8):
        write_stack(folder / f"f_{10 * number:05}.png", np.zeros((9, 12, 3), np.uint8))
    with opened(folder) as sequence:
        assert (sequence.notes, sequence.count) == ((), 9)
