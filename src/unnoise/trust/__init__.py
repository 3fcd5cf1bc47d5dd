"""May I trust this result? What one image shows without a clean reference.

Noise level, familiarity, removed structure, estimated quality, bounds, a verdict, and the
calibration that these need. This room does not know how models are trained.
"""

from unnoise.trust.calibration import Calibration, calibrate, read_calibration
from unnoise.trust.evidence import Evidence, excess
from unnoise.trust.grain import Grain
from unnoise.trust.inspection import Inspection, glance, inspect
from unnoise.trust.intervals import Missed, conformal_groups, measure
from unnoise.trust.likeness import Likeness, likeness
from unnoise.trust.probing import WIDE
from unnoise.trust.quality import decibels
from unnoise.trust.risk import Risk, error_estimator, estimate_risk, hidden_risk, noise_for
from unnoise.trust.verdict import Judgement, Verdict

__all__ = [
    "WIDE",
    "Calibration",
    "Evidence",
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
    "error_estimator",
    "estimate_risk",
    "excess",
    "glance",
    "hidden_risk",
    "inspect",
    "likeness",
    "measure",
    "noise_for",
    "read_calibration",
]
