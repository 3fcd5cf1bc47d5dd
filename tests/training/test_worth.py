"""What more time is worth, on curves whose future is known."""

import math

import pytest

from unnoise.training import LITTLE, REST, SCHEDULES, gain_of_rest, gain_of_twice
from unnoise.training.worth import BEND, qualities

COUNT = 20


Row = dict[str, float]


def rows_of(quality: list[float], *, clean: bool = True, noise: float = 0.0) -> list[Row]:
    """Return metrics with these qualities in dB, at even steps."""
    return [
        {
            "step": 100.0 * (i + 1),
            "steps": 100.0 * COUNT,
            "psnr": each if clean else math.nan,
            "risk": noise + 10 ** (-each / 10),
        }
        for i, each in enumerate(quality)
    ]


def twice(rows: list[Row], noise: float = 0.0, schedule: str = "cosine") -> float | None:
    return gain_of_twice(rows, noise, SCHEDULES[schedule])


EVEN = [20 + i / 10 for i in range(COUNT)]


def test_twice_the_training_gains_a_share_of_a_doubling_in_the_second_quarter() -> None:
    rows = rows_of(EVEN)
    # At a constant rate, from a quarter to a half is one doubling.
    assert twice(rows, schedule="constant") == pytest.approx(BEND * 0.5)
    # The cosine begins to fall: it is less than a doubling of the rates.
    falling = twice(rows)
    assert falling is not None
    assert BEND * 0.5 < falling < BEND * 0.8


def test_the_end_which_flattens_by_itself_does_not_count() -> None:
    flat = EVEN[:10] + [EVEN[9]] * 10
    assert twice(rows_of(flat)) == twice(rows_of(EVEN))


def test_what_is_too_short_or_was_made_longer_cannot_be_told() -> None:
    rows = rows_of(EVEN)
    assert twice(rows) is not None
    assert twice([]) is None
    assert twice(rows[:-1]) is None  # ended early
    assert twice(rows[-5:]) is None  # too few validations
    assert twice([row | {"step": row["step"] / 20, "steps": 100.0} for row in rows]) is None
    longer = [row | {"steps": 500.0} for row in rows[:5]] + rows[5:]
    assert twice(longer) is None


def test_the_best_so_far_counts() -> None:
    rows = rows_of([20.0] * 4 + [21.0, 15.0] + [20.5] * 14)
    assert qualities(rows, 0.0)[-15:] == [21.0] * 15
    assert twice(rows) == 0 < LITTLE


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_without_clean_images_the_noise_is_taken_off_the_risk(noise: float) -> None:
    noisy = rows_of(EVEN, clean=False, noise=noise)
    assert twice(noisy, noise) == pytest.approx(twice(rows_of(EVEN)) or 0)
    # A noise that is estimated too high makes no gain endless.
    most = twice(noisy, 2 * noise + 1)
    assert most is not None
    assert math.isfinite(most)


def test_the_rest_of_an_even_curve_over_the_logarithm_is_foretold() -> None:
    rows = rows_of([20 + math.log(i + 1) for i in range(COUNT)])
    assert gain_of_rest(rows[:5], 0.0) is None  # too early
    short = [row | {"step": row["step"] / 20, "steps": 100.0} for row in rows]
    assert gain_of_rest(short[:15], 0.0) is None
    for done in (10, 15, 19):
        rest = math.log(COUNT) - math.log(done)
        assert gain_of_rest(rows[:done], 0.0) == pytest.approx(rest, rel=0.03)
    assert gain_of_rest(rows, 0.0) == 0


def test_a_flat_curve_gains_nothing() -> None:
    rows = rows_of([25.0] * COUNT)
    assert twice(rows) == 0 < LITTLE
    assert gain_of_rest(rows[:10], 0.0) == 0 < REST
