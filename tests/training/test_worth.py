"""What more time is worth, on curves whose future is known."""

import math

import pytest

from unnoise.training import LITTLE, REST, expected, gained
from unnoise.training.worth import qualities

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


def power_law(share: float, *, speed: float = 0.5) -> float:
    """Return a quality that approaches 30 dB as steps grow."""
    return 30 - 2 / math.pow(share, speed)


def test_the_second_half_gained_the_difference() -> None:
    rows = rows_of([20 + i / 10 for i in range(COUNT)])
    assert gained(rows, 0.0) == pytest.approx(1.0)
    assert gained(rows[:5], 0.0) is None  # too few validations
    short = [row | {"step": row["step"] / 20, "steps": 100.0} for row in rows]
    assert gained(short, 0.0) is None  # too few steps
    assert expected(short[:15], 0.0) is None


def test_the_best_so_far_counts() -> None:
    rows = rows_of([20.0] * 10 + [21.0, 15.0] + [20.5] * 8)
    assert qualities(rows, 0.0)[-8:] == [21.0] * 8
    assert gained(rows, 0.0) == pytest.approx(1.0)


def test_the_gain_of_doubling_a_power_law_is_not_above_what_the_second_half_gained() -> None:
    rows = rows_of([power_law((i + 1) / COUNT) for i in range(COUNT)])
    found = gained(rows, 0.0)
    assert found is not None
    assert 0 < power_law(2) - power_law(1) < found


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_without_clean_images_the_noise_is_taken_off_the_risk(noise: float) -> None:
    clean = rows_of([20 + i / 10 for i in range(COUNT)])
    noisy = rows_of([20 + i / 10 for i in range(COUNT)], clean=False, noise=noise)
    assert gained(noisy, noise) == pytest.approx(gained(clean, 0.0) or 0)
    # A noise that is estimated too high makes no gain endless.
    most = gained(noisy, 2 * noise + 1)
    assert most is not None
    assert math.isfinite(most)


def test_the_rest_of_an_even_curve_over_the_logarithm_is_foretold() -> None:
    rows = rows_of([20 + math.log(i + 1) for i in range(COUNT)])
    assert expected(rows[:5], 0.0) is None  # too early
    for done in (10, 15, 19):
        rest = math.log(COUNT) - math.log(done)
        assert expected(rows[:done], 0.0) == pytest.approx(rest, rel=0.03)
    assert expected(rows, 0.0) == 0


def test_a_flat_curve_gains_nothing() -> None:
    rows = rows_of([25.0] * COUNT)
    assert gained(rows, 0.0) == 0 < LITTLE
    assert expected(rows[:10], 0.0) == 0 < REST
