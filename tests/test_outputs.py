import errno
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import unnoise
from unnoise.errors import OutputError
from unnoise.outputs import (
    check_writable,
    remove_leftovers,
    replacing,
    write_bytes,
    write_text,
)


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def fail() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_has_the_usual_mode(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    write_text(tmp_path / "new" / "ours", "x")
    assert (tmp_path / "new" / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_place_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot write .*; a part of the path is a file"):
        check_writable(tmp_path / "file" / "folder")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_whatever_the_disk_says_the_old_file_stays(
    tmp_path: Path, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_text(tmp_path / "a", "old")

    def refuse(_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OutputError, match=os.strerror(code)):
        write_text(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_leftovers_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    for name in (".unnoise-abc.pt", "kept"):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a full disk needs root")
def test_a_full_disk_keeps_the_old_file(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)], check=False
    )
    if mounted.returncode:
        pytest.skip("tmpfs cannot be mounted here")
    try:
        write_text(disk / "a", "old")
        with pytest.raises(OutputError, match="No space left"):
            write_text(disk / "a", "x" * 200_000)
        assert (disk / "a").read_text() == "old"
        assert [path.name for path in disk.iterdir()] == ["a"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_the_mode_is_that_of_new_files_whatever_threads_do(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        masks: list[int] = []

        def work(number: int) -> None:
            for turn in range(50):
                write_bytes(tmp_path / f"{number}-{turn}", b"x")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        masks.append(os.umask(0o027))
        assert masks == [0o027]
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o640}
    finally:
        os.umask(before)


def test_nothing_asks_for_the_umask() -> None:
    sources = Path(unnoise.__file__).parent.rglob("*.py")
    assert not [path for path in sources if "umask(" in path.read_text(encoding="utf-8")]


def test_what_a_file_system_refuses_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    write_bytes(tmp_path / "old", b"old")
    for module, name in ((os, "chmod"), (os, "fsync"), (Path, "chmod")):
        monkeypatch.setattr(module, name, refuse)
    for name in ("old", "new"):
        write_bytes(tmp_path / name, b"data")
        assert (tmp_path / name).read_bytes() == b"data"


def test_a_disk_that_is_full_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left on device; free some space there"):
        write_bytes(tmp_path / "a", b"data")
    assert list(tmp_path.iterdir()) == []


def test_text_keeps_the_bytes_of_names(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "caf\udce9 ü")
    assert (tmp_path / "a").read_bytes() == b"caf\xe9 \xc3\xbc"


def test_a_library_that_writes_another_file_does_not_decide_the_mode(tmp_path: Path) -> None:
    expected = tmp_path / "plain"
    expected.touch()
    path = tmp_path / "model"
    with replacing(path) as temporary:
        temporary.unlink()
        os.close(os.open(temporary, os.O_CREAT | os.O_WRONLY, 0o600))
    assert path.stat().st_mode == expected.stat().st_mode
