"""May I trust this result? What can be said of one image without a clean reference.

Noise level, familiarity, removed structure, an estimate of the quality, bounds, and a verdict; and
the calibration that they need. This room does not know how models are trained.
"""

from unnoise.trust.calibration import SIDE, Calibration, calibrate, read_calibration
from unnoise.trust.inspection import Inspection, glance, inspect
from unnoise.trust.intervals import Held, conformal_groups, needed_scale
from unnoise.trust.verdict import Judgement, Verdict

__all__ = [
    "SIDE",
    "Calibration",
    "Held",
    "Inspection",
    "Judgement",
    "Verdict",
    "calibrate",
    "conformal_groups",
    "glance",
    "inspect",
    "needed_scale",
    "read_calibration",
]
