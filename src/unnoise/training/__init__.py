"""The training loop: built objects in, trained weights out.

It gets a model, an objective, batches and a validation as objects and knows none of them by name;
every random number is a function of (seed, step), so a resumed run equals an undisturbed one.
"""

from unnoise.training.loop import Progress, Training, Validation, measure_steps, train
from unnoise.training.muon import Muon
from unnoise.training.schedule import SCHEDULES, Schedule
from unnoise.training.validation import Held, validator

__all__ = [
    "SCHEDULES",
    "Held",
    "Muon",
    "Progress",
    "Schedule",
    "Training",
    "Validation",
    "measure_steps",
    "train",
    "validator",
]
