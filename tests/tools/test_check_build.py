"""Builds that lack a file, or hold one too many, are found."""

import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import check_build as tool
import pytest

INFO = "unnoise-1.2.3.dist-info"
WHOLE = [*(f"unnoise/{name}" for name in tool.NEEDED), f"{INFO}/licenses/LICENSE"]


def wheel_of(folder: Path, names: Iterable[str]) -> Path:
    path = folder / "made.whl"
    with zipfile.ZipFile(path, "w") as made:
        for name in names:
            made.writestr(name, name)
    return path


def test_a_whole_wheel_has_no_faults(tmp_path: Path) -> None:
    assert not [*tool.faults_of_wheel(wheel_of(tmp_path, WHOLE), tool.NEEDED, "1.2.3")]


@pytest.mark.parametrize("name", WHOLE)
def test_every_file_that_is_missing_is_found(name: str, tmp_path: Path) -> None:
    names = [each for each in WHOLE if each != name]
    assert len([*tool.faults_of_wheel(wheel_of(tmp_path, names), tool.NEEDED, "1.2.3")]) == 1


@pytest.mark.parametrize(
    "name", ["tests/test_a.py", "docs/a.md", "unnoise/__pycache__/a.pyc", "unnoise/scratch.py"]
)
def test_what_does_not_belong_there_is_found(name: str, tmp_path: Path) -> None:
    (fault,) = tool.faults_of_wheel(wheel_of(tmp_path, [*WHOLE, name]), tool.NEEDED, "1.2.3")
    assert name.removeprefix("unnoise/") in fault


def test_a_wheel_that_is_too_large_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool, "LIMIT", 1e-3)
    (fault,) = tool.faults_of_wheel(wheel_of(tmp_path, WHOLE), tool.NEEDED, "1.2.3")
    assert "more than 0.001 MB" in fault


def test_wheels_are_compared_file_by_file() -> None:
    one, other = {"a": b"1", "b": b"2", "c": b"3"}, {"a": b"1", "b": b"0", "d": b"3"}
    assert tool.changed(one, one) == []
    assert tool.changed(one, other) == ["b", "c", "d"]


def test_an_sdist_holds_the_tests_and_no_data(tmp_path: Path) -> None:
    def faults(tops: Iterable[str]) -> list[str]:
        path = tmp_path / "made.tar.gz"
        with tarfile.open(path, "w:gz") as made:
            for top in tops:
                made.add(__file__, f"unnoise-1.2.3/{top}/file.py")
        return [*tool.faults_of_sdist(path)]

    assert faults(tool.IN_SDIST) == []
    assert faults(tool.IN_SDIST[1:]) == ["the sdist lacks src"]
    assert len(faults([*tool.IN_SDIST, "shared"])) == 1
    assert len(faults([*tool.IN_SDIST, "src/__pycache__"])) == 1


def test_the_package_of_this_checkout_has_all_that_is_needed() -> None:
    assert {*tool.NEEDED} <= tool.package_files(tool.SOURCE)
