"""``unnoise denoise`` on films and on sequences of numbered files, with the model ``photo``."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from films import make_film, number_of, scene, sound_of
from unnoise.cli import main
from unnoise.images import ReadOptions, open_image, write_stack
from unnoise.images.film_reader import FilmReader

COUNT = 6


def denoise(*arguments: object, status: int = 0) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["denoise", *map(str, arguments), "--model", "photo"])
    assert caught.value.code == status


def read(path: Path, *, sequence: bool = False) -> np.ndarray:
    with open_image(path, ReadOptions(sequence=sequence)) as reader:
        return np.stack([reader.image(index) for index in range(reader.count)])


def times_of(path: Path) -> list[Any]:
    with open_image(path) as film:
        assert isinstance(film, FilmReader)
        return [film.times.seconds(index) for index in range(film.count)]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    frames = scene(COUNT, height=96, width=128, noise=20)
    return make_film(folder / "clip.mp4", frames=frames, options={"crf": "8"})


@pytest.mark.parametrize("out", ["clean.mkv", "clean.mp4", "folder"])
def test_a_film_is_denoised(
    film: Path, tmp_path: Path, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    denoise(film, "--out", tmp_path / out, "--json", "--quiet")
    target = tmp_path / out if "." in out else tmp_path / out / "clip.mp4"
    (row,) = json.loads(capsys.readouterr().out)
    assert row["output"] == str(target)
    assert row["megapixels"] == COUNT * 96 * 128 / 1e6
    noisy, clean = read(film), read(target)
    truth = scene(COUNT, height=96, width=128, noise=0)
    assert clean.shape == noisy.shape == truth.shape
    errors = [np.sqrt(((each - truth.astype(float)) ** 2).mean()) for each in (noisy, clean)]
    assert errors[1] < 0.75 * errors[0]
    assert list(map(number_of, clean)) == list(range(COUNT))
    assert times_of(target) == times_of(film)
    if target.suffix == film.suffix:
        assert sound_of(target) == sound_of(film)
    else:
        assert [data for data, _ in sound_of(target)] == [data for data, _ in sound_of(film)]


@pytest.mark.parametrize("kind", ["film", "sequence", "stack"])
def test_films_alone_are_blended_over_time_unasked(
    film: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source, frames = film, read(film)
    more = ["--sequence"] if kind == "sequence" else []
    if kind == "sequence":
        source = tmp_path / "frames"
        for number, frame in enumerate(frames):
            write_stack(source / f"{number}.png", frame)
    elif kind == "stack":
        source = tmp_path / "a.npy"
        write_stack(source, frames)
    noted = []
    for steady in ("auto", "off", "on"):
        out = tmp_path / steady
        denoise(source, *more, "--out", out, "--json", "--quiet", "--steady", steady)
        (row,) = json.loads(capsys.readouterr().out)
        noted.append(any("were blended where nothing changes" in note for note in row["notes"]))
    assert noted == [kind == "film", False, True]


def test_an_image_is_written_to_the_file_that_out_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noisy = scene(1)[0]
    for name in ("a.tif", "a.png"):
        write_stack(tmp_path / name, noisy)
    out = tmp_path / "results" / "result.tif"
    denoise(tmp_path / "a.tif", "--out", out)
    assert out.is_file()
    denoise(tmp_path / "a.tif", "--out", out, status=2)
    assert "--overwrite" in capsys.readouterr().err
    denoise(tmp_path / "a.png", "--out", out, "--overwrite", status=2)
    assert "use a name that ends in .png" in capsys.readouterr().err
    denoise(tmp_path / "a.png", tmp_path / "a.tif", "--out", out, status=2)
    assert "names a file, and there are 2 inputs" in capsys.readouterr().err
    denoise(tmp_path, "--out", tmp_path / "b.png", "--engine", "processes", status=2)
    assert "name a folder" in capsys.readouterr().err


def test_a_sequence_is_denoised_as_one_stack(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames, out = tmp_path / "frames", tmp_path / "out"
    for number, image in enumerate(scene(COUNT), 8):
        frames.mkdir(exist_ok=True)
        write_stack(frames / f"frame_{number}.png", image)
    denoise(frames, "--out", out, "--sequence", "--json", "--quiet")
    (row,) = json.loads(capsys.readouterr().out)
    assert row["input"] == str(frames)
    assert row["megapixels"] == COUNT * 48 * 64 / 1e6
    assert sorted(out.iterdir()) == sorted(out / path.name for path in frames.iterdir())
    clean = read(out, sequence=True)
    assert list(map(number_of, clean)) == list(range(COUNT))
    denoise(frames, "--out", out, "--sequence", "--skip-existing")
    assert "1 were there" in capsys.readouterr().err
    denoise(frames, "--out", out, "--sequence", "--engine", "processes", status=2)
    assert "--sequence is for this process" in capsys.readouterr().err
    denoise(frames, "--out", tmp_path / "plain", "--quiet")  # file by file, the same
    alone = read(tmp_path / "plain", sequence=True).astype(int)
    assert np.abs(alone - clean).max() <= 1  # images that are taken together round otherwise
