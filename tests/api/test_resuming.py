"""The same call again: it begins, goes on, trains further, or returns what is complete."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

import unnoise
from unnoise.api.reporting import draw_preview, write_report
from unnoise.errors import ConfigError, OutputError, RunError, UnnoiseError
from unnoise.runs import RunFolder
from unnoise.training import Enough, Progress

SETTINGS: dict[str, Any] = {"steps": 12, "batch_size": 4}


class Stop(Exception):  # noqa: N818  it stands for a kill, not for an error
    pass


def train(out: Path, *, stop: int | None = None, **settings: Any) -> list[str]:
    """Train on the digits with ``resume``; return what was said."""
    said: list[str] = []

    def report(progress: Progress) -> None:
        if stop is not None and progress.step >= stop:
            raise Stop

    settings = {"data": "digits", **SETTINGS, **settings}
    if stop is None:
        unnoise.train(**settings, out=out, resume=True, say=said.append, report=report)
    else:
        with pytest.raises(Stop):
            unnoise.train(**settings, out=out, resume=True, say=said.append, report=report)
    return said


def same_weights(one: Path, other: Path) -> bool:
    ours, theirs = (load_file(RunFolder(folder).model) for folder in (one, other))
    return all(torch.equal(ours[name], theirs[name]) for name in theirs)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a complete run of a few steps."""
    folder = tmp_path_factory.mktemp("short") / "run"
    unnoise.train("digits", **SETTINGS, out=folder, say=lambda _: None)
    return folder


@pytest.fixture
def run(short: Path, tmp_path: Path) -> Path:
    """Return a copy of it."""
    return Path(shutil.copytree(short, tmp_path / "run"))


def test_the_same_call_begins_goes_on_and_then_returns_the_result(
    short: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    assert train(out, stop=5) == [f"{out} holds no run yet: a new one begins"]
    assert not RunFolder(out).model.exists()
    (said,) = train(out)
    assert said.startswith("going on from step ")
    assert said.endswith(" of 12")
    assert same_weights(out, short)
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    assert train(out) == [f"{out} is complete: it was trained for 12 steps"]
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == before
    RunFolder(out).model.unlink()  # as if killed before it was written
    assert train(out) == ["going on from step 12 of 12"]
    assert same_weights(out, short)


def test_what_is_complete_needs_no_checkpoint(run: Path) -> None:
    RunFolder(run).checkpoint.unlink()
    assert "complete" in train(run)[-1]
    with pytest.raises(RunError, match="nothing to resume"):
        train(run, steps=20)


def test_a_longer_run_is_the_same_whether_it_was_killed_or_not(run: Path, tmp_path: Path) -> None:
    killed = Path(shutil.copytree(run, tmp_path / "killed"))
    assert train(run, steps=30) == ["going on from step 12 of 30; it was planned for 12"]
    for stop in (13, 25):  # before any new checkpoint, and after some
        train(killed, steps=30, stop=stop)
        assert RunFolder(killed).finished_steps() == 12, "the shorter model stays until the end"
    unnoise.train(out=killed, resume=True, say=lambda _: None)
    assert same_weights(run, killed)
    for folder in map(RunFolder, (run, killed)):
        assert folder.read_config().steps == folder.finished_steps() == 30
        steps = [row["step"] for row in folder.read_metrics()]
        assert steps == sorted(set(steps))
    assert RunFolder(run).read_metrics()[-1]["step"] == 30
    assert "complete" in train(run)[-1], "the first command again has less to do"


def test_a_run_can_be_made_longer_before_its_end_and_never_shorter(tmp_path: Path) -> None:
    out = tmp_path / "run"
    train(out, stop=6)
    with pytest.raises(RunError, match="--steps 10 is less than the 12 steps"):
        train(out, steps=10)
    with pytest.raises(RunError, match="--minutes 1e-06 is less"):
        train(out, steps=None, minutes=1e-6)
    assert "it was planned for 12" in train(out, steps=14)[-1]
    assert RunFolder(out).finished_steps() == 14


def test_a_shorter_models_pictures_are_removed_with_it(run: Path) -> None:
    preview = draw_preview(run)
    drawn = preview.stat().st_mtime_ns
    report, _ = write_report(run, limit=2)
    train(run)
    assert draw_preview(run).stat().st_mtime_ns == drawn
    assert report.exists()
    assert "report.html was of a shorter training" in train(run, steps=14)[-1]
    assert not report.exists()
    assert not preview.exists()


def test_lengths_of_other_kinds_are_compared_by_their_steps(tmp_path: Path) -> None:
    out = tmp_path / "run"
    images = np.zeros((40, 12, 12), np.uint8)

    def again(**length: Any) -> str:
        said: list[str] = []
        unnoise.train(
            images,
            axes="NYX",
            noise="gaussian:0.2",
            batch_size=8,
            **length,
            out=out,
            resume=True,
            say=said.append,
        )
        return said[-1]

    again(epochs=2)
    steps = RunFolder(out).read_config().steps
    assert steps is not None
    assert "complete" in again(epochs=2)
    assert "complete" in again(steps=steps)
    assert "complete" in again(epochs=1)
    assert f"going on from step {steps} of {steps // 2 * 3}" in again(epochs=3)
    again(minutes=0.02)
    longer = RunFolder(out).read_config()
    assert longer.steps is not None
    assert longer.steps > steps // 2 * 3
    assert "complete" in again(minutes=0.02), "and it is not measured anew"
    assert RunFolder(out).read_config() == longer


def test_an_array_is_compared_by_its_values(squares: NDArray[np.uint8], tmp_path: Path) -> None:
    def again(array: NDArray[np.uint8] | None, **length: Any) -> unnoise.Denoiser:
        return unnoise.train(
            array, axes="NYX", noise="gaussian:0.2", **length, out=tmp_path / "run", resume=True
        )

    first = again(squares, steps=2)
    np.testing.assert_array_equal(again(squares.copy())(squares[0]), first(squares[0]))
    for length in ({}, {"steps": 4}):
        with pytest.raises(RunError, match="changed since"):
            again(255 - squares, **length)
    assert again(squares, steps=4).info.trained["steps"] == 4
    assert again(None).info.trained["steps"] == 4
    with pytest.raises(RunError, match="not kept: pass the same one"):
        again(None, steps=6)


def test_settings_that_differ_are_refused_and_nothing_is_changed(run: Path) -> None:
    before = {path: path.read_bytes() for path in run.iterdir()}
    recipe = run.parent / "recipe.toml"
    recipe.write_text("patch = 64")
    differing: list[tuple[dict[str, Any], str]] = [
        ({"lr": 0.5, "seed": 3}, "lr was 0.03 and is now 0.5; seed was 0 and is now 3"),
        ({"preset": "classic"}, "data was digits and is now mnist.*loss was mse and is now bce"),
        ({"noise": "poisson:30"}, "noise was gaussian:0.3,clip and is now poisson:30"),
        ({"config": recipe}, "patch was 128 and is now 64"),
    ]
    for settings, says in differing:
        with pytest.raises(RunError, match=says):
            unnoise.train(**settings, out=run, resume=True)
    assert {path: path.read_bytes() for path in run.iterdir()} == before


def test_its_own_config_and_another_device_go_on(run: Path) -> None:
    RunFolder(run).model.unlink()
    config = run.parent / "recipe.toml"
    config.write_text((run / "config.toml").read_text())
    unnoise.train(config=config, device="cpu", data_dir="elsewhere", out=run, resume=True)
    kept = RunFolder(run).read_config()
    assert (kept.device, kept.data_dir) == ("cpu", "elsewhere")
    unnoise.train(out=run, steps=13, resume=True)
    assert RunFolder(run).finished_steps() == 13


def test_a_moved_fine_tuning_goes_on_with_the_model_that_it_keeps(
    short: Path, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {"data": "digits", "init": str(short), "steps": 3, "batch_size": 2}
    unnoise.train(**settings, out=tmp_path / "run")
    (tmp_path / "run").rename(tmp_path / "moved")
    moved = unnoise.train(**{**settings, "steps": 5}, out=tmp_path / "moved", resume=True)
    assert moved.info.trained["steps"] == 5


def test_what_contradicts_itself_or_is_no_run(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--overwrite removes it: pass one"):
        unnoise.train("digits", out=run, resume=True, overwrite=True)
    with pytest.raises(ConfigError, match="needs --out"):
        unnoise.train("digits", resume=True)
    with pytest.raises(RunError, match=r"holds no run.*say what to train on"):
        unnoise.train(out=tmp_path / "none", resume=True)
    RunFolder(run).config.unlink()
    with pytest.raises(RunError, match="holds a model, and no run"):
        train(run)
    assert not (tmp_path / "none").exists()


def test_a_config_that_says_fewer_steps_than_were_taken_is_refused(run: Path) -> None:
    config = RunFolder(run).config
    config.write_text(config.read_text().replace("steps = 12", "steps = 7"))
    with pytest.raises(RunError, match=r"is at step 12, and its config\.toml says steps = 7"):
        unnoise.train(out=run, resume=True)
    config.write_text(config.read_text().replace("steps = 7\n", ""))
    with pytest.raises(RunError, match="lacks its number of steps"):
        unnoise.train(out=run, resume=True)


def test_two_trainings_do_not_share_a_folder(run: Path) -> None:
    def intrude(_: Progress) -> None:
        with pytest.raises(OutputError, match="is in use"):
            train(run)
        with pytest.raises(UnnoiseError, match="is in use"):
            unnoise.train("digits", out=run, overwrite=True)
        raise Stop

    pytest.importorskip("fcntl")
    with pytest.raises(Stop):
        unnoise.train("digits", steps=14, out=run, resume=True, report=intrude)
    assert "going on" in train(run, steps=14)[-1], "the folder is free again"


def test_a_training_that_is_enough_keeps_its_model_and_can_go_on(
    short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unnoise.training.loop.REPORT_SECONDS", 0.0)

    def report(progress: Progress) -> None:
        if progress.example is not None:
            before, after = progress.example()
            assert before.shape == after.shape == (1, 28, 28)
        if progress.step >= 5:
            raise Enough

    folder = tmp_path / "run"
    quiet: dict[str, Any] = {"say": lambda _: None, "out": folder}
    found = unnoise.train("digits", **SETTINGS, **quiet, report=report)
    steps = found.info.trained["steps"]
    assert 5 <= steps < SETTINGS["steps"]
    assert found.info.trained["images"] == steps * SETTINGS["batch_size"]
    assert unnoise.load(folder).info == found.info
    assert found.info.calibration is not None
    unnoise.train("digits", **SETTINGS, **quiet, resume=True)
    assert same_weights(folder, short)
