"""Facts of an image that need no model: noise and its grain, lines, phases, impulses, cut-off."""

from unnoise.facts.ends import CUT, cut_off
from unnoise.facts.floor import Floor, noise_floor
from unnoise.facts.grain import Correlation, noise_correlation
from unnoise.facts.impulses import MANY, impulses
from unnoise.facts.lines import Lines, lines
from unnoise.facts.phases import MOSAIC, phases

__all__ = [
    "CUT",
    "MANY",
    "MOSAIC",
    "Correlation",
    "Floor",
    "Lines",
    "cut_off",
    "impulses",
    "lines",
    "noise_correlation",
    "noise_floor",
    "phases",
]
