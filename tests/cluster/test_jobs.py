"""Jobs over processes: the outputs of one process, whatever is killed."""

import hashlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import zarr
from jobs import (
    MODEL,
    check_complete,
    make_images,
    outputs_below,
    processes_named,
    quiet_job,
    read_rows,
    wait_until,
)

from unnoise.api.denoising import denoise_files, load
from unnoise.api.one_file import FileResult
from unnoise.cli import main
from unnoise.cluster import denoise_many
from unnoise.cluster.record import BLOCKS
from unnoise.denoiser import DenoiseOptions, Outputs
from unnoise.errors import ConfigError, ImageError, ModelFileError, OutputError
from unnoise.images import ReadOptions, open_image, read_stack


def command(source: Path, out: Path, *options: str) -> list[str]:
    words = ["-m", "unnoise", "denoise", str(source), "--model", MODEL, "--out", str(out)]
    return [sys.executable, *words, "--engine", "processes", "--workers", "1", *options]


def test_the_outputs_of_one_process_though_a_worker_is_killed(tmp_path: Path) -> None:
    names = make_images(tmp_path / "in", 60)
    (tmp_path / "in" / "bad.png").write_bytes(b"no picture")
    killed: list[int | None] = []

    def kill(result: FileResult) -> None:
        if result.error is None and not killed:
            killed.append(multiprocessing.active_children()[0].pid)
            os.kill(killed[0] or 0, signal.SIGKILL)

    seen: list[tuple[float, int | None]] = []
    summary = quiet_job(
        tmp_path / "in",
        tmp_path / "out",
        workers=2,
        report=kill,
        progress=lambda done, count: seen.append((done, count)),
    )
    assert (summary.denoised, summary.failed, summary.lost) == (60, 1, 1)
    assert seen[-1] == (61, None)
    assert outputs_below(tmp_path / "out") == names
    rows = read_rows(tmp_path / "out")
    assert sorted(row["output"] or row["input"] for row in rows) == sorted(
        [*names, str(tmp_path / "in" / "bad.png")]
    )
    (bad,) = [row for row in rows if row["error"] is not None]
    assert "its content is no picture format" in bad["error"]
    one = Outputs(out=tmp_path / "one")
    results = denoise_files(load(MODEL), [tmp_path / "in"], outputs=one)
    found = {result.input: result for result in results}
    for row in rows:
        assert row["verdict"] == found[row["input"]].verdict
        assert row["noise_level"] == found[row["input"]].noise_level
    for name in names:
        np.testing.assert_array_equal(
            read_stack(tmp_path / "out" / name)[0], read_stack(tmp_path / "one" / name)[0]
        )


def test_a_killed_driver_leaves_no_worker_and_is_gone_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    names = make_images(tmp_path / "in", 40, side=96)
    driver = subprocess.Popen(command(tmp_path / "in", out, "--quiet"), start_new_session=True)
    wait_until(lambda: len(read_rows_whole(out)) >= 5)
    driver.kill()
    driver.wait()
    wait_until(lambda: not in_session(driver.pid))
    done = [row["output"] for row in read_rows_whole(out)]
    before = {name: (out / name).stat().st_mtime_ns for name in done}
    assert 5 <= len(before) < 40
    with (out / "manifest.jsonl").open("a") as file:
        file.write('{"input": "torn')
    finished = subprocess.run(
        command(tmp_path / "in", out), capture_output=True, text=True, check=True
    )
    assert f"{40 - len(before)} denoised, {len(before)} were there" in finished.stderr
    check_complete(out, names)
    for name, changed in before.items():
        assert (out / name).stat().st_mtime_ns == changed
    monkeypatch.setitem(sys.modules, "ray", None)
    again = quiet_job(tmp_path / "in", out, engine="ray")  # nothing is left, so none is started
    assert (again.denoised, again.before) == (0, 40)


def read_rows_whole(out: Path) -> list[dict[str, Any]]:
    """Read what a killed driver left."""
    path = out / "manifest.jsonl"
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def in_session(session: int) -> list[int]:
    """List the processes of a session that run our code."""
    found = []
    for number in processes_named("multiprocessing"):
        try:
            if os.getsid(number) == session:
                found.append(number)
        except ProcessLookupError:
            continue
    return found


def test_ctrl_c_and_the_same_command_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    make_images(tmp_path / "in", 40, side=96)
    driver = subprocess.Popen(
        command(tmp_path / "in", out, "--no-inspect"), stderr=subprocess.PIPE, text=True
    )
    wait_until(lambda: len(read_rows_whole(out)) >= 3)
    driver.send_signal(signal.SIGTERM)
    started = time.monotonic()
    _, printed = driver.communicate()
    assert driver.returncode == 130
    assert time.monotonic() - started < 10
    assert "the same command goes on from there" in printed
    assert "Traceback" not in printed
    done = len(read_rows(out))
    assert not [name for name in outputs_below(out) if ".unnoise" in name]
    assert quiet_job(tmp_path / "in", out, workers=1).denoised == 40 - done


def test_a_job_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    """What a folder holds that was begun before jobs and single files had results in common."""
    names, out = make_images(tmp_path / "in", 3), tmp_path / "out"
    facts = {
        "format": 2,
        "source": str(tmp_path / "in"),
        "model": hashlib.sha256(Path(MODEL).read_bytes()).hexdigest(),
        "suffix": "",
        "strength": 1.0,
        "chroma_strength": None,
        "detail": 0.0,
        "hot_pixels": False,
        "range": [0.0, 255.0],
        "channels": "auto",
        "dtype": "same",
        "quality": None,
        "array": None,
        "axes": None,
        "nodata": None,
        "nan": "refuse",
        "precision": "auto",
    }
    row = {
        "input": str(tmp_path / "in" / names[0]),
        "output": names[0],
        "verdict": "trust",
        "noise_level": 0.08,
        "reasons": ["a reason"],
        "notes": [],
        "lost": [],
        "seconds": 0.1,
        "megapixels": 0.004,
        "error": None,
    }
    (out / names[0]).parent.mkdir(parents=True)
    (out / names[0]).touch()
    (out / "job.json").write_text(json.dumps(facts))
    (out / "manifest.jsonl").write_text(json.dumps(row) + "\n")
    options = DenoiseOptions(range=(0, 255))
    summary = quiet_job(tmp_path / "in", out, workers=1, options=options)
    assert (summary.denoised, summary.before, summary.failed) == (2, 1, 0)
    rows = read_rows(out)
    assert rows[0] == row
    assert all(list(each) == list(row) for each in rows)
    assert json.loads((out / "job.json").read_text()) == facts


def test_a_list_with_repeats_and_addresses(tmp_path: Path) -> None:
    names = make_images(tmp_path / "in", 4)
    address = (tmp_path / "in" / names[0]).as_uri()
    lines = [*(f"in/{name}" for name in names), "in/1.png", address]
    (tmp_path / "list.txt").write_text("\n".join(lines))
    summary = quiet_job(tmp_path / "list.txt", tmp_path / "out", workers=1, suffix="_x")
    assert (summary.denoised, summary.repeated, summary.failed) == (5, 1, 0)
    fetched = f"file{tmp_path}/in/{names[0]}".replace(".png", "_x.png")
    expected = [f"in/{name}".replace(".png", "_x.png") for name in names]
    assert outputs_below(tmp_path / "out") == sorted([*expected, fetched])
    np.testing.assert_array_equal(
        read_stack(tmp_path / "out" / fetched)[0], read_stack(tmp_path / "out" / expected[0])[0]
    )


def test_an_input_never_writes_outside_nor_where_another_does(tmp_path: Path) -> None:
    (name,) = make_images(tmp_path / "in", 1)
    outside, twin = f"memory://b/../../{name}", f"{tmp_path}/in/{name}"
    lists = tmp_path / "lists"
    inside = lists / Path(twin).relative_to("/")  # below the list as the twin is below /
    inside.parent.mkdir(parents=True)
    inside.write_bytes(Path(twin).read_bytes())
    lines = [str(inside.relative_to(lists)), twin, outside, "/"]
    (lists / "list.txt").write_text("\n".join(lines))
    for denoised, before in ((1, 0), (0, 1)):  # the second time it goes on, and refuses again
        summary = quiet_job(lists / "list.txt", tmp_path / "out", workers=1)
        assert (summary.denoised, summary.before, summary.failed) == (denoised, before, 3)
        errors = {row["input"]: row["error"] for row in read_rows(tmp_path / "out") if row["error"]}
        assert "as another input is" in errors[twin]
        assert "has no place inside of --out" in errors[outside]
        assert "has no place inside of --out" in errors["/"]
    assert len(outputs_below(tmp_path / "out")) == 1
    assert len(read_rows(tmp_path / "out")) == 4


def test_what_is_refused(tmp_path: Path) -> None:
    make_images(tmp_path / "in", 2)
    cases: list[tuple[type[Exception], str, dict[str, Any]]] = [
        (ConfigError, "workers is 0", {"workers": 0}),
        (ConfigError, "take engine ray", {"address": "10.0.0.1:6379"}),
        (ConfigError, "suffix", {"suffix": "a/b"}),
    ]
    for kind, words, options in cases:
        with pytest.raises(kind, match=words):
            quiet_job(tmp_path / "in", tmp_path / "out", **options)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImageError, match="has no image in it"):
        quiet_job(tmp_path / "empty", tmp_path / "out")
    with pytest.raises(ModelFileError, match="there is no model file"):
        denoise_many(tmp_path / "none.onnx", tmp_path / "in", outputs=Outputs(out=tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter.txt").touch()
    with pytest.raises(OutputError, match="no folder of a job"):
        quiet_job(tmp_path / "in", tmp_path / "out")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["a.png", "b.png", "--engine", "processes", "--out", "o"], "put a pattern in quotes"),
        (["a.png", "--engine", "ray"], "--engine ray needs --out"),
        (["a.png", "--workers", "2"], "add --engine processes"),
        (["a.png", "--address", "x"], "add --engine processes"),
    ],
)
def test_the_command_line_says_what_to_do(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["denoise", *options])
    assert caught.value.code == 2
    assert words in capsys.readouterr().err


def make_huge(folder: Path, kind: str) -> Path:
    rows, columns = np.mgrid[:1050, :1030] if kind == "zarr" else np.mgrid[:300, :3700]
    noise = np.random.default_rng(0).normal(0, 20, rows.shape)
    image = (128 + 90 * np.sin(rows / 37) * np.cos(columns / 23) + noise).clip(0, 255)
    if kind == "zarr":
        path = folder / "a.zarr"
        array = (np.stack([image, 255 - image]) * 257).astype(np.uint16)
        zarr.create_array(
            str(path), data=array, chunks=(1, 300, 256), dimension_names=["z", "y", "x"]
        )
    else:
        path = folder / "a.ome.tif"
        with tifffile.TiffWriter(path) as writer:
            options: dict[str, Any] = {"tile": (256, 256), "compression": "zlib"}
            writer.write(image.astype(np.uint8), subifds=1, **options)
            writer.write(image[::2, ::2].astype(np.uint8), subfiletype=1, **options)
    return path


@pytest.mark.parametrize("kind", ["zarr", "tiff"])
def test_one_huge_image_is_divided_and_equals_that_of_one_process(
    tmp_path: Path, kind: str
) -> None:
    path = make_huge(tmp_path, kind)
    one, out = tmp_path / "one" / path.name, tmp_path / "out"
    load(MODEL).denoise_file(path, one)
    kept: list[Path] = []
    if kind == "zarr":  # killed at a tile, and begun again
        driver = subprocess.Popen(command(path, out, "--quiet"))
        wait_until(lambda: any((out / BLOCKS).glob("*/[0-9]*")))
        driver.kill()
        driver.wait()
        assert read_rows(out) == []
        kept = list((out / BLOCKS).glob("*/[0-9]*"))
    seen: list[tuple[float, int | None]] = []
    summary = quiet_job(path, out, workers=2, progress=lambda *place: seen.append(place))
    assert (summary.denoised, summary.failed) == (1, 0)
    tiles = 4 if kind == "zarr" else 2
    assert seen[0] == ((len(kept) + 1) / tiles, 1)  # the first tiles are handed out one by one
    assert seen[-1] == (1, 1)
    assert len(seen) <= tiles - len(kept)
    (row,) = read_rows(out)
    assert row["verdict"] is not None
    assert row["noise_level"] == pytest.approx(20 / 255, rel=0.2)
    assert not (out / BLOCKS).exists()
    np.testing.assert_array_equal(read_stack(out / path.name)[0], read_stack(one)[0])  # to the bit
    if kind == "tiff":
        with tifffile.TiffFile(one) as before, tifffile.TiffFile(out / path.name) as after:
            assert len(after.pages) == len(before.pages)
            assert after.series[0].keyframe.tags.keys() == before.series[0].keyframe.tags.keys()
    else:
        assert zarr.open_array(out / path.name).metadata == zarr.open_array(path).metadata


def test_tiles_of_workers_share_detail_and_count_hot_pixels(tmp_path: Path) -> None:
    path = make_huge(tmp_path, "tiff")
    image = read_stack(path)[0][0, ..., 0]
    for place in ((40, 100), (150, 2000), (260, 3600)):
        image[place] = 0 if image[place] > 128 else 255
    tifffile.imwrite(path, image, tile=(256, 256))
    options = DenoiseOptions(detail=0.7, hot_pixels=True)
    notes: list[str] = []
    one, out = tmp_path / "one" / path.name, tmp_path / "out"
    load(MODEL).denoise_file(path, one, options=options, note=notes.append)
    assert quiet_job(path, out, workers=2, options=options).denoised == 1
    (row,) = read_rows(out)
    assert row["notes"][-1:] == notes
    assert "hot or dead pixel" in notes[0]
    assert "no hot" not in notes[0]
    np.testing.assert_array_equal(read_stack(out / path.name)[0], read_stack(one)[0])
    with pytest.raises(OutputError, match=r"detail was 0\.7 and is 0\.0"):
        quiet_job(path, out, workers=2)


def test_a_stack_that_is_blended_over_time_is_not_divided(tmp_path: Path) -> None:
    image = read_stack(make_huge(tmp_path, "tiff"))[0][0, ..., 0]
    path, options = tmp_path / "b.npy", DenoiseOptions(steady="on", strength=0.9)
    np.save(path, np.stack([image, image[::-1], image[::-1]]))
    read = ReadOptions(axes="TYX")
    one, out = tmp_path / "one" / path.name, tmp_path / "out"
    with open_image(path, read) as reader:
        load(MODEL).denoise_file(reader, one, options=options)
    assert quiet_job(path, out, workers=2, options=options, read=read).denoised == 1
    (row,) = read_rows(out)
    assert "results along T were blended" in row["notes"][-1]
    np.testing.assert_array_equal(np.load(out / path.name), np.load(one))


def test_a_huge_image_with_a_bad_value_is_a_row(tmp_path: Path) -> None:
    array = np.zeros((1050, 1030), np.float32)
    array[1000, 1000] = np.nan
    np.save(tmp_path / "a.npy", array)
    summary = quiet_job(tmp_path / "a.npy", tmp_path / "out", workers=1)
    assert summary.failed == 1
    (row,) = read_rows(tmp_path / "out")
    assert "a.npy holds NaN" in row["error"]
    assert row["output"] is None
