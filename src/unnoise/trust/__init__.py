"""May I trust this result? What can be said of one image without a clean reference.

Noise level, familiarity, removed structure, an estimate of the quality, bounds, and a verdict; and
the calibration that they need. This room does not know how models are trained.
"""

from unnoise.trust.calibration import Calibration, calibrate, read_calibration
from unnoise.trust.grain import Grain, noise_grain
from unnoise.trust.inspection import Inspection, glance, inspect
from unnoise.trust.intervals import Missed, conformal_groups, measure
from unnoise.trust.likeness import Likeness, likeness
from unnoise.trust.probing import WIDE
from unnoise.trust.quality import decibels
from unnoise.trust.risk import Risk, estimate_risk, hidden_risk, judge, noise_for
from unnoise.trust.verdict import Judgement, Verdict

__all__ = [
    "WIDE",
    "Calibration",
    "Grain",
    "Inspection",
    "Judgement",
    "Likeness",
    "Missed",
    "Risk",
    "Verdict",
    "calibrate",
    "conformal_groups",
    "decibels",
    "estimate_risk",
    "glance",
    "hidden_risk",
    "inspect",
    "judge",
    "likeness",
    "measure",
    "noise_for",
    "noise_grain",
    "read_calibration",
]
