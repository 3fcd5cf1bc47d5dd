"""Learning-rate schedules: the share of the highest rate, by step and number of steps.

A schedule knows the whole length. If a training is made longer, its next step has the rate of the
new length; the steps before it were taken at the rates of the old length.
"""

import math
from collections.abc import Callable

Schedule = Callable[[int, int], float]

WARM_UP = 0.05  # share of the steps
FLOOR = 1e-3


def cosine(step: int, steps: int) -> float:
    """Rise linearly for 5 % of the steps, then fall along a cosine (Loshchilov & Hutter 2017)."""
    done = (step + 1) / steps
    return max(FLOOR, min(1.0, done / WARM_UP) * (1 + math.cos(math.pi * done)) / 2)


def constant(step: int, steps: int) -> float:  # noqa: ARG001  the signature of the table
    """Stay at the highest rate."""
    return 1.0


SCHEDULES: dict[str, Schedule] = {"cosine": cosine, "constant": constant}
