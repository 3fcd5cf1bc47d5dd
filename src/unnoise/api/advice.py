"""Advice about the length of a training, in words."""

import math
from dataclasses import dataclass, field

from unnoise.runs import Settings
from unnoise.training import LITTLE, REST, Rows, Schedule, gain_of_rest, gain_of_twice
from unnoise.types import Say

SLOW = 1.5  # times the planned minutes: then a training says so
LONG = 60.0  # seconds: a shorter rest of a training is worth no message
MINUTE = 60.0  # seconds


@dataclass
class Advice:
    """Says once that a training is slow, or its rest gains little; at its end what more time gains.

    Without clean images the error is estimated: it is the risk without the noise of the targets.
    """

    length: Settings  # that was asked for: minutes, epochs or steps
    noise: float  # the part of the risk that is noise
    schedule: Schedule
    say: Say
    _said: bool = field(init=False, default=False)
    _warned: bool = field(init=False, default=False)

    def on_the_way(self, rows: Rows) -> None:
        """Say once if all takes longer than planned, and once if a long rest gains little."""
        now = rows[-1]
        left = (now["steps"] - now["step"]) / now["step"] * now["seconds"]
        planned = self.length.get("minutes")
        if isinstance(planned, int | float) and not self._warned and left >= LONG:
            self._warn_if_slow((now["seconds"] + left) / MINUTE, planned)
        if self._said or left < LONG:
            return
        rest = gain_of_rest(rows, self.noise)
        if rest is not None and rest < REST:
            self._said = True
            self.say(
                f"step {now['step']:.0f} of {now['steps']:.0f}: the rest of the training, about "
                f"{math.ceil(left / MINUTE)} min, is estimated to gain less than {REST:g} dB"
            )

    def _warn_if_slow(self, minutes: float, planned: float) -> None:
        if minutes > SLOW * planned:
            self._warned = True
            self.say(
                f"slower than planned: the training takes about {minutes:.0f} min in all, because "
                "other programs use this computer, or it has slowed down. Ctrl-C keeps the work, "
                "and --resume goes on"
            )

    def at_the_end(self, rows: Rows) -> None:
        """Say what twice the time is estimated to gain, and whether it is worth it."""
        gain = gain_of_twice(rows, self.noise, self.schedule)
        if gain is None:
            return
        found = "twice the time is estimated to gain"
        if gain < LITTLE:
            self.say(f"{found} less than {LITTLE:g} dB: more time is hardly worth it")
        else:  # one digit: the estimate is rough
            self.say(f"{found} about {gain:.1g} dB: try {self._twice(rows)}")

    def _twice(self, rows: Rows) -> str:
        for name in ("minutes", "epochs"):
            value = self.length.get(name)
            if isinstance(value, int | float):
                return f"--{name} {2 * value:g}"
        return f"--steps {2 * rows[-1]['steps']:.0f}"
