"""What a manifest keeps after a kill, and which folders a job may take."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from unnoise.api.one_file import FileResult
from unnoise.cluster.record import Manifest, Names, clean, job_folder
from unnoise.errors import OutputError

FACTS = {"source": "/in", "strength": 1.0}


def result(folder: Path, name: str) -> FileResult:
    return FileResult(f"/in/{name}", str(folder / name))


def test_only_what_is_done_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "manifest.jsonl"
    for name in ("a.png", "b.png", "torn.png"):
        (tmp_path / name).touch()
    manifest = Manifest(path)
    bad = FileResult("/in/bad.png", error="bad")
    good = [result(tmp_path, name) for name in ("a.png", "gone.png", "a.png", "b.png")]
    manifest.add([bad, *good])
    manifest.close()
    whole = path.read_bytes()
    for torn in (
        b"",
        b'{"input": "/in/torn.png", "output": "torn.png", "err',
        b"\x00\x00",
        b"[]\n",
    ):
        path.write_bytes(whole + torn)
        inputs, names = clean(path, tmp_path)
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        assert [row["output"] for row in rows] == ["a.png", "b.png"]
        assert len(names) == len(inputs) == 2
        assert not names.add("a.png")
        assert names.add("torn.png")


def test_a_line_without_its_end_is_torn_even_if_it_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    path = tmp_path / "manifest.jsonl"
    manifest = Manifest(path)
    manifest.add([result(tmp_path, "a.png")])
    manifest.close()
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert [len(names) for names in clean(path, tmp_path)] == [0, 0]
    assert path.read_bytes() == b""


def test_names_of_any_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unnoise.cluster.record.MANY", 100)
    names, known = Names(), set()
    for number in np.random.default_rng(0).integers(0, 1000, 2000):
        name = f"ü/{number}\udcff.png"
        assert names.add(name) == (name not in known)
        known.add(name)
    assert len(names) == len(known)
    sizes = [len(part) for part in names._packed]
    assert all(small < large / 2 for large, small in pairwise(sizes))


def test_a_folder_is_of_one_job(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with job_folder(out, FACTS, overwrite=False):
        pass
    with job_folder(out, {**FACTS, "source": "/other"}, overwrite=False):
        pass  # nothing was done in it
    (out / "a.png").touch()
    (out / "s").mkdir()
    (out / "s" / ".unnoise-left").touch()
    with pytest.raises(OutputError, match="source was /other and is /in"):
        job_folder(out, FACTS, overwrite=False).__enter__()
    (out / "manifest.jsonl").write_text("old")
    with job_folder(out, FACTS, overwrite=True):
        assert not (out / "manifest.jsonl").exists()
        assert list((out / "s").iterdir()) == []
        with (
            pytest.raises(OutputError, match="is in use"),
            job_folder(out, FACTS, overwrite=False),
        ):
            pass
    (out / "job.json").write_text("{")
    with pytest.raises(OutputError, match=r"cannot read .*job\.json"):
        job_folder(out, FACTS, overwrite=False).__enter__()


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    with pytest.raises(OutputError, match=r"holds letter\.txt and is no folder of a job"):
        job_folder(tmp_path, FACTS, overwrite=False).__enter__()
