"""Ray: a job whose actors are killed is complete."""

import os
import signal
import sys
from pathlib import Path

import pytest
from jobs import check_complete, is_ours, make_images, processes_named, quiet_job, read_rows

import unnoise.cluster
from unnoise.api.one_file import FileResult
from unnoise.errors import ConfigError


def test_without_ray_the_other_engine_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_images(tmp_path / "in", 1)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match="--engine processes does the same on this machine"):
        quiet_job(tmp_path / "in", tmp_path / "out", engine="ray")
    assert unnoise.cluster.__name__ in sys.modules  # which needs no Ray


def test_an_actor_that_is_killed_is_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'unnoise[cluster]'")
    names = make_images(tmp_path / "in", 40)
    killed: list[int] = []

    def kill(_: FileResult) -> None:
        if not killed:
            killed.append(next(filter(is_ours, processes_named("ray::Actor"))))
            os.kill(killed[0], signal.SIGKILL)

    summary = quiet_job(
        tmp_path / "in", tmp_path / "out", engine="ray", workers=2, report=kill, inspect=False
    )
    assert (summary.denoised, summary.failed, summary.lost) == (40, 0, 1)
    check_complete(tmp_path / "out", names)
    assert all(row["verdict"] is None for row in read_rows(tmp_path / "out"))
    printed = capsys.readouterr()
    assert printed.out == ""  # it is for results
