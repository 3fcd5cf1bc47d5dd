import inspect
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import unnoise
from unnoise.api.reporting import write_report
from unnoise.api.showing import draw_noise
from unnoise.errors import ConfigError, RunError, UnnoiseError
from unnoise.runs import RunFolder, TrainConfig
from unnoise.training import Progress

RUN_FILES = {"config.toml", "model.safetensors", "checkpoint.pt", "metrics.csv"}


def test_train_takes_exactly_the_settings_of_the_config() -> None:
    names = {field.name for field in fields(TrainConfig)}
    others = {"preset", "config", "out", "resume", "overwrite", "timeout", "say", "report"}
    assert set(inspect.signature(unnoise.train).parameters) == names | others


def test_a_few_seconds_on_digits_reach_20_db(denoiser: unnoise.Denoiser) -> None:
    result = unnoise.train("digits", steps=250, batch_size=32)
    evaluation = unnoise.evaluate(result, "digits", limit=200, baselines=False)
    assert evaluation.mean("unnoise", "psnr") > 20
    assert evaluation.mean("noisy", "psnr") == pytest.approx(13.33, abs=0.1)
    assert denoiser.info.trained["psnr"] > denoiser.info.trained["noisy_psnr"]


def test_the_run_folder(run: Path) -> None:
    assert {path.name for path in run.iterdir()} >= RUN_FILES
    config = RunFolder(run).read_config()
    assert (config.noise, config.steps, config.epochs) == ("gaussian:0.3,clip", 60, None)
    rows = RunFolder(run).read_metrics()
    assert rows[-1]["step"] == 60
    assert rows[-1]["psnr"] > rows[0]["psnr"]


def test_the_config_repeats_the_run(run: Path) -> None:
    again = unnoise.train(config=run / "config.toml")
    image = np.random.default_rng(0).random((28, 28))
    np.testing.assert_array_equal(again(image), unnoise.load(run, device="cpu")(image))


def test_fine_tuning_starts_from_the_weights_and_network_of_a_model(
    run: Path, squares: np.ndarray
) -> None:
    tuned = unnoise.train(
        squares,
        axes="NYX",
        noise="gaussian:0.2",
        init=run,
        steps=1,
        lr=1e-9,
        batch_size=2,
    )
    start = unnoise.load(run, device="cpu")
    assert tuned.info.model == start.info.model
    np.testing.assert_allclose(tuned(squares[0] / 255), start(squares[0] / 255), atol=1e-5)


def test_fine_tuning_is_resumed_and_refuses_images_of_other_channels(
    run: Path, tmp_path: Path
) -> None:
    tuned = unnoise.train("digits", init=run, steps=2, batch_size=2, out=tmp_path / "run")
    again = unnoise.train(out=tmp_path / "run", resume=True)
    image = np.random.default_rng(0).random((28, 28))
    np.testing.assert_array_equal(tuned(image), again(image))
    # It may start from the model that it replaces, and needs nothing outside of its folder.
    unnoise.train(
        "digits", init=tmp_path / "run", steps=2, batch_size=2, out=tmp_path / "run", overwrite=True
    )
    assert Path(str(RunFolder(tmp_path / "run").read_config().init)).parent == tmp_path / "run"
    unnoise.train(out=tmp_path / "run", resume=True)
    with pytest.raises(ConfigError, match=r"model of 1 channels and the images have 3"):
        unnoise.train(np.zeros((9, 28, 28, 3), np.uint8), init=run, noise="gaussian:0.1", steps=2)


def test_fine_tuning_photo_on_grey_images_takes_its_grey_form(tmp_path: Path) -> None:
    tuned = unnoise.train("digits", init="photo", steps=1, batch_size=2, lr=1e-9)
    assert tuned.info.channels == 1
    photo = unnoise.load("photo", device="cpu", precision="fp32")
    image = np.random.default_rng(0).integers(0, 255, (28, 28), np.uint8)
    assert np.abs(tuned(image).astype(int) - photo(image)).max() <= 1
    tuned.save(tmp_path / "grey.safetensors")
    again = unnoise.load(tmp_path / "grey.safetensors", device="cpu", precision="fp32")
    assert np.abs(again(image).astype(int) - tuned(image)).max() <= 1


def test_grey_shares_are_for_colour_images() -> None:
    with pytest.raises(ConfigError, match="--grey is for clean colour images"):
        unnoise.train("digits", grey=0.5, steps=2)


def test_arrays_and_minutes(squares: np.ndarray, tmp_path: Path) -> None:
    result = unnoise.train(
        squares, axes="NYX", noise="gaussian:0.2", minutes=0.02, batch_size=8, out=tmp_path / "run"
    )
    steps = RunFolder(tmp_path / "run").read_config().steps
    assert steps == result.info.trained["steps"] >= 1
    assert result(squares[0]).dtype == np.uint8


def test_the_global_random_state_is_left_alone() -> None:
    before = torch.random.get_rng_state()
    unnoise.train("digits", steps=2, batch_size=4)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("model", ["unet", "autoencoder"])
def test_classic_settings_train_every_model(model: str) -> None:
    result = unnoise.train("digits", preset="classic", model=model, loss="mse", lr=0.01, steps=3)
    assert result.info.model == model


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"data": "minst"}, "no dataset is called 'minst'"),
        ({"noise": "gaussian"}, "gives gaussian no level"),
        ({"model": "resnet"}, "no model is called 'resnet'"),
        ({"loss": "bce"}, "bce needs outputs in"),
        ({"preset": "modern"}, "no preset is called 'modern'"),
        ({"device": "gpu7"}, "device 'gpu7' cannot be used here"),
        ({"steps": 0}, "must be more than 0"),
        ({"data": np.zeros((6, 8, 8))}, r"\(6, 8, 8\): pass --axes"),
        ({"objective": "noise2nothing"}, "there are auto, .*; did you mean 'noise2noise'"),
        ({"objective": "noise2void", "loss": "l1", "data": np.zeros((20, 20))}, "only mse"),
        ({"channels": 2}, "it is one of 1, 3"),
        ({"patch": 15}, "even and at least 16"),
        ({"stride": 0}, "1 to 16"),
        ({"memory": -1.0}, "more than 0"),
        (
            {"model": "autoencoder", "data": np.zeros((80, 90)), "noise": "mask:0.1"},
            "one small size",
        ),
    ],
)
def test_wrong_settings_leave_nothing_behind(
    settings: dict[str, object], says: str, tmp_path: Path
) -> None:
    with pytest.raises(UnnoiseError, match=says):
        # The point is to pass what the types forbid.
        unnoise.train(**settings, out=tmp_path / "run")  # type: ignore[arg-type]  # of any kind
    assert not (tmp_path / "run").exists() or not list((tmp_path / "run").iterdir())


def test_a_run_is_not_lost_by_accident(run: Path) -> None:
    before = (run / "model.safetensors").read_bytes()
    with pytest.raises(RunError, match="holds a run already"):
        unnoise.train("digits", steps=1, out=run)
    assert (run / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize("preset", [None, "classic"])
def test_stopped_anywhere_a_run_ends_with_the_same_weights(
    preset: str | None, tmp_path: Path
) -> None:
    def train(out: str, stop: int | None = None) -> None:
        def interrupt(progress: Progress) -> None:
            if stop is not None and progress.step >= stop:
                raise KeyboardInterrupt

        unnoise.train(
            "digits", preset=preset, steps=40, batch_size=8, out=tmp_path / out, report=interrupt
        )

    train("whole")
    whole = load_file(tmp_path / "whole/model.safetensors")
    for stop in (1, 17, 40):
        with pytest.raises(KeyboardInterrupt):
            train(str(stop), stop)
        if stop == 40:
            # As if it had been killed in the last validation.
            (tmp_path / "40/metrics.csv").unlink(missing_ok=True)
        resumed = unnoise.train(out=tmp_path / str(stop), resume=True)
        assert resumed.info.trained["psnr"] > 0
        ours = load_file(tmp_path / str(stop) / "model.safetensors")
        assert all(torch.equal(ours[name], whole[name]) for name in whole)


def test_folders_that_cannot_be_resumed(tmp_path: Path, run: Path) -> None:
    with pytest.raises(RunError, match="holds no run"):
        unnoise.train(out=tmp_path, resume=True)
    (tmp_path / "config.toml").write_text((run / "config.toml").read_text())
    with pytest.raises(RunError, match="nothing to resume"):
        unnoise.train(out=tmp_path, resume=True)
    for data in (b"", b"nonsense", (run / "checkpoint.pt").read_bytes()[:1000]):
        (tmp_path / "checkpoint.pt").write_bytes(data)
        with pytest.raises(RunError, match="cannot read the checkpoint"):
            unnoise.train(out=tmp_path, resume=True)
    torch.save({"model": torch.rand(1)}, tmp_path / "checkpoint.pt")
    with pytest.raises(RunError, match="no checkpoint of unnoise"):
        unnoise.train(out=tmp_path, resume=True)
    (tmp_path / "checkpoint.pt").write_bytes((run / "checkpoint.pt").read_bytes())
    config = (run / "config.toml").read_text().replace('"unet"', '"autoencoder"')
    (tmp_path / "config.toml").write_text(config)
    with pytest.raises(RunError, match="which was changed since"):
        unnoise.train(out=tmp_path, resume=True)


def test_add_noise() -> None:
    image = np.full((64, 64, 3), 128, np.uint8)
    noisy = unnoise.add_noise(image, "gaussian:0.1", seed=1)
    assert (noisy.shape, noisy.dtype) == (image.shape, image.dtype)
    assert (noisy / 255.0).std() == pytest.approx(0.1, rel=0.05)
    np.testing.assert_array_equal(noisy, unnoise.add_noise(image, "gaussian:0.1", seed=1))
    floats = unnoise.add_noise(np.ones((64, 64)), "gaussian:0.1")
    assert floats.max() > 1


def test_evaluation_is_repeatable_and_limited(denoiser: unnoise.Denoiser) -> None:
    once = unnoise.evaluate(denoiser, "digits", limit=5, baselines=False)
    again = unnoise.evaluate(denoiser, "digits", limit=5, baselines=False)
    assert once.rows()[0]["psnr"] == again.rows()[0]["psnr"]
    assert once.per_image["noisy"]["mse"].shape == (5,)
    with pytest.raises(ConfigError, match="limit is -1"):
        unnoise.evaluate(denoiser, "digits", limit=-1)


def test_the_report_of_a_run_on_own_images_uses_held_out_ones(
    squares: np.ndarray,
    tmp_path: Path,
) -> None:
    np.save(tmp_path / "squares.npy", squares)
    source, out = tmp_path / "squares.npy", tmp_path / "run"
    unnoise.train(source, axes="NYX", noise="mask:0.2", steps=3, out=out)
    path, evaluation = write_report(tmp_path / "run")
    assert evaluation is not None
    assert len(evaluation.per_image["noisy"]["psnr"]) == 8
    assert "held-out parts" in path.read_text()
    (tmp_path / "run/model.safetensors").unlink()
    with pytest.raises(RunError, match="--resume"):
        write_report(tmp_path / "run")


def test_draw_noise(tmp_path: Path) -> None:
    draw_noise("digits", tmp_path / "grid.png", noise="mask:0.2")
    assert (tmp_path / "grid.png").read_bytes()[:4] == b"\x89PNG"
