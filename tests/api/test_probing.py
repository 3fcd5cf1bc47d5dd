"""``unnoise.probe`` and ``unnoise probe``: few labels, other features, noise, and the page."""

import json
from pathlib import Path

import numpy as np
import pytest

import unnoise
from unnoise.api.probing import write_probe
from unnoise.cli import main
from unnoise.denoiser import Denoiser
from unnoise.errors import ConfigError, DataError, ModelError, OutputError
from unnoise.images import write_stack


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run that learned features of digits in some seconds."""
    folder = tmp_path_factory.mktemp("runs") / "features"
    unnoise.train(
        "digits",
        noise="warp:1+gaussian:0.2",
        model="autoencoder-m",
        loss="bce",
        lr=3e-3,
        epochs=4,
        out=folder,
    )
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return images of two classes, bright above and bright below."""
    random = np.random.default_rng(0)
    for name, rows in (("above", slice(0, 14)), ("below", slice(14, 28))):
        images = random.integers(0, 60, (30, 28, 28, 1)).astype(np.uint8)
        images[:, rows] += 150
        (tmp_path / name).mkdir()
        for index, image in enumerate(images):
            write_stack(tmp_path / name / f"{index}.png", image)
    return tmp_path


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_features_beat_pixels_and_random_networks(features: Path) -> None:
    found = unnoise.probe(unnoise.load(features), "digits", labels=(10,), seeds=3)
    errors = {score.features: score.mean for score in found.scores}
    assert list(errors) == ["unnoise", "raw pixels", "PCA", "random network"]
    assert errors["unnoise"] < min(errors["raw pixels"], errors["PCA"]) - 0.05
    assert errors["unnoise"] < errors["random network"] - 0.05
    assert found.images == (5_000, 1_000)
    assert found.confusion.sum() == 1_000
    assert found.map is None


def test_levels_and_pools_choose_the_features(denoiser: Denoiser) -> None:
    found = unnoise.probe(denoiser, "digits", labels=(5,), seeds=1, levels=(0, 2), pool=2)
    assert found.scores[0].size == (8 + 32) * 4
    with pytest.raises(ModelError, match="levels are"):
        unnoise.probe(denoiser, "digits", levels=(7,))
    with pytest.raises(ConfigError, match="600 labels for each class"):
        unnoise.probe(denoiser, "digits", labels=(600,))
    images = np.zeros((2, 28, 28), np.uint8)
    assert denoiser.encode(images, levels=(0, 2), pool=2).shape == (2, 160)
    assert denoiser.encode(images, pool=1).shape == (2, 32)
    assert denoiser.encode(images).shape == (2, 32, 7, 7)


def test_noise_costs_accuracy_and_denoising_brings_it_back(
    features: Path, denoiser: Denoiser
) -> None:
    found = unnoise.probe(
        unnoise.load(features),
        "digits",
        labels=(10,),
        seeds=1,
        noise="gaussian:0..0.6,clip",
        denoiser=denoiser,
    )
    assert found.clean is not None
    assert found.clean > 0.9
    assert [row.noise for row in found.recovered][::2] == [
        "gaussian:0,clip",
        "gaussian:0.3,clip",
        "gaussian:0.6,clip",
    ]
    assert found.recovered[0].noisy == found.clean
    last = found.recovered[2]
    assert last.noisy < found.clean - 0.05
    assert last.denoised > last.noisy


def test_the_verb_prints_a_table_or_json_and_writes_a_page(
    features: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    arguments = (
        "probe",
        features,
        "digits",
        "--labels",
        5,
        "--labels",
        10,
        "--seeds",
        2,
        "--quiet",
    )
    assert call(*arguments, "--report", page) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    lines = printed.out.splitlines()
    assert lines[0].startswith("autoencoder-m of digits, logistic, digits: 1,000 test images")
    assert len(lines) == 2 + 4 * 2
    html = page.read_text()
    assert html.count("data:image/png") == 2
    assert "http" not in html.replace("http-equiv", "")
    assert call(*arguments, "--report", page) == 2
    assert "exists" in capsys.readouterr().err
    assert call(*arguments, "--json", "--noise", "mask:0.2") == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["labels"] for row in found["scores"]] == [5, 10] * 4
    assert np.sum(found["confusion"]) == 1_000
    assert found["recovered"][0]["noise"] == "mask:0.2"


def test_own_images_in_a_folder_of_classes(features: Path, folder: Path, tmp_path: Path) -> None:
    found = unnoise.probe(
        unnoise.load(features), folder, labels=(5, 0), seeds=2, draw=True, classifier="knn"
    )
    assert found.classes == ("above", "below")
    assert found.images == (48, 12)
    assert all(score.mean == 0 for score in found.scores if score.features == "raw pixels")
    write_probe(tmp_path / "page.html", found)
    with pytest.raises(OutputError, match="exists"):
        write_probe(tmp_path / "page.html", found)


def test_bad_input_is_one_message(
    features: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = {
        ("probe", features, folder / "above"): "has no classes",
        ("probe", features, "nowhere"): "no such folder",
        ("probe", features, folder, "--labels", 100): "one class has",
        ("probe", features, "digits", "--noise", "fog:1"): "no noise is called",
        ("probe", features, "digits", "--denoiser", features): "--noise: give both",
        ("probe", features, "digits", "--classifier", "tree"): "tree",
        ("probe", folder / "no.safetensors", "digits"): "there is no model file",
    }
    for arguments, message in cases.items():
        assert call(*arguments, "--quiet") == 2, arguments
        printed = capsys.readouterr()
        assert message in printed.err, printed.err
        assert printed.err.count("\n") == 1
    with pytest.raises(DataError, match="no classes"):
        unnoise.probe(unnoise.load(features), folder / "above")
