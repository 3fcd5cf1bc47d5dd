"""Calibration at the end of a training, intervals, and the verbs that use them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import unnoise
from unnoise.api.denoising import denoise_files
from unnoise.cli import main
from unnoise.data import load_images
from unnoise.errors import ConfigError, DataError, ModelError, ModelFileError
from unnoise.images import to_float, write_stack
from unnoise.noise import parse_noise
from unnoise.runs import read_model_file, write_model_file
from unnoise.seeding import generator


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run on digits with intervals."""
    folder = tmp_path_factory.mktemp("runs") / "bounded"
    unnoise.train("digits", steps=250, batch_size=32, intervals=0.9, out=folder)
    return folder


def digits(count: int, spec: str = "gaussian:0.3,clip") -> tuple[np.ndarray, np.ndarray]:
    clean = to_float(load_images("digits", split="test").stack[:count])
    noisy = parse_noise(spec)(torch.from_numpy(clean), generator(1, "test")).numpy()
    return noisy, clean


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_intervals_cover_what_they_say(bounded: Path) -> None:
    denoiser = unnoise.load(bounded, device="cpu")
    noisy, clean = digits(500)
    restored = denoiser.denoise_floats(noisy)
    below, above = denoiser.find_distances(noisy, restored)
    inside = (clean >= restored - below) & (clean <= restored + above)
    assert 0.87 <= inside.mean() <= 0.94
    found = unnoise.inspect(denoiser, noisy[0, 0])
    assert found.lower is not None
    expected = (restored - below)[0, 0].clip(0, 1)
    np.testing.assert_allclose(found.lower.astype(float), expected, atol=1e-5)


def test_digits_are_trusted_and_other_images_are_not(bounded: Path) -> None:
    denoiser = unnoise.load(bounded, device="cpu")
    noisy, clean = digits(60)
    found = [unnoise.inspect(denoiser, image[0]) for image in noisy]
    assert np.mean([each.verdict != "trust" for each in found]) <= 0.15
    # Small images: each by itself is off, the mean is not.
    true = -10 * np.log10(
        np.mean([(f.image - c[0]) ** 2 for f, c in zip(found, clean, strict=True)])
    )
    assert np.mean([each.psnr for each in found]) == pytest.approx(true, abs=1.5)
    mirrored = [unnoise.inspect(denoiser, 1 - image[0]) for image in noisy[:20]]
    assert all(each.verdict != "trust" for each in mirrored)


def test_the_model_is_the_same_with_and_without_intervals(run: Path) -> None:
    with_bounds = unnoise.train("digits", steps=60, batch_size=16, intervals=0.9)
    image = np.random.default_rng(0).random((28, 28))
    np.testing.assert_allclose(
        with_bounds(image), unnoise.load(run, device="cpu")(image), atol=2e-3
    )


def test_intervals_are_added_to_a_model_that_stays_as_it_is(run: Path, tmp_path: Path) -> None:
    made = unnoise.train(
        "digits", init=run, freeze=True, intervals=0.8, steps=5, out=tmp_path / "r"
    )
    image = np.random.default_rng(0).random((28, 28))
    old, new = unnoise.load(run, device="cpu"), unnoise.load(tmp_path / "r", device="cpu")
    np.testing.assert_array_equal(new(image), old(image))
    assert made.info.bounds is not None
    assert made.info.bounds["level"] == 0.8
    with pytest.raises(ModelError, match="train it with --intervals"):
        old.find_distances(image[None, None].astype("f4"), image[None, None].astype("f4"))
    # Going on from a model with intervals goes on with them.
    again = unnoise.train(
        "digits", init=tmp_path / "r", freeze=True, intervals=0.8, steps=1, lr=1e-9
    )
    noisy, _ = digits(1)
    ours, theirs = (each.find_distances(noisy, noisy)[0] for each in (again, made))
    np.testing.assert_allclose(ours / ours.mean(), theirs / theirs.mean(), rtol=2e-2)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"intervals": 1.5}, "intervals is 1.5: it is a share"),
        ({"freeze": True}, "--freeze leaves the model of --init"),
        ({"intervals": 0.9, "noise": None, "objective": "noise2void"}, "needs clean images"),
    ],
)
def test_intervals_that_cannot_be_are_refused(
    said: dict[str, object], message: str, squares: np.ndarray
) -> None:
    with pytest.raises(ConfigError, match=message):
        unnoise.train(squares, axes="NYX", **({"noise": "gaussian:0.1"} | said))  # type: ignore[arg-type]  # of several types


def test_too_few_images_for_intervals_are_refused(squares: np.ndarray) -> None:
    with pytest.raises(DataError, match="8 held-out images are too few to calibrate"):
        # Refused before the training, which would take hours.
        unnoise.train(squares, axes="NYX", noise="gaussian:0.1", intervals=0.95, steps=10**7)


def test_damaged_bounds_are_refused(bounded: Path, tmp_path: Path) -> None:
    info, weights = read_model_file(bounded / "model.safetensors")
    assert info.bounds is not None
    for change in (
        {"level": 3},
        {"groups": [{"scale": "x"}]},
        {"groups": 3},
        {"groups": [{"scale": 1.0, "up_to": "0.1", "grey": False}]},
        {"arguments": {"channels": 4}},
        {"arguments": 1},
    ):
        info.bounds.update(change)
        write_model_file(tmp_path / "m.safetensors", info, weights)
        with pytest.raises(ModelFileError, match="does not hold the weights it says"):
            unnoise.load(tmp_path / "m.safetensors", device="cpu")


def test_a_model_of_four_channels_denoises_transparent_pictures(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 255, (40, 16, 16, 4), np.uint8)
    denoiser = unnoise.train(images, axes="NYXC", noise="gaussian:0.1", steps=3, batch_size=4)
    write_stack(tmp_path / "a.png", images[0])
    (result,) = denoise_files(denoiser, [tmp_path / "a.png"])
    assert result.error is None


def test_inspect_prints_a_line_per_image_and_a_page(
    bounded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noisy, _ = digits(3)
    scaled = np.rint(noisy * 255).astype(np.uint8)
    write_stack(tmp_path / "in/one.png", scaled[0, 0])
    write_stack(tmp_path / "in/two.npy", scaled[1:, 0, ..., None])
    (tmp_path / "in/bad.png").write_bytes(b"no picture")
    page = tmp_path / "page.html"
    assert call("inspect", bounded, tmp_path / "in", "--report", page) == 2
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert len(lines) == 3
    assert f"{tmp_path / 'in/one.png'}: noise 0." in lines[0]
    assert "two.npy[1]" in lines[2]
    assert "bad.png" in told.err
    assert "1 could not be inspected" in told.err
    html = page.read_text(encoding="utf-8")
    # The maps of one.png; of two.npy two images before and after, and one set of maps.
    assert html.count("data:image/webp") == 1 + 2 * 2 + 1
    assert "http" not in html.replace("http://www.w3.org", "")
    assert call("inspect", bounded, tmp_path / "in/one.png", "--report", page) == 2
    assert "exists" in capsys.readouterr().err
    assert call("inspect", bounded, tmp_path / "in/one.png", "--json", "--quiet") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["verdict"] in ("trust", "check", "reject")
    assert {"noise_level", "familiarity", "removed_structure", "psnr"} <= row.keys()
    assert call("inspect", bounded, tmp_path / "none.png") == 2


def test_denoise_warns_of_images_that_the_model_does_not_know(
    bounded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noisy, _ = digits(1)
    write_stack(tmp_path / "ok.png", np.rint(noisy[0, 0] * 255).astype(np.uint8))
    write_stack(tmp_path / "white.png", np.rint(255 - noisy[0, 0] * 255).astype(np.uint8))
    call_it = ("denoise", tmp_path / "ok.png", tmp_path / "white.png", "--model", bounded)
    assert call(*call_it) == 0
    told = capsys.readouterr().err.splitlines()
    warned = [line for line in told if line.startswith(("check ", "reject "))]
    assert any("white.png" in line for line in warned)
    assert "2 denoised" in told[-1]
    assert " to be " in told[-1]
    assert call(*call_it, "--no-inspect", "--overwrite") == 0
    assert not any(" to be " in line for line in capsys.readouterr().err.splitlines())
    assert call(*call_it, "--overwrite", "--json", "--quiet") == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows[1]["verdict"] in ("check", "reject")
    assert rows[1]["reasons"]
