"""The training loop: built objects in, trained weights out.

It gets a model, an objective, batches and a validation as objects and knows none of them by name;
every random number is a function of the seed, the step and the sample, so a resumed run equals an
undisturbed one, and one on several processes equals one on one.
"""

from unnoise.training.division import usual_grain
from unnoise.training.loop import Progress, measure_steps, train
from unnoise.training.muon import Muon
from unnoise.training.parallel import ALONE, World, is_first, joined
from unnoise.training.schedule import SCHEDULES, Schedule
from unnoise.training.steps import Training, Validation
from unnoise.training.validation import Held, validator

__all__ = [
    "ALONE",
    "SCHEDULES",
    "Held",
    "Muon",
    "Progress",
    "Schedule",
    "Training",
    "Validation",
    "World",
    "is_first",
    "joined",
    "measure_steps",
    "train",
    "usual_grain",
    "validator",
]
