"""Facts about images that need no model: noise, grain, lines, impulses, fineness, neighbours."""

from unnoise.facts.ends import CUT, cut_off
from unnoise.facts.fineness import LOST, NARROW, PREDICTED, fineness
from unnoise.facts.floor import GRAIN, Floor, noise_floor
from unnoise.facts.grain import noise_correlation
from unnoise.facts.impulses import MANY, impulses, impulses_left
from unnoise.facts.lines import VISIBLE, Lines, Structure, lines
from unnoise.facts.noise_sample import NoiseSample, noise_sample
from unnoise.facts.parts import blocks_of, middle
from unnoise.facts.phases import MOSAIC, is_mosaic, phases
from unnoise.facts.places import amount_of_structure, change, most_structured
from unnoise.facts.stacks import LEAST_GAIN, UNLIKE, Gain, gain, is_cut, likeness

__all__ = [
    "CUT",
    "GRAIN",
    "LEAST_GAIN",
    "LOST",
    "MANY",
    "MOSAIC",
    "NARROW",
    "PREDICTED",
    "UNLIKE",
    "VISIBLE",
    "Floor",
    "Gain",
    "Lines",
    "NoiseSample",
    "Structure",
    "amount_of_structure",
    "blocks_of",
    "change",
    "cut_off",
    "fineness",
    "gain",
    "impulses",
    "impulses_left",
    "is_cut",
    "is_mosaic",
    "likeness",
    "lines",
    "middle",
    "most_structured",
    "noise_correlation",
    "noise_floor",
    "noise_sample",
    "phases",
]
