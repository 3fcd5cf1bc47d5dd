"""Learning-rate schedules: the share of the highest rate at a step of so many.

A schedule knows the whole length. Where a training is made longer, the next step has the rate that
it has in a training of the new length; the steps before it were taken at the rates of the old one.
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
