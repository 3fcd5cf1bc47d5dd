"""The settings that a run was started with, and how later ones differ from them.

The config of a run is complete: a batch size was filled in, minutes became steps. Its table
``[asked]`` keeps the settings that the user gave, where they differ. So the same command is known
again.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from unnoise.runs.config import ASKED, AUTO, LENGTHS, Setting, Settings, TrainConfig
from unnoise.runs.layers import to_toml

# Where and how a training is computed: its result stays the same, up to rounding.
FREE = ("device", "compile", "data_dir")
PLACES = ("data", "targets", "noisy", "init")


def beside(config: TrainConfig, asked: Mapping[str, Any]) -> dict[str, Setting]:
    """Return the settings that the user gave, where the complete config differs."""
    complete = asdict(config)
    return {name: value for name, value in asked.items() if value not in (None, complete[name])}


def asked_table(asked: Settings) -> str:
    """Write the settings that the user gave as a table of TOML, which goes below the others."""
    return f"\n[{ASKED}]\n{to_toml(asked)}" if asked else ""


def parse_asked(text: str) -> dict[str, Setting]:
    """Read that table from the text of a config; it is empty in those of earlier versions."""
    asked: dict[str, Setting] = tomllib.loads(text).get(ASKED, {})
    return asked


def fixed(text: str) -> tuple[list[str], dict[str, Any]]:
    """Return what stays in the text of a config as long as a run goes on: comments and settings."""
    settings = tomllib.loads(text)
    kept = {name: settings[name] for name in settings.keys() - {ASKED, *LENGTHS, *FREE}}
    return [line for line in text.splitlines() if line.startswith("#")], kept


def differences(now: Settings, config: TrainConfig, asked: Settings) -> list[str]:
    """Name the settings given now that differ from a run's: from its config, and from ``asked``.

    The length and the settings of ``FREE`` may differ, and settings may be left out.
    """
    complete = asdict(config)
    return [
        f"{name} was {_shown(name, complete, asked)} and is now {value}"
        for name, value in now.items()
        if name not in (*FREE, *LENGTHS)
        and not any(_same(name, value, old) for old in (complete[name], asked.get(name)))
    ]


def other_length(now: Settings, config: TrainConfig, asked: Settings) -> dict[str, Any]:
    """Return the length that is given now, if it is not the length of the run."""
    known = _lengths(config, asked)
    lengths: dict[str, Any] = {name: now[name] for name in LENGTHS if name in now}
    TrainConfig(**lengths)  # raises ConfigError if it is no length
    return {name: value for name, value in lengths.items() if value != known.get(name)}


def may_be_longer(length: Mapping[str, Any], config: TrainConfig, asked: Settings) -> bool:
    """Whether another length may be more than the length of the run, before images are read.

    Only lengths of one kind can be compared; how many steps an epoch has depends on the images.
    """
    known = _lengths(config, asked)
    return any(name not in known or value > known[name] for name, value in length.items())


def _lengths(config: TrainConfig, asked: Settings) -> dict[str, Any]:
    return {"steps": config.steps, **{name: asked[name] for name in LENGTHS if name in asked}}


def _same(name: str, value: Setting, old: Setting | None) -> bool:
    if old is None or value == old or name not in ("noise", *PLACES):
        return value == old
    if name == "noise":
        if AUTO in (value, old):
            return False
        from unnoise.noise import parse_noise  # loads torch, which reading a config must not

        return str(parse_noise(str(value))) == str(parse_noise(str(old)))
    return Path(str(value)).resolve() == Path(str(old)).resolve()


def _shown(name: str, complete: Mapping[str, Any], asked: Settings) -> object:
    shown = asked.get(name, complete[name]) if name in PLACES else complete[name]
    return "not set" if shown is None else shown
