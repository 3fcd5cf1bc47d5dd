"""The command line as a person meets it: its output and its exit status.

Most run in this process, since a new one loads torch each time; what needs a real one has it.
"""

import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from unnoise import __version__
from unnoise.cli import VERBS, main
from unnoise.images import read_stack, write_stack


@dataclass(frozen=True)
class Result:
    returncode: int
    stdout: str
    stderr: str


def unnoise(*arguments: object) -> Result:
    stdout, stderr = io.StringIO(), io.StringIO()
    with redirect_stdout(stdout), redirect_stderr(stderr), pytest.raises(SystemExit) as caught:
        main(list(map(str, arguments)))
    assert isinstance(caught.value.code, int)
    return Result(caught.value.code, stdout.getvalue(), stderr.getvalue())


def process(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "unnoise", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def failure(*arguments: object) -> str:
    result = unnoise(*arguments)
    assert result.returncode == 2, result
    assert result.stdout == ""
    assert result.stderr.startswith("unnoise: ")
    return result.stderr


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    for name, dtype in [("a b.png", "u1"), ("ü.tif", "u2"), ("c.npy", "f4"), ("d.idx", "u1")]:
        shape = (3, 20, 21) if name == "d.idx" else (20, 21)
        top = 1 if dtype == "f4" else np.iinfo(dtype).max
        write_stack(folder / name, (random.random(shape) * top).astype(dtype))
    return folder


def test_the_help_of_a_verb_describes_it_at_length() -> None:
    assert "torchrun --nproc-per-node" in " ".join(process("train", "--help").stdout.split())


def test_help_and_version_are_quick_and_name_every_verb() -> None:
    result = process("--help")
    assert result.returncode == 0
    assert all(verb in result.stdout for verb in VERBS)
    assert process("--version").stdout.strip() == __version__
    code = (
        "import sys; from unnoise.cli import main\n"
        "try: main(['train', '--help'])\n"
        "except SystemExit: print('torch' in sys.modules)"
    )
    loads_torch = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert loads_torch.stdout.endswith("False\n")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    assert "Usage: unnoise " + verb in unnoise(verb, "--help").stdout


def test_train_and_json(tmp_path: Path) -> None:
    run = tmp_path / "run"
    result = process("train", "--steps", 4, "--batch-size", 8, "--out", run, "--json")
    assert result.returncode == 0, result.stderr
    facts = json.loads(result.stdout)
    assert facts["data"] == "digits"
    assert facts["trained"]["steps"] == 4
    assert "step 4/4" in result.stderr
    assert (run / "preview.png").is_file()
    assert json.loads(unnoise("info", run, "--json").stdout)["model"] == "unet"
    assert "2.376" in unnoise("info", run).stdout


def test_a_model_that_makes_images_worse_is_called_so(tmp_path: Path) -> None:
    brief = ("--model", "mlp", "--steps", 1, "--batch-size", 4, "--out", tmp_path / "run")
    result = unnoise("train", "digits", "--noise", "gaussian:0.001", *brief)
    assert result.returncode == 0
    assert "makes held-out images worse" in result.stderr


def test_flags_go_over_config_over_preset(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('data = "digits"\nsteps = 2\nseed = 4\naverage = true\n')
    flags = ("--preset", "classic", "--config", tmp_path / "c.toml", "--no-average", "--quiet")
    result = unnoise("train", *flags, "--out", tmp_path / "run")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    config = (tmp_path / "run/config.toml").read_text()
    for line in ('model = "autoencoder"', "steps = 2", "seed = 4", "average = false", "lr = 0.5"):
        assert line in config


def test_denoise_keeps_names_formats_and_dtypes(run: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = unnoise("denoise", pictures, "--model", run, "--out", out)
    assert result.returncode == 0, result.stderr
    for path in pictures.iterdir():
        before, after = read_stack(path)[0], read_stack(out / path.name)[0]
        assert (before.shape, before.dtype) == (after.shape, after.dtype)
        assert not np.array_equal(before, after)
    again = unnoise("denoise", pictures / "c.npy", "--model", run, "--out", out)
    assert again.returncode == 2
    assert "--overwrite" in again.stderr


def test_one_bad_file_among_good_ones(run: Path, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    colour = np.zeros((5, 5, 3), np.uint8)
    write_stack(tmp_path / "colour.png", colour)
    inputs = (
        tmp_path / "bad.png",
        pictures / "c.npy",
        tmp_path / "colour.png",
        tmp_path / "none.png",
    )
    out = tmp_path / "out"
    result = unnoise("denoise", *inputs, "--model", run, "--out", out, "--json")
    assert result.returncode == 2
    assert [bool(row["error"]) for row in json.loads(result.stdout)] == [True, False, False, True]
    assert sorted(path.name for path in out.iterdir()) == ["c.npy", "colour.png"]
    channels = "channels are denoised one by one"
    for text in ("bad.png", channels, "none.png is not there", "2 of 4 inputs"):
        assert text in result.stderr
    assert "Traceback" not in result.stderr


def test_an_input_is_never_replaced(run: Path, pictures: Path) -> None:
    before = (pictures / "c.npy").read_bytes()
    arguments = ("denoise", pictures / "c.npy", "--model", run, "--out", pictures, "--overwrite")
    result = unnoise(*arguments)
    assert result.returncode == 2
    assert "would be replaced by the output of" in result.stderr
    assert (pictures / "c.npy").read_bytes() == before
    copies = pictures / "c.npy", pictures / ".." / pictures.name / "c.npy"
    once = unnoise("denoise", *copies, "--model", run, "--out", pictures / "out", "--no-inspect")
    assert once.stderr.splitlines()[-1] == "1 denoised"


def test_evaluate(run: Path, tmp_path: Path) -> None:
    table = tmp_path / "figures.csv"
    arguments = ("evaluate", run, "digits", "--limit", 3, "--noise", "gaussian:0.2")
    result = unnoise(*arguments, "--out", table, "--json")
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    assert figures["noise"] == "gaussian:0.2"
    assert {row["method"] for row in figures["rows"]} >= {"unnoise", "noisy", "median", "wavelet"}
    assert len(figures["per_image"]["unnoise"]["psnr"]) == 3
    assert len(table.read_text().splitlines()) == 1 + 3 * len(figures["rows"])
    assert "non-local means" in unnoise(*arguments).stdout


def test_show_data_and_report(run: Path, tmp_path: Path) -> None:
    grid = tmp_path / "grid.png"
    assert unnoise("show", "--noise", "gaussian:0.3,clip", "--out", grid).returncode == 0
    assert grid.stat().st_size > 1000
    listed = json.loads(unnoise("data", "--json").stdout)
    assert listed["digits"]["folder"]
    assert unnoise("data", "digits").returncode == 0
    report = unnoise("report", run)
    assert report.returncode == 0, report.stderr
    assert Path(report.stdout.strip()).read_text().startswith("<!doctype html>")


def test_demo(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    result = unnoise("demo", "--minutes", 0.02, "--out", out, "--quiet")
    assert result.returncode == 0, result.stderr
    last = result.stdout.splitlines()[-4:]
    assert [line.split(":")[0] for line in last] == ["picture", "report", "noisy", "denoised"]
    assert str(out / "report.html") in last[1]
    assert all(line.endswith(" dB") for line in last[2:])


def test_mistakes_are_explained(run: Path, tmp_path: Path) -> None:
    assert "Unknown option: --epoch. Did you mean --epochs" in failure("train", "--epoch", 3)
    assert 'Did you mean "train"' in failure("trian")
    assert "Invalid value" in failure("train", "--steps", "many")
    assert "did you mean 'mnist'" in failure("train", "mnits", "--out", tmp_path / "run")
    assert "given twice" in failure("train", "mnist", "--data", "digits", "--steps", 1)
    assert "lr was 0.03 and is now 1.0" in failure("train", "--resume", "--out", run, "--lr", 1)
    assert "holds no run" in failure("train", "--resume", "--out", tmp_path)
    assert "there is no model file" in failure("info", tmp_path / "m.safetensors")
    assert "poisson takes" in failure("show", "--noise", "poisson:0", "--out", tmp_path / "g.png")
    assert "columns is 0" in failure("show", "--columns", 0)
    assert "no dataset is called" in failure("data", "imagenet")
    assert "has no image" in failure("denoise", tmp_path, "--model", run, "--out", tmp_path / "o")
    assert list(tmp_path.iterdir()) == []


def test_killed_and_resumed_equals_undisturbed(tmp_path: Path) -> None:
    settings = ("--steps", 400, "--batch-size", 8, "--quiet")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert process("train", *settings, "--out", whole).returncode == 0
    command = [sys.executable, "-m", "unnoise", "train", *map(str, settings), "--out", str(killed)]
    running = subprocess.Popen(command)
    checkpoint, deaths = killed / "checkpoint.pt", 0
    while not (killed / "config.toml").exists():
        time.sleep(0.005)
    resume = [*command[:4], "--resume", "--quiet", "--out", str(killed)]
    while deaths < 3 and running.poll() is None:
        written = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        while running.poll() is None and (
            not checkpoint.exists() or checkpoint.stat().st_mtime_ns == written
        ):
            time.sleep(0.005)
        running.send_signal(signal.SIGKILL)
        running.wait()
        deaths += 1
        running = subprocess.Popen(resume)
    assert running.wait() == 0
    assert deaths >= 1
    ours, theirs = load_file(killed / "model.safetensors"), load_file(whole / "model.safetensors")
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


def test_the_same_command_with_resume_begins_ends_and_trains_further(tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = ("train", "digits", "--batch-size", 8, "--out", out, "--resume", "--steps")
    begun = unnoise(*command, 10)
    assert begun.returncode == 0, begun.stderr
    assert "holds no run yet" in begun.stderr
    drawn = (out / "preview.png").stat().st_mtime_ns
    again = unnoise(*command, 10)
    assert (again.returncode, again.stdout) == (0, begun.stdout)
    assert again.stderr == f"{out} is complete: it was trained for 10 steps\n"
    assert (out / "preview.png").stat().st_mtime_ns == drawn
    further = unnoise("train", "--resume", "--out", out, "--steps", 20, "--json")
    assert further.returncode == 0, further.stderr
    assert json.loads(further.stdout)["trained"]["steps"] == 20
    assert (out / "preview.png").stat().st_mtime_ns > drawn
    assert "--overwrite removes it" in failure(*command, 30, "--overwrite")


@pytest.mark.slow
def test_a_full_disk_during_training_keeps_the_checkpoint(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting a full disk needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(disk)]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("tmpfs cannot be mounted here")
    try:
        run = disk / "run"
        command = [sys.executable, "-m", "unnoise", "train", "--steps", "2000", "--batch-size", "4"]
        running = subprocess.Popen([*command, "--quiet", "--out", str(run)])
        while running.poll() is None and not (run / "metrics.csv").exists():
            time.sleep(0.01)
        running.kill()
        running.wait()
        before = (run / "checkpoint.pt").read_bytes()
        free = os.statvfs(disk)
        (disk / "filler").write_bytes(b"x" * (free.f_bavail * free.f_frsize - 20_000))
        result = process("train", "--resume", "--quiet", "--out", run)
        assert result.returncode == 2, result
        assert result.stderr.startswith("unnoise: cannot write")
        assert "No space left" in result.stderr
        assert (run / "checkpoint.pt").read_bytes() == before
        assert not (run / "model.safetensors").exists()
        (disk / "filler").unlink()
        assert process("train", "--resume", "--quiet", "--out", run).returncode == 0
        assert (run / "model.safetensors").is_file()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("given", ["info photo", "--help"])
def test_a_reader_that_has_gone_ends_it_as_sigpipe_would(tmp_path: Path, given: str) -> None:
    command = f"{sys.executable} -m unnoise {given} | true; echo ${{PIPESTATUS[0]}}"
    # Its output is shorter than a pipe holds, so the reader must be gone before it is written.
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.stdout.strip() == "141"
    assert done.stderr == ""


@pytest.mark.parametrize(("module", "extra"), [("uvicorn", "serve"), ("torch", "train")])
def test_a_missing_package_names_its_extra(
    module: str, extra: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(_: object) -> None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr("unnoise.cli.build_app", missing)
    with pytest.raises(SystemExit, match="2"):
        main([])
    assert f"pip install 'unnoise[{extra}]'" in capsys.readouterr().err


def test_names_of_any_bytes(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)  # noqa: PTH102  its name is no text
    image = np.tile(np.arange(0, 240, 5, dtype=np.uint8), (40, 1))
    for suffix in (".png", ".jpg", ".webp", ".tif", ".npy"):
        write_stack(tmp_path / f"a{suffix}", image)
        os.rename(  # noqa: PTH104  its new name is no text
            os.fsencode(tmp_path / f"a{suffix}"), folder + b"/b\xff\n" + suffix.encode()
        )
    command = [sys.executable, "-m", "unnoise"]
    out, page = tmp_path / "out", tmp_path / "page.html"
    done = subprocess.run(
        [*command, "denoise", folder, "--out", out, "--json"], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) == len(os.listdir(os.fsencode(out))) == 5  # noqa: PTH208  names of bytes
    done = subprocess.run(
        [*command, "inspect", "photo", folder, "--report", page], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert b"b\xff" in done.stdout
    # A page is UTF-8, whatever names are: other bytes are escaped in it.
    assert r"b\udcff" in page.read_bytes().decode("utf-8")


def test_an_interrupted_training_says_how_to_go_on(tmp_path: Path) -> None:
    out = tmp_path / "run"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    training = subprocess.Popen(
        [sys.executable, "-m", "unnoise", "train", "--steps", "100000", "--out", out],
        stderr=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, before)
    for _ in range(600):
        if (out / "checkpoint.pt").is_file():
            break
        time.sleep(0.1)
    training.send_signal(signal.SIGINT)
    said = training.communicate(timeout=60)[1]
    assert training.returncode == 130
    assert f"go on with: unnoise train --resume --out {out}" in said
