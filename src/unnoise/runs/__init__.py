"""A training on disk: its config, its folder, its checkpoint, the model file.

This room writes and reads. It knows models and datasets by their names only.
"""

from unnoise.runs.asking import FREE, beside, differences, may_be_longer, other_length
from unnoise.runs.config import LENGTHS, SETTING_NAMES, Setting, Settings, TrainConfig
from unnoise.runs.folder import RunFolder
from unnoise.runs.layers import choose_settings, layer_settings
from unnoise.runs.model_file import (
    BOUNDS,
    HEADER,
    ModelInfo,
    check_bounds,
    header_of,
    parse_header,
    read_model_file,
    write_model_file,
)

__all__ = [
    "BOUNDS",
    "FREE",
    "HEADER",
    "LENGTHS",
    "SETTING_NAMES",
    "ModelInfo",
    "RunFolder",
    "Setting",
    "Settings",
    "TrainConfig",
    "beside",
    "check_bounds",
    "choose_settings",
    "differences",
    "header_of",
    "layer_settings",
    "may_be_longer",
    "other_length",
    "parse_header",
    "read_model_file",
    "write_model_file",
]
