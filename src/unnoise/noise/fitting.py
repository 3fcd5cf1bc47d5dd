"""From measured noise to a spec: its terms, and the ranges of their levels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from unnoise.facts import NoiseSample, noise_sample
from unnoise.facts.noise_sample import Part
from unnoise.noise.corruptions import NOISES
from unnoise.noise.spec import Chain, Noise, Term
from unnoise.seeding import generator
from unnoise.types import Doubles

Ends = tuple[float, float]

ENDS = (10, 90)  # percentiles of the images' levels: the ends of a range
ONE = 1.1  # ratio of the ends up to which they are one level: the estimate is no better
MANY = 0.5  # share of images with lines or impulses from which on a spec has them
WHITE = 0.3  # pixels: a narrower grain counts as none
MORE = 1.15  # ratio of colour noise to brightness noise, or its inverse, that matters
CLEAR, RISES = 3.0, 0.25  # standard errors, and share of the variance, of a rise that counts
STRONG_JPEG = 70  # quality up to which compression alone counts as noise
ROUNDS, MOST = 3, 2.5  # of the correction for compression, and its largest factor
SIDE = 128  # pixels of a plain image


@dataclass(frozen=True)
class Fitted:
    """A noise spec and the measurements behind it."""

    noise: Noise
    width: tuple[float, ...]  # of the grain of brightness, and of colours, in pixels
    # In the middle of the images, a channel of brightness x has the variance ``gain · x + offset``.
    gain: float
    offset: float
    notes: tuple[str, ...] = ()  # properties of the noise that the spec leaves out


def fit_noise(
    samples: Sequence[NoiseSample], codings: Sequence[tuple[int, bool]] = ()
) -> Fitted | None:
    """Find the spec for images whose noise was measured; None if most of them have no noise."""
    found = [sample for sample in samples if sample.noisy]
    coded = _jpeg(codings) if 2 * len(codings) >= len(samples) else None
    if 2 * len(found) < max(1, len(samples)):
        if coded is None or coded.low > STRONG_JPEG:
            return None
        return Fitted(_chain([coded]), (0.0,), 0.0, 0.0, ("only compression was found",))
    noise, width, line, notes = _levels(found)
    extra = [
        Term(name, *_ends(levels, NOISES[name].high))
        for name, levels in (
            ("rows", [sample.rows for sample in found]),
            ("columns", [sample.columns for sample in found]),
            ("salt-pepper", [sample.impulses for sample in found]),
        )
        if np.count_nonzero(levels) >= MANY * len(levels)
    ]
    terms = [*noise, *extra]
    if not terms:
        return None
    if coded:
        terms = _before_jpeg(terms, coded, found)
        terms.append(coded)
    return Fitted(_chain(terms), width, *line, tuple(notes))


def plain_pair(noise: Noise, brightness: Sequence[float], channels: int) -> tuple[Doubles, Doubles]:
    """Return plain areas of some brightnesses, with and without noise, ``(H, W, C)`` each."""
    levels = torch.tensor(brightness, dtype=torch.float32).clamp(0.0, 1.0)
    clean = levels.view(-1, 1, 1, 1).expand(-1, channels, SIDE, SIDE).contiguous()
    noisy = noise(clean, generator(0, "plain"))
    both = (torch.cat(list(each), dim=2).permute(1, 2, 0).double() for each in (noisy, clean))
    first, second = (each.numpy() for each in both)
    return first, second


def _levels(
    found: Sequence[NoiseSample],
) -> tuple[list[Term], tuple[float, ...], Ends, list[str]]:
    """Return the terms of pixel noise, its widths, its line (see ``_line``), and notes."""
    colours = [sample.chroma for sample in found if sample.chroma]
    even = [sample for sample in found if sample.even] or list(found)
    luma = [sample.luma for sample in even]
    notes = []
    if not any(sample.even for sample in found):
        notes.append("no image has flat places, so texture may have been taken for noise")
    width = float(np.median([part.width for part in luma]))
    chroma = float(np.median([part.width for part in colours])) if colours else width
    gain, offset, factors = _line(found if colours else even)
    levels = np.array([part.level for part in luma])
    own = np.array([part.level for part in colours]) if colours else levels
    widths = (width, chroma) if colours else (width,)
    if max(np.median(levels), np.median(own)) == 0:
        return [], widths, (0.0, 0.0), notes
    if chroma < WHITE:
        centre = float(np.median(factors))
        line = gain * centre, offset * centre
        return _white(gain, offset, factors, own), (0.0,) * len(widths), line, notes
    if not colours:
        terms = [Term("grain", *_wide(_ends(levels), gain, offset, even), (_set("luma", luma),))]
        return terms, widths, (gain, offset), notes
    # Colours show the level of each image better, since texture varies brightness.
    relative = [s.luma.level / s.chroma.level for s in even if s.chroma and s.chroma.level]
    ratio = float(np.median(relative)) if relative else 1.0
    settings = (_set("luma", luma), _set("chroma", colours))
    terms = [Term("grain", *_wide(_ends(own * ratio), gain, offset, found), settings)]
    if ratio < 1 / MORE:
        rest = _ends(own * math.sqrt(1 - ratio**2))
        own_width = ("width", *settings[1][1:])
        terms.append(Term("chroma", *_wide(rest, gain, offset, found), (own_width,)))
    elif ratio > MORE:
        notes.append(
            f"brightness has {ratio:.2f} times the noise of colours; a spec cannot express that, "
            "so it makes both equally strong"
        )
    return terms, widths, (gain, offset), notes


def _white(gain: float, offset: float, factors: Doubles, levels: Doubles) -> list[Term]:
    if gain == 0:
        return [Term("gaussian", *_ends(levels))]
    low, high = _ends(factors)
    photons = _rounded(1 / (gain * high)), _rounded(1 / (gain * low))
    terms = [Term("poisson", *photons)]
    if offset > 0:
        ends = _rounded(math.sqrt(offset * low)), _rounded(math.sqrt(offset * high))
        terms.append(Term("gaussian", *ends))
    return terms


def _line(found: Sequence[NoiseSample]) -> tuple[float, float, Doubles]:
    """Fit ``variance = gain · brightness + offset``, both at least 0, and factors for images."""
    points = [(s.brightness[s.variance > 0], s.variance[s.variance > 0]) for s in found]
    points = [(x, y) for x, y in points if len(x)]
    if not points:
        return 0.0, 0.0, np.ones(1)
    # Images of one camera differ in sensitivity, which multiplies the whole variance.
    factors = np.array([np.median(y) for _, y in points])
    gain, offset, error = 0.0, 1.0, math.inf
    x = np.concatenate([x for x, _ in points])
    for _ in range(8):
        y = np.concatenate([y / k for (_, y), k in zip(points, factors, strict=True)])
        gain, offset, error = _line_of(x, y)
        factors = np.array([np.median(y / (gain * x + offset)) for x, y in points])
    ends = np.percentile(x, ENDS)
    rise = gain * float(np.ptp(ends))
    middle = gain * float(ends.mean()) + offset
    scale = float(np.median(factors))
    if gain < CLEAR * error or rise < RISES * middle:
        return 0.0, scale, np.array([np.mean(y) for _, y in points]) / scale
    return gain * scale, offset * scale, factors / scale


def _line_of(x: Doubles, y: Doubles) -> tuple[float, float, float]:
    """Return gain, offset and the standard error of the gain; errors of variances are relative."""
    gain, offset, error = 0.0, float(np.median(y)), math.inf
    for _ in range(4):
        weight = 1 / np.maximum(gain * x + offset, 1e-3 * y.mean()) ** 2
        # Texture makes some values too large; they count less.
        ratio = y / np.maximum(gain * x + offset, 1e-12)
        weight = weight / np.maximum(1.0, ratio) ** 2
        middle = np.average(x, weights=weight)
        spread = max(float(np.average((x - middle) ** 2, weights=weight)), 1e-12)
        gain = max(0.0, float(np.average((x - middle) * y, weights=weight) / spread))
        offset = float(np.average(y, weights=weight) - gain * middle)
        if offset < 0:
            gain, offset = float(np.sum(weight * x * y) / np.sum(weight * x * x)), 0.0
        off = np.average((y - gain * x - offset) ** 2, weights=weight)
        error = float(np.sqrt(off / spread / max(len(x) - 2, 1)))
    return gain, offset, error


def _wide(ends: Ends, gain: float, offset: float, found: Sequence[NoiseSample]) -> Ends:
    """Widen levels if noise depends on the brightness, which no term with a grain expresses."""
    if gain == 0:
        return ends
    x = np.concatenate([sample.brightness for sample in found])
    dark, bright = np.sqrt(np.maximum(gain * np.percentile(x, ENDS) + offset, 0))
    mean = math.sqrt(gain * float(x.mean()) + offset)
    return _rounded(ends[0] * dark / mean), _rounded(ends[1] * bright / mean)


def _set(name: str, parts: Sequence[Part]) -> tuple[str, float, float]:
    """Return a setting, with the range of the widths."""
    widths = [part.width for part in parts]
    low, high = np.percentile(widths, (25, 75))
    if high - low <= 0.2:  # the estimate is no better
        low = high = float(np.median(widths))
    return name, round(float(low), 2), round(float(high), 2)


def _ends(levels: Sequence[float] | Doubles, most: float = math.inf) -> Ends:
    """Return the range from which a spec draws levels."""
    positive = [level for level in levels if level > 0]
    low, high = (min(float(end), most) for end in np.percentile(positive or [0.0], ENDS))
    if high <= ONE * low:
        low = high = float(np.median(positive or [0.0]))
    return _rounded(low), _rounded(high)


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def _jpeg(codings: Sequence[tuple[int, bool]]) -> Term | None:
    if not codings:
        return None
    low, high = (float(round(end)) for end in np.percentile([q for q, _ in codings], ENDS))
    half = round(float(np.mean([half for _, half in codings])), 2)
    return Term("jpeg", low, high, (("half", half, half),))


def _chain(terms: Sequence[Term]) -> Noise:
    return Noise((Chain(tuple(terms)),))


def _before_jpeg(terms: list[Term], coded: Term, found: Sequence[NoiseSample]) -> list[Term]:
    """Return terms whose levels after compression, which removes weak noise, are those measured."""
    channels = 1 if found[0].chroma is None else 3
    brightness = [float(np.median(np.concatenate([s.brightness for s in found])))]
    bare = _sampled(_chain(terms), brightness, channels)
    factor = 1.0
    for _ in range(ROUNDS):
        scaled = [_times(term, factor) for term in terms]
        after = _sampled(_chain([*scaled, coded]), brightness, channels)
        if not bare or not after:
            break
        factor = min(MOST, factor * bare / after)
    return [_times(term, factor) for term in terms]


def _sampled(noise: Noise, brightness: Sequence[float], channels: int) -> float:
    """Return the measured level of a noise on plain areas."""
    found = noise_sample(*plain_pair(noise.at(0.5), brightness, channels))
    return 0.0 if found is None else found.luma.level


def _times(term: Term, factor: float) -> Term:
    """Return a term with its strength multiplied, except lines and impulses: they survive JPEG."""
    if term.name == "poisson":
        factor = factor**-2
    elif term.name not in ("gaussian", "grain", "chroma"):
        return term
    return replace(term, low=_rounded(term.low * factor), high=_rounded(term.high * factor))
