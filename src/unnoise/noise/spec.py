"""The grammar of noise specs.

spec  = term { "+" term } [ ",clip" ]     applied from left to right
term  = name ":" level                    a name of ``NOISES``
level = number [ ".." number ]            a range is drawn uniformly, per image
"""

import re
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from unnoise.errors import SpecError, UnknownNameError
from unnoise.noise.corruptions import NOISES

EXAMPLE = "a spec looks like gaussian:0.3,clip or poisson:30..60+gaussian:0.02"
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Term:
    """One corruption with its level, or a range of levels drawn per image."""

    name: str
    low: float
    high: float

    def __str__(self) -> str:
        """Return the term as it is written in a spec."""
        level = f"{self.low!r}" if self.low == self.high else f"{self.low!r}..{self.high!r}"
        return f"{self.name}:{level}".replace(".0..", "..").removesuffix(".0")


@dataclass(frozen=True)
class Noise:
    """A parsed spec, ready to be applied; ``str(noise)`` is the spec again."""

    terms: tuple[Term, ...]
    clip: bool = False

    def __str__(self) -> str:
        """Return the spec in its shortest form."""
        return "+".join(map(str, self.terms)) + (",clip" if self.clip else "")

    def __call__(self, clean: Tensor, generator: Generator) -> Tensor:
        """Corrupt a batch.

        Args:
            clean: Images ``(B, C, H, W)``, float, nominally [0, 1].
            generator: On the device of ``clean``; it decides every random number.

        Returns:
            Noisy images of the same shape, in [0, 1] if the spec ends in ``,clip``.
        """
        noisy = clean
        for term in self.terms:
            level = torch.full((len(clean), 1, 1, 1), term.low, device=clean.device)
            if term.high > term.low:
                draw = torch.rand(level.shape, generator=generator, device=clean.device)
                level = level + (term.high - term.low) * draw
            noisy = NOISES[term.name].apply(noisy, level, generator)
        return noisy.clamp(0, 1) if self.clip else noisy


def parse_noise(spec: str) -> Noise:
    """Parse a noise spec.

    Raises:
        SpecError: The spec does not follow the grammar, or a level is outside its range.
        UnknownNameError: It names a corruption that is not in ``NOISES``.
    """
    body, comma, option = spec.strip().partition(",")
    if comma and option.strip() != "clip":
        raise SpecError(f"noise {spec!r} ends in {comma + option!r}: only ',clip' may stand there")
    # A sign after "e" or ":" belongs to a number; any other "+" joins two terms.
    terms = re.split(r"(?<![eE:.])\+", body)
    return Noise(tuple(_parse_term(term.strip(), spec) for term in terms), clip=bool(comma))


def _parse_term(text: str, spec: str) -> Term:
    name, colon, level = (part.strip() for part in text.partition(":"))
    if not name:
        raise SpecError(f"noise {spec!r} has an empty term: {EXAMPLE}")
    if name not in NOISES:
        raise UnknownNameError("noise", name, NOISES)
    corruption = NOISES[name]
    if not colon or not level:
        raise SpecError(
            f"noise {spec!r} gives {name} no level: write {name}:LEVEL, "
            f"the {corruption.meaning}, {corruption.allowed}"
        )
    low, dots, high = level.partition("..")
    first = _parse_level(low, name, spec)
    last = _parse_level(high, name, spec) if dots else first
    if last < first:
        raise SpecError(f"noise {spec!r}: the range {level} runs down; write {high}..{low}")
    return Term(name, first, last)


def _parse_level(text: str, name: str, spec: str) -> float:
    corruption = NOISES[name]
    text = text.strip()
    if not NUMBER.fullmatch(text):
        raise SpecError(f"noise {spec!r}: {text!r} is not a number; {EXAMPLE}")
    level = float(text)
    if not corruption.allows(level):
        raise SpecError(
            f"noise {spec!r}: {name} takes a {corruption.meaning} of {corruption.allowed}, "
            f"not {text}"
        )
    return level
