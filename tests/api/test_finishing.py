"""The held-out images in a run folder: the preview and the report need nothing else."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import unnoise
from unnoise.api.finishing import LIMIT, HeldOut
from unnoise.api.reporting import draw_preview, write_report
from unnoise.errors import RunError
from unnoise.evaluation import Evaluation
from unnoise.images import write_stack

FAST: dict[str, Any] = {"steps": 2, "patch": 32, "batch_size": 2, "model": "unet"}


@pytest.fixture
def clean() -> NDArray[np.uint8]:
    """Return three images with structure, ``(3, 96, 128)``."""
    y, x = np.mgrid[:96, :128]
    waves = [np.sin(x / (3 + i)) * np.cos(y / 7) for i in range(3)]
    return (127 + 100 * np.stack(waves)).astype(np.uint8)


def figures(evaluation: Evaluation | None) -> dict[str, list[float]]:
    assert evaluation is not None
    return {name: list(found["psnr"]) for name, found in evaluation.per_image.items()}


@pytest.mark.parametrize("paired", [False, True])
def test_runs_on_arrays_and_on_files_have_the_same_report(
    clean: NDArray[np.uint8], tmp_path: Path, paired: bool
) -> None:
    noise = np.random.default_rng(0).normal(0, 20, clean.shape)
    noisy = (clean + noise).clip(0, 255).astype(np.uint8)
    for i in range(len(clean)):
        write_stack(tmp_path / f"noisy/{i}.png", noisy[i, ..., None])
        write_stack(tmp_path / f"clean/{i}.png", clean[i, ..., None])
    folders, arrays = tmp_path / "files", tmp_path / "arrays"
    if paired:
        files = unnoise.train(tmp_path / "noisy", targets=tmp_path / "clean", out=folders, **FAST)
        unnoise.train(noisy, targets=clean, axes="NYX", out=arrays, **FAST)
    else:
        files = unnoise.train(tmp_path / "clean", noise="gaussian:0.1", out=folders, **FAST)
        unnoise.train(clean, noise="gaussian:0.1", axes="NYX", out=arrays, **FAST)
    for folder in ("noisy", "clean"):
        shutil.rmtree(tmp_path / folder)
    page, evaluation = write_report(arrays)
    assert figures(evaluation) == figures(write_report(folders)[1])
    assert evaluation is not None
    before = files.info.trained["noisy_psnr"]
    assert evaluation.mean("noisy", "psnr") == pytest.approx(before, abs=0.3)
    assert "A denoiser trained on an array" in page.read_text(encoding="utf-8")
    assert draw_preview(arrays).read_bytes() == draw_preview(folders).read_bytes()


def test_noisy_images_are_shown_and_not_measured(clean: NDArray[np.uint8], tmp_path: Path) -> None:
    unnoise.train(clean, axes="NYX", out=tmp_path, **FAST)
    assert HeldOut.load(tmp_path / "held_out.npz").judged == ()
    _, evaluation = write_report(tmp_path)
    assert evaluation is None
    assert draw_preview(tmp_path).is_file()


def test_a_run_of_an_earlier_version_reads_its_images_again(
    clean: NDArray[np.uint8], tmp_path: Path
) -> None:
    for i in range(len(clean)):
        write_stack(tmp_path / f"clean/{i}.png", clean[i, ..., None])
    run, array = tmp_path / "run", tmp_path / "array"
    unnoise.train(tmp_path / "clean", noise="gaussian:0.1", out=run, **FAST)
    unnoise.train(clean, noise="gaussian:0.1", axes="NYX", out=array, **FAST)
    kept, shown = figures(write_report(run)[1]), draw_preview(run).read_bytes()
    for folder in (run, array):
        (folder / "held_out.npz").unlink()
    (run / "preview.png").unlink()
    assert figures(write_report(run)[1]) == kept
    assert draw_preview(run).read_bytes() == shown
    with pytest.raises(RunError, match=r"trained on an array.*evaluate"):
        write_report(array)


def test_it_is_replaced_with_its_run(clean: NDArray[np.uint8], tmp_path: Path) -> None:
    file = tmp_path / "held_out.npz"
    unnoise.train(clean, noise="gaussian:0.1", axes="NYX", out=tmp_path, **FAST)
    first = file.read_bytes()
    unnoise.train(255 - clean, axes="NYX", out=tmp_path, overwrite=True, **FAST)
    assert file.read_bytes() != first
    unnoise.train("digits", steps=2, batch_size=2, out=tmp_path, overwrite=True)
    assert not file.exists()  # the test digits are measured


@pytest.mark.parametrize("paired", [False, True])
def test_a_stack_is_shown_along_its_axis_and_measured_by_its_middle_images(
    tmp_path: Path, paired: bool
) -> None:
    y, x = np.mgrid[:80, :96]
    film = np.stack([127 + 60 * np.sin((x + 4 * t) / 9) * np.cos(y / 11) for t in range(12)])
    film = (film + 3 * np.arange(12)[:, None, None]).astype(np.uint8)
    noise = np.random.default_rng(0).normal(0, 25, film.shape)
    noisy = (film + noise).clip(0, 255).astype(np.uint8)
    data: dict[str, Any] = {"targets": film} if paired else {"noise": "gaussian:0.1"}
    denoiser = unnoise.train(
        noisy if paired else film, axes="TYX", depth=3, out=tmp_path, **data, **FAST
    )
    kept = HeldOut.load(tmp_path / "held_out.npz")
    assert kept.along is not None
    assert kept.along.axis == "T"
    page, evaluation = write_report(tmp_path)
    assert evaluation is not None
    trained = denoiser.info.trained
    assert evaluation.mean("noisy", "psnr") == pytest.approx(trained["noisy_psnr"], abs=0.3)
    assert evaluation.mean("unnoise", "psnr") == pytest.approx(trained["psnr"], abs=0.3)
    assert "<h2>Along T</h2>" in page.read_text(encoding="utf-8")
    draw_preview(tmp_path)
    with np.load(tmp_path / "held_out.npz") as stacks:
        arrays = dict(stacks)
    arrays["around 0"] = arrays["around 0"] + 100
    np.savez(tmp_path / "held_out.npz", **arrays)
    with pytest.raises(RunError, match="neighbours that are not there"):
        write_report(tmp_path)


def test_its_size_is_bounded(tmp_path: Path) -> None:
    scene = tuple(np.random.default_rng(0).random((2, 512, 512, 3)).astype(np.float32))
    kept = HeldOut.of((np.zeros((5, 256, 256, 40), np.float32),), [scene] * 6)
    assert sum(view.nbytes for view in kept.shown) <= LIMIT
    assert 0 < sum(view.nbytes for views in kept.judged for view in views) <= LIMIT
    kept.save(tmp_path / "a.npz")
    again = HeldOut.load(tmp_path / "a.npz")
    for ours, theirs in zip((kept.shown, *kept.judged), (again.shown, *again.judged), strict=True):
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "held_out.npz"
    HeldOut((np.zeros((1, 20, 20, 1), np.uint8),), ()).save(file)
    data = file.read_bytes()
    for content in (b"", b"text", data[: len(data) // 2]):
        file.write_bytes(content)
        with pytest.raises(RunError, match="is damaged"):
            HeldOut.load(file)
    pickled: dict[str, Any] = {"shown 0": np.array([{}], object)}
    np.savez(file, **pickled)
    with pytest.raises(RunError, match="allow_pickle"):
        HeldOut.load(file)
    with file.open("wb") as stream:
        np.save(stream, np.zeros(3))
    with pytest.raises(RunError, match="is damaged"):
        HeldOut.load(file)
    np.savez(file, other=np.zeros(3))
    with pytest.raises(RunError, match="is damaged"):
        HeldOut.load(file)
