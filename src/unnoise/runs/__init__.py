"""What a training is on disk: its config, its folder, its checkpoint, the model file.

This room writes and reads. It knows models and datasets by their names only.
"""

from unnoise.runs.asking import FREE, beside, differences, may_be_longer, other_length
from unnoise.runs.config import LENGTHS, SETTING_NAMES, Setting, Settings, TrainConfig
from unnoise.runs.folder import RunFolder
from unnoise.runs.layers import PRESETS, choose_settings, layer_settings, read_settings, to_toml
from unnoise.runs.model_file import (
    BOUNDS,
    FORMAT_VERSION,
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
    "FORMAT_VERSION",
    "FREE",
    "HEADER",
    "LENGTHS",
    "PRESETS",
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
    "read_settings",
    "to_toml",
    "write_model_file",
]
