from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unnoise.errors import ConfigError
from unnoise.runs import (
    FREE,
    LENGTHS,
    TrainConfig,
    beside,
    differences,
    may_be_longer,
    other_length,
)
from unnoise.runs.asking import asked_table, fixed, parse_asked
from unnoise.runs.layers import read_settings, to_toml

ASKED = TrainConfig(data="scans/", noise="gaussian:.2", minutes=4.0, init="photo")
COMPLETE = replace(
    ASKED,
    noise="gaussian:0.2",
    minutes=None,
    steps=1234,
    batch_size=8,
    lr=0.003,
    init="runs/a/init.safetensors",
)
BESIDE = beside(COMPLETE, asdict(ASKED))


def test_what_completing_changed_is_kept_beside_the_settings(tmp_path: Path) -> None:
    assert BESIDE == {"noise": "gaussian:.2", "minutes": 4.0, "init": "photo"}
    text = to_toml(asdict(COMPLETE)) + asked_table(BESIDE)
    assert parse_asked(text) == BESIDE
    (tmp_path / "config.toml").write_text(text)
    settings: dict[str, Any] = dict(read_settings(tmp_path / "config.toml"))
    assert TrainConfig(**settings) == COMPLETE
    assert parse_asked(to_toml(asdict(COMPLETE))) == {}


@pytest.mark.parametrize(
    "now",
    [
        {},
        {name: value for name, value in asdict(ASKED).items() if value is not None},
        {name: value for name, value in asdict(COMPLETE).items() if value is not None},
        {"noise": "gaussian:0.20", "data": "./scans"},
        {"device": "cuda", "compile": True, "data_dir": "/elsewhere"},
    ],
)
def test_the_same_is_known_again_however_it_is_said(now: dict[str, Any]) -> None:
    assert differences(now, COMPLETE, BESIDE) == []
    assert other_length(now, COMPLETE, BESIDE) == {}


def test_all_that_differ_are_named_with_both_values() -> None:
    now: dict[str, Any] = {
        "seed": 1,
        "lr": 0.1,
        "targets": "clean",
        "init": "other",
        "data": "scans",
        "steps": 9,
    }
    assert differences(now, COMPLETE, BESIDE) == [
        "seed was 0 and is now 1",
        "lr was 0.003 and is now 0.1",
        "targets was not set and is now clean",
        "init was photo and is now other",
    ]
    # A default that was left out before is another setting where the run has another value.
    assert differences({"seed": 0}, replace(COMPLETE, seed=5), {}) == ["seed was 5 and is now 0"]


@given(st.sampled_from([name for name in asdict(COMPLETE) if name not in (*FREE, *LENGTHS)]))
def test_any_other_value_of_a_setting_is_a_difference(name: str) -> None:
    assert len(differences({name: "gaussian:7e-3"}, COMPLETE, BESIDE)) == 1


def test_lengths() -> None:
    def longer(**now: float) -> bool:
        return may_be_longer(other_length(now, COMPLETE, BESIDE), COMPLETE, BESIDE)

    assert longer(steps=1235)
    assert longer(minutes=4.5)
    assert longer(epochs=1), "only the images say how many steps that is"
    assert not longer(steps=1234)
    assert not longer(steps=10)
    assert not longer(minutes=3.0)
    for wrong, says in (({"steps": 0}, "more than 0"), ({"steps": 5, "epochs": 1}, "both set")):
        with pytest.raises(ConfigError, match=says):
            other_length(wrong, COMPLETE, BESIDE)


def test_a_config_may_change_in_length_and_place_only() -> None:
    text = "# supervised: why\n" + to_toml(asdict(COMPLETE)) + asked_table(BESIDE)
    moved = replace(COMPLETE, steps=9, device="cuda", data_dir="/there")
    assert fixed("# supervised: why\n" + to_toml(asdict(moved))) == fixed(text)
    assert fixed("# noise2void: why\n" + to_toml(asdict(COMPLETE))) != fixed(text)
    assert fixed("# supervised: why\n" + to_toml(asdict(replace(COMPLETE, seed=1)))) != fixed(text)
