"""How close results are to clean images, beside the results of classical methods.

This room does not know how results are shown.
"""

from unnoise.evaluation.baselines import BASELINES, available_baselines
from unnoise.evaluation.table import Evaluation, compare
from unnoise.evaluation.tuning import Tuned, tune

__all__ = ["BASELINES", "Evaluation", "Tuned", "available_baselines", "compare", "tune"]
