"""How good a result is against clean images, beside what classical methods reach.

This room does not know how results are shown.
"""

from unnoise.evaluation.baselines import BASELINES, available_baselines
from unnoise.evaluation.table import Evaluation, compare

__all__ = ["BASELINES", "Evaluation", "available_baselines", "compare"]
