"""The training loop: built objects in, trained weights out.

It gets a model, an objective, batches and a validator as objects and knows none of them by name.
Every random number is a function of the seed, the step and the sample. So a resumed run equals an
undisturbed one, and one on several processes equals one on one.
"""

from unnoise.training.contract import (
    SCHEDULES,
    BatchSource,
    Length,
    Optimisation,
    Schedule,
    Validation,
)
from unnoise.training.division import Division, default_group
from unnoise.training.loop import Enough, Progress, measure_steps, train
from unnoise.training.muon import Muon
from unnoise.training.parallel import ALONE, World, is_first, process_group
from unnoise.training.steps import Training
from unnoise.training.validation import Held, HeldOutValidator
from unnoise.training.worth import LITTLE, REST, Rows, gain_of_rest, gain_of_twice

__all__ = [
    "ALONE",
    "LITTLE",
    "REST",
    "SCHEDULES",
    "BatchSource",
    "Division",
    "Enough",
    "Held",
    "HeldOutValidator",
    "Length",
    "Muon",
    "Optimisation",
    "Progress",
    "Rows",
    "Schedule",
    "Training",
    "Validation",
    "World",
    "default_group",
    "gain_of_rest",
    "gain_of_twice",
    "is_first",
    "measure_steps",
    "process_group",
    "train",
]
