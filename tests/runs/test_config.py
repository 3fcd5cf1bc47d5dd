from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unnoise.errors import ConfigError, UnknownNameError
from unnoise.runs import TrainConfig, layer_settings
from unnoise.runs.layers import PRESETS, read_settings, to_toml


@given(
    st.builds(
        TrainConfig,
        data=st.text(max_size=20),
        noise=st.none() | st.text(max_size=20),
        epochs=st.none() | st.integers(1, 10**6),
        lr=st.floats(1e-9, 1e3),
        validation=st.floats(0.001, 0.999),
        average=st.booleans(),
        seed=st.integers(-(2**40), 2**40),
        loss=st.sampled_from(["mse", "l1", "bce"]),
    )
)
def test_toml_gives_the_config_back(config: TrainConfig) -> None:
    import tomllib

    parsed = tomllib.loads(to_toml(asdict(config)))
    assert layer_settings(parsed) == config


def test_layers_lie_over_each_other(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("seed = 5\nminutes = 2\nlr = 1\n")
    config = layer_settings({"seed": 7}, preset="classic", file=file)
    assert (config.seed, config.minutes, config.epochs, config.lr) == (7, 2.0, None, 1.0)
    assert config.model == "autoencoder"
    assert layer_settings({"steps": 3}, file=file).minutes is None
    tuned = layer_settings({"init": "photo"}, preset="classic")
    assert (tuned.init, tuned.model) == ("photo", "auto")


def test_the_classic_preset_is_the_tutorials_recipe() -> None:
    config = asdict(layer_settings({}, preset="classic"))
    assert PRESETS["classic"].items() <= config.items()
    assert (config["optimizer"], config["lr"], config["loss"]) == ("sgd", 0.5, "bce")
    assert (config["noise"], config["validation"], config["seed"]) == ("gaussian:0.3,clip", 0.2, 13)
    assert (config["batch_size"], config["epochs"], config["average"]) == (128, 20, False)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"epoch": 3}, "did you mean 'epochs'"),
        ({"epochs": 0}, "epochs is 0: it must be more than 0"),
        ({"epochs": 1.5}, "epochs is 1.5: it must be int"),
        ({"epochs": True}, "epochs is True"),
        ({"epochs": 1, "steps": 2}, "epochs and steps are both set"),
        ({"minutes": -1}, "more than 0"),
        ({"minutes": float("nan")}, "more than 0"),
        ({"lr": "fast"}, "lr is 'fast': it must be float"),
        ({"loss": "l2"}, "loss is 'l2': it is one of mse, l1, root-l1, bce"),
        ({"validation": 1.0}, "less than 1"),
        ({"grey": 1.0}, "grey is 1.0: it is a share"),
        ({"init": "photo", "model": "unet-s"}, "brings its own network"),
        ({"average": 1}, "average is 1: it must be bool"),
        ({"seed": [1]}, "seed is .1.: it must be int"),
    ],
)
def test_wrong_settings_are_explained(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        layer_settings(settings)


def test_wrong_files_are_explained(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    with pytest.raises(ConfigError, match="cannot read"):
        read_settings(file)
    file.write_text("seed = ")
    with pytest.raises(ConfigError, match="as TOML"):
        read_settings(file)
    file.write_text("sede = 1")
    with pytest.raises(ConfigError, match=r"did you mean 'seed'.*config.toml"):
        read_settings(file)
    with pytest.raises(UnknownNameError, match="no preset is called 'clasic'"):
        layer_settings({}, preset="clasic")
