"""Many files: which output belongs to which input, and one bad file among good ones."""

import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unnoise import Denoiser
from unnoise.api.denoising import denoise_files
from unnoise.api.one_file import FileResult
from unnoise.denoiser import DenoiseOptions, Outputs
from unnoise.errors import ConfigError, ImageError
from unnoise.images import ReadOptions, read_stack, write_stack

RANDOM = np.random.default_rng(0)


def make(*paths: Path, shape: tuple[int, ...] = (20, 24)) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_stack(path, RANDOM.integers(0, 256, shape, dtype=np.uint8))


def below(folder: Path) -> list[str]:
    """List every file, hidden ones too."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


@pytest.fixture
def go(denoiser: Denoiser) -> Callable[..., list[FileResult]]:
    """Return ``denoise_files``, done and quiet; it takes options of ``Outputs``."""

    def go(*inputs: object, read: ReadOptions | None = None, **outputs: Any) -> list[FileResult]:
        given = [str(path) for path in inputs]
        return list(
            denoise_files(denoiser, given, read=read or ReadOptions(), outputs=Outputs(**outputs))
        )

    return go


Run = Callable[..., list[FileResult]]


def test_the_tree_below_a_folder_is_made_again(go: Run, tmp_path: Path) -> None:
    names = ["a.png", "sub/a.png", "sub/deep er/ü\nb.tif"]
    make(*(tmp_path / "in" / name for name in names))
    results = go(tmp_path / "in", out=tmp_path / "out")
    assert below(tmp_path / "out") == names
    assert [result.error for result in results] == [None] * 3
    assert {result.output for result in results} == {str(tmp_path / "out" / name) for name in names}
    assert all(result.megapixels == 480 / 1e6 and result.seconds > 0 for result in results)


def test_beside_the_inputs_and_a_second_time(go: Run, tmp_path: Path) -> None:
    names = ["a.png", "s/b.npy", "s/c.ome.tif", "s/images-idx3-ubyte.gz"]
    for name in names:
        make(tmp_path / name, shape=(2, 20, 24) if name.endswith("gz") else (20, 24))
    outputs = ["a_denoised.png", "s/b_denoised.npy", "s/c_denoised.ome.tif"]
    outputs.append("s/images-idx3_denoised-ubyte.gz")
    assert not any(result.error for result in go(tmp_path))
    assert below(tmp_path) == sorted(names + outputs)
    again = go(tmp_path, skip_existing=True)
    assert [result.skipped for result in again] == [True] * 4
    assert below(tmp_path) == sorted(names + outputs)
    refused = go(tmp_path)
    assert len(refused) == 4
    assert all("--overwrite" in str(result.error) for result in refused)
    assert not any(result.error for result in go(tmp_path, overwrite=True))
    # Somebody's own image with such a name is no output of ours.
    make(tmp_path / "t" / "own_denoised.png")
    assert go(tmp_path / "t")[0].output == str(tmp_path / "t" / "own_denoised_denoised.png")


def test_a_missing_input_is_reported_whatever_its_name(go: Run, tmp_path: Path) -> None:
    make(tmp_path / "a.png")
    missing = tmp_path / "a_denoised.png"  # as the output of the other will be called
    first, second = go(tmp_path / "a.png", missing)
    assert first.output == str(missing)
    assert "is not there" in str(second.error)


def test_out_and_suffix_together(go: Run, tmp_path: Path) -> None:
    make(tmp_path / "in" / "a.png")
    go(tmp_path / "in", out=tmp_path / "out", suffix=".clean")
    assert below(tmp_path / "out") == ["a.clean.png"]
    go(tmp_path / "in", out=tmp_path / "in", suffix="_x")
    assert [
        r.skipped for r in go(tmp_path / "in", out=tmp_path / "in", suffix="_x", skip_existing=True)
    ] == [True]
    assert below(tmp_path / "in") == ["a.png", "a_x.png"]


def test_out_inside_the_input_is_not_read(go: Run, tmp_path: Path) -> None:
    make(tmp_path / "a.png", tmp_path / "s" / "b.png")
    for _ in range(2):
        results = go(tmp_path, out=tmp_path / "s" / "out", overwrite=True)
        assert [Path(result.input).name for result in results] == ["a.png", "b.png"]
    assert below(tmp_path) == ["a.png", "s/b.png", "s/out/a.png", "s/out/s/b.png"]


def test_two_inputs_of_one_output_are_refused_before_any_work(go: Run, tmp_path: Path) -> None:
    make(tmp_path / "x" / "a.png", tmp_path / "y" / "a.png", tmp_path / "y" / "b.png")
    with pytest.raises(ConfigError, match=r"x/a\.png and .*y/a\.png would both become"):
        go(tmp_path / "y" / "b.png", tmp_path / "x", tmp_path / "y", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    # One file that is named twice is one input.
    assert len(go(tmp_path / "x", tmp_path / "x" / "a.png", out=tmp_path / "out")) == 1


def test_patterns(go: Run, tmp_path: Path) -> None:
    make(tmp_path / "a1.png", tmp_path / "a2.png", tmp_path / "b.png", tmp_path / "s" / "a3.png")
    go(tmp_path / "a*.png", out=tmp_path / "one")
    assert below(tmp_path / "one") == ["a1.png", "a2.png"]
    go(f"{tmp_path}/**/a*.png", out=tmp_path / "all")
    # What lies in the other --out is an input like any other.
    assert below(tmp_path / "all") == [
        "a1.png", "a2.png", "one/a1.png", "one/a2.png", "s/a3.png",
    ]  # fmt: skip


def test_bad_files_among_good_ones(go: Run, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    make(folder / "a.png", folder / "cut.png", folder / "z.png", shape=(300, 300))
    cut = (folder / "cut.png").read_bytes()
    (folder / "cut.png").write_bytes(cut[: len(cut) // 2])
    (folder / "text.tif").write_text("no picture")
    (folder / "empty.npy").touch()
    np.save(folder / "nan.npy", np.full((9, 9), np.nan))
    (folder / "dangling.png").symlink_to(folder / "gone.png")
    results = go(folder, tmp_path / "none.png", out=out)
    errors = {Path(result.input).name: result.error for result in results if result.error}
    assert set(errors) - {"dangling.png"} == {
        "cut.png",
        "text.tif",
        "empty.npy",
        "nan.npy",
        "none.png",
    }
    assert all(name in error for name, error in errors.items())
    assert below(out) == ["a.png", "z.png"]
    assert [result.output for result in results if result.error] == [None] * len(errors)


def test_a_file_that_vanishes_while_others_are_read(denoiser: Denoiser, tmp_path: Path) -> None:
    make(*(tmp_path / f"{i}.png" for i in range(3)))
    names = []
    for result in denoise_files(denoiser, [tmp_path], outputs=Outputs(out=tmp_path / "out")):
        names.append((Path(result.input).name, result.error is None))
        (tmp_path / "1.png").unlink(missing_ok=True)
    assert names == [("0.png", True), ("1.png", False), ("2.png", True)]


def test_a_place_that_cannot_be_written_to(go: Run, tmp_path: Path) -> None:
    make(tmp_path / "in" / "a.png", tmp_path / "in" / "s" / "b.png")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "s").write_text("a file where a folder must be")
    results = go(tmp_path / "in", out=tmp_path / "out")
    assert [result.error is None for result in results] == [True, False]
    assert "cannot write" in str(results[1].error)
    assert below(tmp_path / "out") == ["a.png", "s"]


def test_a_full_disk_is_reported_per_file(go: Run, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting a full disk needs root")
    make(tmp_path / "in" / "1.tif", tmp_path / "in" / "3.tif", shape=(100, 100))
    make(tmp_path / "in" / "2.tif", shape=(2000, 1500))
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("tmpfs cannot be mounted here")
    try:
        results = go(tmp_path / "in", out=disk)
        assert [result.error is None for result in results] == [True, False, True]
        assert "No space left" in str(results[1].error)
        assert below(disk) == ["1.tif", "3.tif"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_an_interrupted_call_goes_on(denoiser: Denoiser, go: Run, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    make(*(folder / f"{i}.png" for i in range(4)), shape=(900, 800))

    def interrupt(done: float, _: int | None) -> None:
        if done > 2.3:  # inside the third
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(denoise_files(denoiser, [folder], outputs=Outputs(out=out), progress=interrupt))
    assert below(out) == ["0.png", "1.png"]
    before = [(out / name).stat().st_mtime_ns for name in below(out)]
    (folder / "0.png").write_bytes(b"is not even opened")
    results = go(folder, out=out, skip_existing=True)
    assert [result.skipped for result in results] == [True, True, False, False]
    assert not any(result.error for result in results)
    assert below(out) == ["0.png", "1.png", "2.png", "3.png"]
    assert [(out / name).stat().st_mtime_ns for name in ("0.png", "1.png")] == before


def test_an_input_is_not_replaced(go: Run, tmp_path: Path) -> None:
    make(tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    for options in ({"out": tmp_path}, {"suffix": ""}):
        for more in ("overwrite", "skip_existing"):
            with pytest.raises(ConfigError, match=r"a\.png would be replaced by the output of"):
                go(tmp_path / "a.png", **options, **{more: True})
    assert (tmp_path / "a.png").read_bytes() == before


def test_another_input_is_not_replaced_either(go: Run, tmp_path: Path) -> None:
    make(tmp_path / "q/a.png", tmp_path / "q/q/a.png")
    before = [path.read_bytes() for path in sorted(tmp_path.rglob("*.png"))]
    with pytest.raises(ConfigError, match=r"would be replaced by the output of"):
        go(tmp_path / "q", out=tmp_path, overwrite=True)
    assert [path.read_bytes() for path in sorted(tmp_path.rglob("*.png"))] == before


def test_settings_that_mean_nothing(go: Run, tmp_path: Path) -> None:
    make(tmp_path / "a.png")
    for strength in (-1.0, 2.0, float("nan")):
        with pytest.raises(ConfigError, match="strength"):
            DenoiseOptions(strength=strength)
    with pytest.raises(ConfigError, match="drop one"):
        go(tmp_path, overwrite=True, skip_existing=True)
    with pytest.raises(ConfigError, match="suffix"):
        go(tmp_path, suffix="../x")
    with pytest.raises(ImageError, match="has no image"):
        go(tmp_path / "*.tif")
    with pytest.raises(ConfigError, match="no input"):
        go()
    assert below(tmp_path) == ["a.png"]


def test_axes_and_pixels(go: Run, tmp_path: Path) -> None:
    stack = RANDOM.random((5, 20, 24)).astype(np.float32)
    np.save(tmp_path / "a.npy", stack)
    (refused,) = go(tmp_path)
    assert "--axes" in str(refused.error)
    (result,) = go(tmp_path, read=ReadOptions(axes="ZYX"))
    assert np.load(str(result.output)).shape == stack.shape
    (refused,) = go(tmp_path, read=ReadOptions(axes="ZYX", max_pixels=100), overwrite=True)
    assert "--max-pixels 480" in str(refused.error)


def test_what_is_said_and_shown(denoiser: Denoiser, tmp_path: Path) -> None:
    make(tmp_path / "a.png", tmp_path / "b.png", shape=(20, 24, 3))
    shown: list[tuple[float, int | None]] = []
    results = denoise_files(
        denoiser,
        [tmp_path],
        options=DenoiseOptions(strength=0),
        progress=lambda *done: shown.append(done),
    )
    assert shown == []  # nothing is done before results are asked for
    for result in results:
        assert result.output is not None
        np.testing.assert_array_equal(read_stack(result.output)[0], read_stack(result.input)[0])
        assert result.notes == ("its 3 channels are denoised one by one",)
    assert shown == sorted(shown)
    assert shown[0] == (0, 2)
    assert shown[-1] == (2, 2)


def test_from_two_threads_at_once(go: Run, tmp_path: Path) -> None:
    make(*(tmp_path / "in" / f"{i}.png" for i in range(5)))
    threads = [
        threading.Thread(target=go, args=[tmp_path / "in"], kwargs={"out": tmp_path / name})
        for name in "xy"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert below(tmp_path / "x") == below(tmp_path / "y") == below(tmp_path / "in")
