"""Whether more time is worth it: what twice the training, and what its rest, will gain.

The learning rate falls along a cosine, so every curve flattens at its end: the slope there tells
how low the rate is, and nothing about a longer training. Two parts of a curve tell more. The
figures are in the lab notes; ``benchmarks/longer.py`` prints them.

- In the second quarter of the steps the rate is high. There, quality grows about evenly with the
  logarithm of the rates so far, added up. Twice the training adds up twice the rates, and gains a
  share of what the second quarter gained for each doubling, since the curve bends.
- What the rest of a training will gain is at most its latest trend over the logarithm of the steps.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate

import numpy as np

from unnoise.training.contract import Schedule

Rows = Sequence[Mapping[str, float]]  # the metrics of a run

LITTLE = 0.1  # dB that twice the time must gain to be worth it; 0.1 dB can hardly be seen
REST = 0.05  # dB of which the rest of a training is not worth mentioning
FEWEST = 6  # validations; fewer make no curve
SHORTEST = 200  # steps; before that, the average of the weights has hardly left their start
QUARTER, HALF = 0.25, 0.5  # shares of the steps
BEND = 0.6  # of the gain for each doubling in the second quarter: found by measurement
BEFORE = 2 / 3  # of the steps so far, since which the gain is taken as the trend
EARLIEST = 1 / 3  # of the steps: before this, the curve is steeper than its trend
LEAST = 0.05  # of the risk that is error, at least, so that no gain is endless
POINTS = 1000  # at which a schedule is added up


def qualities(rows: Rows, noise: float) -> list[float]:
    """Return the best quality so far at each validation, in dB.

    Args:
        rows: With ``psnr``, NaN where no clean images are known, and ``risk``.
        noise: The part of the risk that is noise, which no model can change.
    """
    found = []
    for row in rows:
        error = max(row["risk"] - noise, LEAST * row["risk"])
        found.append(row["psnr"] if math.isfinite(row["psnr"]) else -10 * math.log10(error))
    return list(accumulate(found, max))


def gain_of_twice(rows: Rows, noise: float, schedule: Schedule) -> float | None:
    """Estimate what a training of twice the length would gain, in dB; None if it cannot be told.

    That is after few steps or validations, and for a run that was made longer, whose rates have
    fallen and risen again.
    """
    if len(rows) < FEWEST or len({row["steps"] for row in rows}) > 1:
        return None
    steps = rows[-1]["steps"]
    if not rows[-1]["step"] == steps >= SHORTEST:
        return None
    rates = np.cumsum([schedule(step, POINTS) for step in range(POINTS)])
    doublings = math.log2(rates[int(HALF * POINTS) - 1] / rates[int(QUARTER * POINTS) - 1])
    return BEND * _between(rows, noise, QUARTER, HALF) / doublings


def gain_of_rest(rows: Rows, noise: float) -> float | None:
    """Estimate what the rest of a training will gain, in dB; None if it is too early to tell."""
    steps = rows[-1]["steps"] if rows else 0
    if len(rows) < FEWEST or rows[-1]["step"] < max(SHORTEST, EARLIEST * steps):
        return None
    done = rows[-1]["step"] / steps
    trend = _between(rows, noise, BEFORE * done, done) / -math.log(BEFORE)
    return -trend * math.log(done)


def _between(rows: Rows, noise: float, first: float, last: float) -> float:
    """Return the gain between two shares of the steps."""
    shares = [row["step"] / rows[-1]["steps"] for row in rows]
    before, after = np.interp([first, last], shares, qualities(rows, noise))
    return float(after - before)
