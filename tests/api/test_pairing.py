"""The output of each input, decided before any is read."""

from pathlib import Path

import numpy as np
import pytest

from unnoise.api.pairing import Pair, inputs_left, pair_up
from unnoise.denoiser import Outputs
from unnoise.errors import ConfigError, ImageError
from unnoise.images import ReadOptions, write_stack

READ, SEQUENCE = ReadOptions(), ReadOptions(sequence=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("f/a1.png", "f/a2.png", "f/deep/b1.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_stack(path, np.full((9, 9), 100, np.uint8))
    return tmp_path / "f"


def outputs_of(*inputs: Path, read: ReadOptions = READ, **options: object) -> list[list[Path]]:
    pairs = pair_up(inputs, Outputs(**options), read)  # type: ignore[arg-type]  # of any type, to test
    assert all(isinstance(pair, Pair) for pair in pairs)
    return [pair.outputs for pair in pairs if isinstance(pair, Pair)]


def test_out_names_a_file_for_one_input(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "clean.png"
    assert outputs_of(folder / "a1.png", out=out) == [[out]]
    assert outputs_of(folder / "deep", out=out) == [[out]]  # a folder of one image
    assert list(out.parent.iterdir()) == []


def test_a_folder_with_the_name_of_a_file_is_a_folder(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "clean.png"
    out.mkdir()
    assert outputs_of(folder / "a1.png", out=out) == [[out / "a1.png"]]
    other = tmp_path / "clean.v2"  # no format
    assert outputs_of(folder / "a1.png", out=other) == [[other / "a1.png"]]


def test_what_contradicts_an_out_that_names_a_file(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "clean.png"
    with pytest.raises(ConfigError, match=r"clean\.png names a file, and there are 3 inputs: name"):
        outputs_of(folder, out=out)
    with pytest.raises(ConfigError, match="there are 2 inputs"):
        outputs_of(folder / "a1.png", folder / "a2.png", out=out)
    with pytest.raises(ConfigError, match="--suffix _x"):
        outputs_of(folder / "a1.png", out=out, suffix="_x")
    with pytest.raises(ConfigError, match="frames of sequences are files"):
        outputs_of(folder / "deep", out=out, read=SEQUENCE)
    with pytest.raises(ConfigError, match="would be replaced"):
        outputs_of(folder / "a1.png", out=folder / "a1.png")


def test_frames_of_sequences_keep_their_names(folder: Path, tmp_path: Path) -> None:
    out, beside = tmp_path / "out", tmp_path / "f_denoised"
    assert outputs_of(folder, out=out, read=SEQUENCE) == [
        [out / "a1.png", out / "a2.png"],
        [out / "deep" / "b1.png"],
    ]
    assert outputs_of(folder, read=SEQUENCE)[0] == [beside / "a1.png", beside / "a2.png"]
    with pytest.raises(ConfigError, match="would be replaced"):
        outputs_of(folder, out=folder, read=SEQUENCE)
    with pytest.raises(ConfigError, match="--suffix"):
        outputs_of(folder, out=out, read=SEQUENCE, suffix="_x")
    with pytest.raises(ImageError, match="--sequence takes folders"):
        outputs_of(folder / "a1.png", read=SEQUENCE)


def test_a_sequence_is_there_if_all_frames_are(folder: Path, tmp_path: Path) -> None:
    outputs = Outputs(out=tmp_path / "out")
    for name, left in (("a1.png", 2), ("a2.png", 1), ("deep/b1.png", 0)):
        path = tmp_path / "out" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
        assert len(inputs_left([folder], outputs, SEQUENCE)) == left
