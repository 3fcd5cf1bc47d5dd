"""The grammar of noise specs.

spec  = chain { "|" chain } [ ",clip" ]         one of the chains is drawn, per image
chain = [ share "%" ] term { "+" term }         terms are applied from left to right
term  = name ":" level [ "(" { setting } ")" ]  a name of ``NOISES``
setting = name "=" level                        one that ``NOISES`` lists; separated by spaces
level = number [ ".." number ]                  a level is drawn from the range, per image

Either every chain has a share, together 100 %, or none has, and all are equal.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Generator, Tensor

from unnoise.errors import SpecError, UnknownNameError
from unnoise.noise.corruptions import NOISES, Setting
from unnoise.noise.draws import uniform
from unnoise.types import RGB

EXAMPLE = "a spec looks like gaussian:0.3,clip or poisson:30..60+gaussian:0.02"
MIXTURE = "a mixture looks like 80% gaussian:0..0.2 | 20% poisson:10..100"
SETTINGS = "settings look like grain:0.02(luma=0.7 chroma=1..3)"
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Term:
    """One corruption with its level, or with a range from which levels are drawn per image."""

    name: str  # a key of ``NOISES``
    low: float
    high: float
    settings: tuple[tuple[str, float, float], ...] = ()  # name, lowest and highest value

    def __str__(self) -> str:
        given = " ".join(f"{name}={_written(low, high)}" for name, low, high in self.settings)
        return f"{self.name}:{_written(self.low, self.high)}" + (f"({given})" if given else "")

    def at(self, share: float) -> "Term":
        """Return the corruption at one place of its range, 0 to 1."""
        level = self.low + share * (self.high - self.low)
        return replace(self, low=level, high=level)

    def __call__(self, clean: Tensor, generator: Generator, depth: int = 1) -> Tensor:
        """Apply the corruption, with a level and settings drawn from their ranges per image."""
        corruption = NOISES[self.name]
        given = {name: (low, high) for name, low, high in self.settings}
        level = _draw(clean, self.low, self.high, generator, depth)
        settings = {
            name: _draw(clean, *given.get(name, setting.default), generator, depth)
            for name, setting in corruption.settings.items()
        }
        return corruption.apply(clean, level, generator, **settings)


def _written(low: float, high: float) -> str:
    text = f"{low!r}" if low == high else f"{low!r}..{high!r}"
    return text.replace(".0..", "..").removesuffix(".0")


def _draw(clean: Tensor, low: float, high: float, generator: Generator, depth: int) -> Tensor:
    """Draw a number per image, ``(B, 1, 1, 1)``; each ``depth`` images have one in common."""
    firsts = clean[::depth]
    number = torch.full((len(firsts), 1, 1, 1), low, device=clean.device)
    if high > low:
        number = number + (high - low) * uniform(firsts, generator, 1, 1, 1)
    return number.repeat_interleave(depth, dim=0) if depth > 1 else number


@dataclass(frozen=True)
class Chain:
    """Corruptions that follow each other, and the chance of this chain, in percent."""

    terms: tuple[Term, ...]
    share: float | None = None

    def __str__(self) -> str:
        share = "" if self.share is None else f"{self.share!r}".removesuffix(".0") + "% "
        return share + "+".join(map(str, self.terms))

    def __call__(self, clean: Tensor, generator: Generator, depth: int = 1) -> Tensor:
        """Apply every term."""
        noisy = clean
        for term in self.terms:
            noisy = term(noisy, generator, depth)
        return noisy


@dataclass(frozen=True)
class Noise:
    """A parsed spec, ready to be applied."""

    chains: tuple[Chain, ...]
    clip: bool = False

    def __str__(self) -> str:
        """Return the spec in its shortest form."""
        return " | ".join(map(str, self.chains)) + (",clip" if self.clip else "")

    def __call__(self, clean: Tensor, generator: Generator, depth: int = 1) -> Tensor:
        """Corrupt images ``(B, C, H, W)``, nominally [0, 1]; the generator is on their device.

        Each ``depth`` images that follow each other are neighbours: their noise is of one strength.
        """
        several = len(self.chains) > 1
        noisy = (self._drawn if several else self.chains[0])(clean, generator, depth)
        return noisy.clamp(0, 1) if self.clip else noisy

    def at(self, share: float) -> "Noise":
        """Return the noise with each range at one place, 0 (its low end) to 1 (its high end)."""
        terms = [tuple(term.at(share) for term in chain.terms) for chain in self.chains]
        chains = zip(self.chains, terms, strict=True)
        return replace(self, chains=tuple(replace(chain, terms=each) for chain, each in chains))

    def notes(self, channels: int) -> tuple[str, ...]:
        """Return a sentence for each term that is made for three channels, if there are others."""
        if channels == RGB:
            return ()
        effects = {term.name: NOISES[term.name].grey for each in self.chains for term in each.terms}
        return tuple(
            f"the images are grey: {name} {grey}" for name, grey in effects.items() if grey
        )

    @property
    def varies(self) -> bool:
        """Whether a level is a range."""
        return any(term.low < term.high for chain in self.chains for term in chain.terms)

    def _drawn(self, clean: Tensor, generator: Generator, depth: int) -> Tensor:
        """Draw a chain for each image, or each ``depth`` neighbours, and apply it."""
        shares = torch.tensor([chain.share or 1.0 for chain in self.chains], device=clean.device)
        count = len(clean) // depth
        which = torch.multinomial(shares, count, replacement=True, generator=generator)
        which = which.repeat_interleave(depth) if depth > 1 else which
        noisy = torch.empty_like(clean)
        for index, chain in enumerate(self.chains):
            images = (which == index).nonzero()[:, 0]
            if len(images):
                noisy[images] = chain(clean[images], generator, depth)
        return noisy


def parse_noise(spec: str) -> Noise:
    """Parse a noise spec.

    Raises:
        SpecError: The spec does not follow the grammar, or a level is outside its range.
        UnknownNameError: ``NOISES`` has no corruption of this name.
    """
    body, comma, option = spec.strip().partition(",")
    if comma and option.strip() != "clip":
        raise SpecError(f"noise {spec!r} ends in {comma + option!r}: only ',clip' may stand there")
    chains = tuple(_parse_chain(chain, spec) for chain in body.split("|"))
    given = [chain.share for chain in chains if chain.share is not None]
    if given and (len(given) < len(chains) or not math.isclose(sum(given), 100, abs_tol=0.1)):
        raise SpecError(
            f"noise {spec!r} gives shares of {' + '.join(f'{share:g}' for share in given)} %: "
            "give one to every alternative, together 100 %, or to none, and all are equal"
        )
    return Noise(chains, clip=bool(comma))


def _parse_chain(text: str, spec: str) -> Chain:
    share, percent, terms = text.rpartition("%")
    if percent and not (NUMBER.fullmatch(share.strip()) and 0 < float(share) <= 100):
        raise SpecError(
            f"noise {spec!r}: {share.strip()!r} is no share: a share is more than 0 and at most "
            f"100 %; {MIXTURE}"
        )
    # A sign after "e" or ":" belongs to a number; any other "+" joins two terms.
    parts = re.split(r"(?<![eE:.])\+", terms)
    return Chain(
        tuple(_parse_term(term.strip(), spec) for term in parts), float(share) if percent else None
    )


def _parse_term(text: str, spec: str) -> Term:
    name, colon, level = (part.strip() for part in text.partition(":"))
    level, settings = _parse_settings(name, level, spec)
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
    return Term(name, *_parse_range(level, partial(_parse_level, name, spec), spec), settings)


def _parse_settings(
    name: str, text: str, spec: str
) -> tuple[str, tuple[tuple[str, float, float], ...]]:
    """Split the text after a name into the level and the settings in parentheses."""
    level, bracket, rest = text.partition("(")
    if not bracket:
        return level, ()
    known = NOISES[name].settings if name in NOISES else {}
    found: list[tuple[str, float, float]] = []
    if not rest.endswith(")"):
        raise SpecError(f"noise {spec!r}: a parenthesis of {name} is not closed; {SETTINGS}")
    for word in rest.removesuffix(")").split():
        key, _, value = word.partition("=")
        if key not in known or key in [name for name, *_ in found]:
            allowed = f"has the settings {', '.join(known)}" if known else "has no settings"
            raise SpecError(
                f"noise {spec!r}: {name} {allowed}, each once, not {word!r}; {SETTINGS}"
            )
        parse = partial(_parse_value, known[key], key, spec)
        found.append((key, *_parse_range(value, parse, spec)))
    return level.strip(), tuple(found)


def _parse_range(text: str, parse: Callable[[str], float], spec: str) -> tuple[float, float]:
    low, dots, high = text.partition("..")
    first = parse(low)
    last = parse(high) if dots else first
    if last < first:
        raise SpecError(f"noise {spec!r}: the range {text} runs down; write {high}..{low}")
    return first, last


def _parse_number(text: str, spec: str) -> float:
    if not NUMBER.fullmatch(text.strip()):
        raise SpecError(f"noise {spec!r}: {text.strip()!r} is not a number; {EXAMPLE}")
    return float(text)


def _parse_value(setting: Setting, name: str, spec: str, text: str) -> float:
    value = _parse_number(text, spec)
    if not setting.low <= value <= setting.high:
        raise SpecError(
            f"noise {spec!r}: {name} is the {setting.meaning}, {setting.allowed}, not {text}"
        )
    return value


def _parse_level(name: str, spec: str, text: str) -> float:
    corruption = NOISES[name]
    level, text = _parse_number(text, spec), text.strip()
    if not corruption.allows(level):
        hint = ""
        if (meant := corruption.meant(level)) is not None:
            hint = f"; did you mean {name}:{meant:.2g} ({text}/{corruption.mistaken:g})?"
        raise SpecError(
            f"noise {spec!r}: {name} takes a {corruption.meaning} of {corruption.allowed}, "
            f"not {text}{hint}"
        )
    return level
