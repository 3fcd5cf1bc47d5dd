"""Files of every format version, each written by the code of its time, are read as they were meant.

``tools/make_format_files.py`` made the files, and the results beside them.
"""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import save_file

from unnoise.denoiser import Denoiser
from unnoise.errors import ModelFileError
from unnoise.runs import header_of, read_model_file
from unnoise.runs.model_file import FORMAT_VERSION
from unnoise.types import Array

FORMATS = Path(__file__).with_name("formats")
FILES = sorted(FORMATS.glob("*.safetensors"))
# Some pixels of each result, in the units of its image.
PLACES = [17, 30, 55]
PIXELS = {
    "1-first": [0, 188, 224],
    "1-last": [0, 188, 224],
    "2": [176, 2915, 850],
    "3": [46, 214, 255],
}


def name_of(path: Path) -> str:
    return path.stem.removeprefix("version-")


def result_of(path: Path) -> tuple[Array, Array]:
    """Return the result of today, and that of the time of the file."""
    with np.load(path.with_suffix(".npz")) as made:
        image, then = made["image"], made["result"]
    denoiser = Denoiser.load(path)
    now = denoiser.stack(image) if denoiser.info.depth else denoiser(image)
    return now, then


def test_there_is_a_file_of_every_version() -> None:
    assert {name_of(path) for path in FILES} == {*PIXELS}
    versions = {read_model_file(path)[0].format_version for path in FILES}
    assert versions == set(range(1, FORMAT_VERSION + 1))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_the_result_is_that_of_the_code_which_wrote_the_file(path: Path) -> None:
    now, then = result_of(path)
    assert now.dtype == then.dtype
    # Another processor may round a value that lies between two whole numbers the other way.
    assert np.abs(now.astype(int) - then.astype(int)).max() <= 1
    assert now.flat[PLACES].tolist() == pytest.approx(PIXELS[name_of(path)], abs=1)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_what_is_read_is_written_with_the_same_version(path: Path) -> None:
    info, _ = read_model_file(path)
    assert json.loads(header_of(info))["format_version"] == info.format_version
    assert info.unnoise == "0.1.0"  # a file that is written again still names its writer


@pytest.mark.parametrize("path", FILES, ids=name_of)
@pytest.mark.parametrize("version", [0, -1, 1.5, True, "1", None])
def test_a_version_that_is_no_number_from_one_on_is_damaged(
    path: Path, version: object, tmp_path: Path
) -> None:
    with pytest.raises(ModelFileError, match="damaged unnoise header"):
        read_model_file(changed(path, tmp_path, format_version=version))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_newer_version_is_refused_with_the_release_that_reads_it(
    path: Path, tmp_path: Path
) -> None:
    newer = changed(path, tmp_path, format_version=FORMAT_VERSION + 1, unnoise="3.2.0", new="key")
    with pytest.raises(ModelFileError) as refused:
        read_model_file(newer)
    said = str(refused.value)
    assert re.search(rf"reads up to {FORMAT_VERSION}: install unnoise 3\.2\.0 or newer$", said)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_unknown_keys_are_ignored(path: Path, tmp_path: Path) -> None:
    again = changed(path, tmp_path, later_key={"a": 1})
    assert read_model_file(again)[0] == read_model_file(path)[0]


def changed(path: Path, folder: Path, **entries: object) -> Path:
    """Write a copy of a file with other entries in its header."""
    data = path.read_bytes()
    outer = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    header = json.loads(outer["__metadata__"]["unnoise"]) | entries
    _, weights = read_model_file(path)
    save_file(weights, folder / path.name, {"unnoise": json.dumps(header)})
    return folder / path.name
