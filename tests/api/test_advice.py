"""What a training says about its length."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unnoise import train
from unnoise.api.advice import Advice
from unnoise.runs import Settings
from unnoise.training import SCHEDULES

Row = dict[str, float]


def rows_of(quality: list[float], *, steps: int = 20, seconds: float = 100.0) -> list[Row]:
    return [
        {
            "step": 100.0 * (i + 1),
            "steps": 100.0 * steps,
            "seconds": seconds * (i + 1),
            "psnr": each,
            "risk": 10 ** (-each / 10),
        }
        for i, each in enumerate(quality)
    ]


STEEP = [20 + i / 10 for i in range(20)]


def said_at_the_end(rows: list[Row], length: Settings) -> list[str]:
    said: list[str] = []
    Advice(length, 0.0, SCHEDULES["constant"], said.append).at_the_end(rows)
    return said


@pytest.mark.parametrize(
    ("length", "option"),
    [
        ({"minutes": 6.0}, "--minutes 12"),
        ({"minutes": 0.25}, "--minutes 0.5"),
        ({"epochs": 3}, "--epochs 6"),
        ({"steps": 2000}, "--steps 4000"),
        ({"minutes": None, "epochs": None, "steps": None}, "--steps 4000"),
    ],
)
def test_a_steep_end_names_twice_the_length(length: Settings, option: str) -> None:
    (line,) = said_at_the_end(rows_of(STEEP), length)
    assert line == f"twice the time is estimated to gain about 0.3 dB: try {option}"


def test_a_flat_end_says_that_more_time_is_hardly_worth_it() -> None:
    (line,) = said_at_the_end(rows_of([25.0] * 20), {"minutes": 1.0})
    assert line.startswith("twice the time is estimated to gain less than 0.1 dB")
    assert line.endswith(": more time is hardly worth it")


def test_a_training_that_was_ended_early_or_hardly_measured_says_nothing() -> None:
    assert said_at_the_end(rows_of(STEEP[:-1]), {}) == []
    assert said_at_the_end(rows_of(STEEP[:4], steps=4), {}) == []
    assert said_at_the_end([], {}) == []
    short = [row | {"step": row["step"] / 100, "steps": 20.0} for row in rows_of(STEEP)]
    assert said_at_the_end(short, {}) == []


def test_a_long_rest_that_gains_little_is_told_once() -> None:
    said: list[str] = []
    rows = rows_of([25.0] * 20)
    advice = Advice({}, 0.0, SCHEDULES["constant"], said.append)
    for done in range(1, 21):
        advice.on_the_way(rows[:done])
    assert said == [
        "step 700 of 2000: the rest of the training, about 22 min, is estimated to gain less than "
        "0.05 dB"
    ]


@pytest.mark.parametrize("rows", [rows_of(STEEP), rows_of([25.0] * 20, seconds=1.0)])
def test_a_rest_that_gains_or_is_short_is_not_told(rows: list[Row]) -> None:
    said: list[str] = []
    advice = Advice({}, 0.0, SCHEDULES["constant"], said.append)
    for done in range(1, 21):
        advice.on_the_way(rows[:done])
    assert said == []


@pytest.mark.parametrize("noise", ["gaussian:0.1", None])
def test_a_real_training_says_it_with_clean_images_and_without(noise: str | None) -> None:
    random = np.random.default_rng(0)
    scene = np.kron(random.random((64, 6, 6)), np.ones((4, 4)))
    images = (scene + (0 if noise else random.normal(0, 0.1, scene.shape))).astype(np.float32)
    said: list[str] = []
    train(images, axes="NYX", noise=noise, epochs=60, batch_size=16, say=said.append)
    (line,) = [line for line in said if "twice the time" in line]
    assert ("hardly worth it" in line) != ("try --epochs 120" in line)


def test_a_training_of_bounds_alone_says_nothing_about_images(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    images = np.kron(random.random((64, 6, 6)), np.ones((4, 4))).astype(np.float32)
    settings: dict[str, Any] = {
        "axes": "NYX",
        "noise": "gaussian:0.1",
        "batch_size": 16,
        "validation": 0.2,
    }
    train(images, steps=5, say=lambda _: None, **settings).save(tmp_path / "m.safetensors")
    said: list[str] = []
    init = tmp_path / "m.safetensors"
    train(images, steps=240, init=init, freeze=True, intervals=0.8, say=said.append, **settings)
    assert not [line for line in said if "twice the time" in line]


def test_a_training_that_became_slow_says_so_once() -> None:
    said: list[str] = []
    advice = Advice({"minutes": 3.0}, 0.0, SCHEDULES["constant"], said.append)
    rows = rows_of(STEEP, seconds=9.0)  # 20 of them take 3 minutes
    for count in (1, 2):
        advice.on_the_way(rows[:count])
    assert said == []
    for count in (3, 4):
        rows[count - 1]["seconds"] *= 4
        advice.on_the_way(rows[:count])
    (line,) = said
    assert line.startswith("slower than planned: the training takes about 12 min in all")


def test_a_training_of_a_number_of_steps_has_no_planned_time() -> None:
    said: list[str] = []
    Advice({"steps": 2000}, 0.0, SCHEDULES["constant"], said.append).on_the_way(
        rows_of(STEEP, seconds=900.0)[:1]
    )
    assert said == []
