"""``unnoise denoise`` as a person meets it: arguments, messages, JSON and the exit status."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from unnoise.cli import main
from unnoise.images import read_stack, write_stack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for name in ("a b.png", "s/c.png"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_stack(path, random.integers(0, 256, (20, 21), dtype=np.uint8))
    return tmp_path / "in"


def denoise(*arguments: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["denoise", *map(str, arguments)])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_one_line_per_file_and_a_summary(
    run: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert denoise(folder, "--model", run, "--out", out, "--no-inspect") == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [
        f"{folder / 'a b.png'} -> {out / 'a b.png'}",
        f"{folder / 's/c.png'} -> {out / 's/c.png'}",
        "2 denoised",
    ]
    (out / "s" / "c.png").unlink()
    (folder / "bad.png").write_bytes(b"no picture")
    again = (folder, "--model", run, "--out", out, "--skip-existing", "--no-inspect")
    assert denoise(*again) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    bad = folder / "bad.png"
    assert last == f"unnoise: 1 denoised, 1 were there, 1 of 3 inputs failed: {bad}"
    assert denoise(folder, "--model", run, "--out", out, "--skip-existing", "--quiet") == 2
    assert "bad.png" in capsys.readouterr().err
    bad.unlink()
    assert denoise(folder, "--model", run, "--out", out, "--skip-existing", "--quiet") == 0
    assert capsys.readouterr().err == ""


def test_json(run: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(folder / "nan.npy", np.full((4, 4), np.nan))
    assert denoise(folder / "**" / "*.*", folder / "none.png", "--model", run, "--json") == 2
    rows = json.loads(capsys.readouterr().out)
    assert {key for row in rows for key in row} == {
        "input", "output", "error", "skipped", "seconds", "megapixels", "verdict", "reasons",
        "noise_level", "notes", "lost", "model", "chosen",
    }  # fmt: skip
    assert {row["model"] for row in rows} == {str(run)}
    outcome = {Path(row["input"]).name: row for row in rows}
    assert set(outcome) == {"none.png", "a b.png", "nan.npy", "c.png"}
    assert outcome["a b.png"]["output"] == str(folder / "a b_denoised.png")
    assert outcome["a b.png"]["megapixels"] == pytest.approx(420e-6)
    assert outcome["nan.npy"]["output"] is None
    assert "NaN" in outcome["nan.npy"]["error"]
    assert "is not there" in outcome["none.png"]["error"]


def test_every_flag_reaches_the_work(
    run: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, common = tmp_path / "out", ("--model", run, "--out", tmp_path / "out")
    assert denoise(folder, *common, "--strength", 0, "--suffix", "_x") == 0
    given, kept = (read_stack(path)[0] for path in (folder / "a b.png", out / "a b_x.png"))
    np.testing.assert_array_equal(given, kept)
    assert denoise(folder, *common, "--suffix", "_x", "--overwrite", "--device", "cpu") == 0
    assert not np.array_equal(read_stack(out / "a b_x.png")[0], given)
    np.save(folder / "z.npy", np.zeros((5, 20, 21), np.uint8))
    assert denoise(folder / "z.npy", *common, "--axes", "ZYX") == 0
    assert denoise(folder / "a b.png", *common, "--max-pixels", 100) == 2
    assert "--max-pixels 420" in capsys.readouterr().err
    mistakes: list[tuple[tuple[object, ...], str]] = [
        (("--strength", 2), "strength is 2"),
        (("--strength", "nan"), "strength is nan"),
        (("--chroma-strength", -1), "chroma_strength is -1"),
        (("--detail", 2), "detail is 2"),
        (("--overwrite", "--skip-existing"), "drop one"),
    ]
    for wrong, says in mistakes:
        assert denoise(folder, *common, *wrong) == 2
        assert says in capsys.readouterr().err


def test_hot_pixels_are_replaced_and_counted(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = np.full((20, 21), 100, np.uint8)
    image[9, 12] = 255
    write_stack(tmp_path / "a.png", image)
    common = ("--model", run, "--out", tmp_path / "out", "--json")
    wishes = ("--strength", 0, "--hot-pixels", "--detail", 0.5, "--chroma-strength", 0.5)
    assert denoise(tmp_path / "a.png", *common, *wishes) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert "1 hot or dead pixel was replaced" in row["notes"]
    assert "it has no colours, so chroma-strength changes nothing" in row["notes"]
    assert (read_stack(tmp_path / "out" / "a.png")[0] == 100).all()


def test_channels_denoised_by_themselves_are_said_once(
    run: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("x.png", "y.png"):
        write_stack(folder / name, np.zeros((8, 8, 3), np.uint8))
    assert denoise(folder, "--model", run) == 0
    assert capsys.readouterr().err.count("channels are denoised one by one") == 1


def test_a_terminal_gets_a_bar(run: Path, folder: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "unnoise", "denoise", str(folder), "--model", str(run)]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen([*command, "--out", str(tmp_path / "o")], stderr=theirs, env=environment):
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:  # how Linux says that the other end has gone
            pass
    os.close(ours)
    assert b"2/2 files" in shown
    assert b"2 denoised" in shown
    assert b"->" not in shown


def test_ctrl_c_leaves_whole_files_only(run: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    image = np.random.default_rng(0).integers(0, 256, (2500, 2500), dtype=np.uint8)
    for number in range(20):
        write_stack(folder / f"{number}.tif", image)
    command = [sys.executable, "-m", "unnoise", "denoise", str(folder), "--model", str(run)]
    # A shell that runs the tests in the background has it ignored, and children inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    running = subprocess.Popen([*command, "--out", str(out)], stderr=subprocess.PIPE, text=True)
    signal.signal(signal.SIGINT, before)
    while running.poll() is None and not (out / "1.tif").exists():
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    assert "Traceback" not in running.communicate()[1]
    assert running.returncode == 130
    written = list(out.iterdir())
    assert 2 <= len(written) < 20
    assert all(read_stack(path)[0].shape == (1, 2500, 2500, 1) for path in written)


def test_without_a_model_one_of_the_package_is_taken(folder: Path, tmp_path: Path) -> None:
    assert denoise(folder / "a b.png", "--out", tmp_path / "out", "--device", "cpu") == 0
    before, after = (read_stack(place / "a b.png")[0] for place in (folder, tmp_path / "out"))
    assert after.shape == before.shape
    # Grey values drawn at random are noise, and most of it goes.
    assert after.std() < 0.6 * before.std()


def test_a_model_of_the_images_themselves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    for name in ("a.png", "b.png"):
        write_stack(tmp_path / "in" / name, random.integers(0, 256, (40, 40), dtype=np.uint8))
    common = (tmp_path / "in", "--model", "self", "--device", "cpu", "--out", tmp_path / "out")
    keep = ("--minutes", 0.001, "--keep", tmp_path / "run", "--no-inspect")
    assert denoise(*common, *keep, "--json") == 0
    printed = capsys.readouterr()
    rows = json.loads(printed.out)
    assert [(row["model"], row["error"]) for row in rows] == [("self", None)] * 2
    assert rows[0]["training"]["objective"] == "neighbor2neighbor"
    assert rows[0]["training"]["run"] == str(tmp_path / "run")
    assert rows[0]["training"]["seconds"] > 0
    assert "the 0.001 minutes are shared by 2 files" in printed.err
    assert (tmp_path / "run" / "model.safetensors").is_file()
    assert denoise(*common) == 2  # nothing is left to train for
    assert "all outputs are there" in capsys.readouterr().err
    assert denoise(*common, "--skip-existing") == 0
    assert "nothing was trained" in capsys.readouterr().err
    monkeypatch.setattr("unnoise.api.own.is_worse", lambda *_: True)
    worse = (*common[:-1], tmp_path / "worse", "--minutes", 0.001)
    assert denoise(*worse) == 2
    assert "nothing is written" in capsys.readouterr().err
    assert not list((tmp_path / "worse").glob("*.png"))


def test_what_does_not_go_with_a_model_of_the_images_themselves(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = (folder, "--out", tmp_path / "out", "--model", "self")
    mistakes: list[tuple[tuple[object, ...], str]] = [
        ((*own, "--engine", "processes"), "--model self trains in this process"),
        ((*own, "--workers", 2), "are for many workers"),
        ((*own, "--compile"), "--model self is for few"),
        ((*own, "--channels", "separate"), "learns all channels"),
        ((*own, "--overwrite", "--skip-existing"), "drop one"),
        ((folder, "--minutes", 1), "are for --model self"),
        ((folder, "--keep", tmp_path / "run"), "are for --model self"),
    ]
    for arguments, says in mistakes:
        assert denoise(*arguments) == 2
        assert says in capsys.readouterr().err
