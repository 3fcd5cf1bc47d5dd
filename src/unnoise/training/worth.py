"""Whether more time is worth it: what the second half of a training gained, and its rest will gain.

The learning rate falls along a cosine, so every curve flattens at its end, and the slope there says
nothing about a longer training. Two other things can be said (``benchmarks/longer.py``):

- A training of half the length would have reached at least what this one had at half of its steps,
  where its rate was still high. So the second half gained more than the last doubling of the time,
  and the next doubling gains less still.
- In the middle of a training, quality grows about evenly with the logarithm of the steps.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate

import numpy as np

Rows = Sequence[Mapping[str, float]]  # the metrics of a run

LITTLE = 0.1  # dB that twice the time must gain to be worth it; 0.1 dB can hardly be seen
REST = 0.05  # dB of which the rest of a training is not worth mentioning
FEWEST = 6  # validations; fewer make no curve
SHORTEST = 200  # steps; before that, the average of the weights has hardly left their start
BEFORE = 2 / 3  # of the steps so far, since which the gain is taken as the trend
EARLIEST = 1 / 3  # of the steps: before this, the curve is steeper than its trend
LEAST = 0.05  # of the risk that is error, at least, so that no gain is endless


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


def gained(rows: Rows, noise: float) -> float | None:
    """Return what the second half of a training gained, in dB; None if too little is known."""
    if len(rows) < FEWEST or rows[-1]["step"] < SHORTEST:
        return None
    return _since(rows, noise, 0.5)


def expected(rows: Rows, noise: float) -> float | None:
    """Estimate what the rest of a training will gain, in dB; None if it is too early to tell."""
    steps = rows[-1]["steps"] if rows else 0
    if len(rows) < FEWEST or rows[-1]["step"] < max(SHORTEST, EARLIEST * steps):
        return None
    trend = _since(rows, noise, BEFORE) / -math.log(BEFORE)
    return trend * math.log(steps / rows[-1]["step"])


def _since(rows: Rows, noise: float, share: float) -> float:
    """Return the gain since a share of the steps so far."""
    steps, found = [row["step"] for row in rows], qualities(rows, noise)
    return found[-1] - float(np.interp(share * steps[-1], steps, found))
