"""Settings from presets, TOML files and arguments, laid over each other."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

from unnoise.errors import ConfigError, UnknownNameError
from unnoise.runs.config import ASKED, LENGTHS, Setting, Settings, TrainConfig

EXCLUSIVE = (set(LENGTHS), {"model", "init"})

PRESETS: dict[str, Settings] = {
    # The recipe of the tutorial that the project grew from.
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
    # Features to classify with, of digits and other small images (docs/features.md).
    "features": {
        "noise": "warp:1+gaussian:0.3",
        "model": "autoencoder-m",
        "loss": "bce",
        "lr": 3e-3,
        "batch_size": 128,
        "epochs": 20,
    },
}


def layer_settings(
    said: Settings, *, preset: str | None = None, file: Path | None = None
) -> TrainConfig:
    """Lay settings over the defaults: ``choose_settings``, as a config."""
    chosen: dict[str, Any] = choose_settings(said, preset=preset, file=file)
    return TrainConfig(**chosen)


def choose_settings(
    said: Settings, *, preset: str | None = None, file: Path | None = None
) -> dict[str, Setting]:
    """Return the settings of the preset, the file and ``said``, without the defaults.

    A length (epochs, steps or minutes) replaces any length below it, and a network (model or init)
    any network.

    Raises:
        ConfigError: A setting is unknown or of the wrong type.
        UnknownNameError: There is no such preset.
    """
    if preset is not None and preset not in PRESETS:
        raise UnknownNameError("preset", preset, PRESETS)
    merged: dict[str, Setting] = {}
    for layer in (PRESETS[preset] if preset else {}, read_settings(file) if file else {}, said):
        for exclusive in EXCLUSIVE:
            if exclusive & layer.keys():
                for name in exclusive:
                    merged.pop(name, None)
        merged |= layer
    return {name: check_setting(name, merged[name]) for name in merged}


def read_settings(path: Path) -> dict[str, Setting]:
    """Read settings from a TOML file of the form ``to_toml`` writes.

    Raises:
        ConfigError: The file cannot be read, is not TOML, or a setting is unknown or of a wrong
            type.
    """
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read {path} as TOML: {error}") from error
    return {
        name: check_setting(name, value, where=f" in {path}")
        for name, value in settings.items()
        if name != ASKED
    }


def check_setting(name: str, value: object, *, where: str = "") -> Setting:
    """Return ``value`` if the setting exists and takes it (an int counts as a float)."""
    hints = get_type_hints(TrainConfig)
    if name not in hints:
        raise ConfigError(f"{UnknownNameError('setting', name, hints)}{where}")
    if hints[name] == tuple[float, float] | None:
        pair = value if isinstance(value, list | tuple) else ()
        if len(pair) != 2 or not all(type(end) in (int, float) for end in pair):
            raise ConfigError(f"{name} is {value!r}{where}: it is two numbers, such as [0, 4095]")
        return float(pair[0]), float(pair[1])
    options = [
        option
        for hint in get_args(hints[name]) or (hints[name],)
        for option in (get_args(hint) or (hint,))
        if option is not NoneType
    ]
    literal = not isinstance(options[0], type)
    if literal and value not in options:
        allowed = ", ".join(map(str, options))
        raise ConfigError(f"{name} is {value!r}{where}: it is one of {allowed}")
    kinds = tuple(map(type, options)) if literal else (*options, *[int] * (float in options))
    # bool is an int to Python, and not to people.
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        wanted = " or ".join(kind.__name__ for kind in options) if not literal else "a name"
        raise ConfigError(f"{name} is {value!r}{where}: it must be {wanted}")
    assert isinstance(value, str | int | float | bool)
    if str in kinds:  # a number may stand for text
        return str(value)
    return float(value) if float in kinds else value


def to_toml(settings: Mapping[str, Setting | None]) -> str:
    """Write each setting that is set as a line of TOML, which ``read_settings`` reads back."""
    return "".join(
        # Strings and numbers of JSON are those of TOML, which also wants DEL to be escaped.
        f"{name} = {json.dumps(value, ensure_ascii=False)}\n".replace("\x7f", "\\u007f")
        for name, value in settings.items()
        if value is not None
    )
