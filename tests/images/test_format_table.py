"""The table of formats: every line leads to a reader, and a missing package is named."""

from importlib import import_module
from pathlib import Path

import pytest

from unnoise.errors import ImageError
from unnoise.images import open_image
from unnoise.images.formats import FORMATS, Format, ending_of


@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.endings[0])
def test_a_format_names_functions_that_exist(kind: Format) -> None:
    for place in filter(None, (kind.reader, kind.writer)):
        module, function = place.split(":")
        assert callable(getattr(import_module(f"unnoise.images.{module}"), function))
    assert (kind.extra is None) == (not kind.packages)
    assert (kind.writer is not None) or not kind.written_as


def test_no_ending_belongs_to_two_formats() -> None:
    endings = [ending for kind in FORMATS for ending in kind.endings]
    assert len(endings) == len(set(endings))
    assert all(ending == ending.lower() for ending in endings)


@pytest.mark.parametrize(
    ("name", "ending"), [("A.TIFF", ".tiff"), ("t10k-ubyte.gz", "-ubyte.gz"), ("notes.txt", None)]
)
def test_the_longest_ending_counts(name: str, ending: str | None) -> None:
    assert ending_of(name) == ending


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"content")
    monkeypatch.setattr("unnoise.images.formats._is_there", lambda _: False)
    with pytest.raises(ImageError, match=r"is a film.*pip install 'unnoise\[video\]'"):
        open_image(path)
