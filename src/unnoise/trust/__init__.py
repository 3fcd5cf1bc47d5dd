"""May I trust this result? What can be said of one image without a clean reference.

Noise level, familiarity, removed structure, an estimate of the quality, bounds, and a verdict; and
the calibration that they need. This room does not know how models are trained.
"""

from unnoise.trust.calibration import Calibration, calibrate, read_calibration
from unnoise.trust.inspection import Inspection, glance, inspect
from unnoise.trust.intervals import Missed, conformal_groups, measure
from unnoise.trust.probing import WIDE
from unnoise.trust.verdict import Judgement, Verdict

__all__ = [
    "WIDE",
    "Calibration",
    "Inspection",
    "Judgement",
    "Missed",
    "Verdict",
    "calibrate",
    "conformal_groups",
    "glance",
    "inspect",
    "measure",
    "read_calibration",
]
