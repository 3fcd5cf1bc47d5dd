"""The settings of a training: one dataclass behind Python, command line and TOML."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from unnoise.errors import ConfigError, UnknownNameError

Setting = str | int | float | bool
Settings = Mapping[str, Setting]

# The recipe of the tutorial that the project grew from.
PRESETS: dict[str, Settings] = {
    "classic": {
        "data": "mnist",
        "noise": "gaussian:0.3,clip",
        "model": "autoencoder",
        "loss": "bce",
        "optimizer": "sgd",
        "lr": 0.5,
        "schedule": "constant",
        "average": False,
        "batch_size": 128,
        "epochs": 20,
        "validation": 0.2,
        "seed": 13,
        # The sigmoid and the clip at 1e-7 need it.
        "precision": "fp32",
    },
}


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The settings of a training.

    Parameters
    ----------
    data
        A named dataset, or a file or folder of images of one size.
    noise
        What corrupts the clean images, such as gaussian:0.3,clip or poisson:30..60+gaussian:0.02.
        Named datasets have a default.
    model
        The network: unet or autoencoder.
    epochs
        Train for this many passes over the data.
    steps
        Train for this many batches.
    minutes
        Train for about this long (a fraction is fine): the speed is measured first and the number
        of steps fixed by it.
    batch_size
        Images a batch.
    lr
        The highest learning rate.
    loss
        What is minimised. bce needs a model whose outputs lie in [0, 1].
    optimizer
        adamw, or plain sgd.
    schedule
        cosine warms up and decays to nearly zero; constant does not change.
    average
        Keep the moving average of the weights, and deliver it.
    validation
        Share of the images held out to validate.
    seed
        Decides the weights, the split, the order and the noise.
    precision
        Arithmetic of the training; auto takes bf16 where the hardware has it, else fp32.
    device
        cpu, cuda, mps or auto.
    data_dir
        Where to look for named datasets first (before $UNNOISE_DATA).
    """

    data: str = "digits"
    noise: str | None = None
    model: str = "unet"
    epochs: int | None = None
    steps: int | None = None
    minutes: float | None = None
    batch_size: int = 64
    lr: float = 1.6e-2
    loss: Literal["mse", "l1", "bce"] = "mse"
    optimizer: Literal["adamw", "sgd"] = "adamw"
    schedule: Literal["cosine", "constant"] = "cosine"
    average: bool = True
    validation: float = 0.2
    seed: int = 0
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    device: str = "auto"
    data_dir: str | None = None

    def __post_init__(self) -> None:
        """Check every setting that can be checked without the data."""
        lengths = [name for name in ("epochs", "steps", "minutes") if getattr(self, name)]
        if len(lengths) > 1:
            raise ConfigError(f"{' and '.join(lengths)} are both set: a training has one length")
        for name in ("epochs", "steps", "minutes", "batch_size", "lr"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise ConfigError(f"{name} is {value}: it must be more than 0")
        if not 0 < self.validation < 1:
            raise ConfigError(
                f"validation is {self.validation}: it is the share of the images held out, "
                "more than 0 and less than 1"
            )


def layer_settings(
    said: Settings, *, preset: str | None = None, file: Path | None = None
) -> TrainConfig:
    """Lay settings over each other: defaults, then the preset, the file, and what was said.

    A length (epochs, steps or minutes) that is said replaces whichever length lies below it.

    Raises:
        ConfigError: A setting is unknown, of the wrong type, or out of range.
        UnknownNameError: There is no such preset.
    """
    if preset is not None and preset not in PRESETS:
        raise UnknownNameError("preset", preset, PRESETS)
    merged: dict[str, Setting] = {}
    for layer in (PRESETS[preset] if preset else {}, read_settings(file) if file else {}, said):
        if {"epochs", "steps", "minutes"} & layer.keys():
            for name in ("epochs", "steps", "minutes"):
                merged.pop(name, None)
        merged |= layer
    checked: dict[str, Any] = {name: check_setting(name, merged[name]) for name in merged}
    return TrainConfig(**checked)


def read_settings(path: Path) -> dict[str, Setting]:
    """Read settings from a TOML file of the form ``to_toml`` writes.

    Raises:
        ConfigError: The file cannot be read, is not TOML, or a setting is unknown or of a wrong
            type.
    """
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read {path} as TOML: {error}") from error
    return {
        name: check_setting(name, value, where=f" in {path}") for name, value in settings.items()
    }


def check_setting(name: str, value: object, *, where: str = "") -> Setting:
    """Return ``value`` if the setting exists and takes it (an int counts as a float)."""
    hints = get_type_hints(TrainConfig)
    if name not in hints:
        raise ConfigError(f"{UnknownNameError('setting', name, hints)}{where}")
    options = [
        option for option in get_args(hints[name]) or (hints[name],) if option is not NoneType
    ]
    literal = get_origin(hints[name]) is Literal
    if literal and value not in options:
        raise ConfigError(f"{name} is {value!r}{where}: it is one of {', '.join(options)}")
    kinds = tuple({str} if literal else {*options, *({int} if float in options else ())})
    # bool is an int to Python, and not to people.
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        wanted = " or ".join(kind.__name__ for kind in options) if not literal else "a name"
        raise ConfigError(f"{name} is {value!r}{where}: it must be {wanted}")
    assert isinstance(value, Setting)
    return float(value) if float in kinds else value


def to_toml(config: TrainConfig) -> str:
    """Write a config as TOML that ``read_settings`` reads back to an equal one."""
    lines = [
        # Strings and numbers of JSON are those of TOML, which also wants DEL to be escaped.
        f"{name} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", "\\u007f")
        for name, value in asdict(config).items()
        if value is not None
    ]
    return "\n".join(lines) + "\n"


SETTING_NAMES = tuple(field.name for field in fields(TrainConfig))
