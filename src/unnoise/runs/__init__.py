"""What a training is on disk: its config, its folder, its checkpoint, the model file.

This room writes and reads; it does not know what a model or a dataset is beyond its name.
"""

from unnoise.runs.config import (
    PRESETS,
    Setting,
    TrainConfig,
    layer_settings,
    read_settings,
    to_toml,
)
from unnoise.runs.folder import RunFolder
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
    "HEADER",
    "PRESETS",
    "ModelInfo",
    "RunFolder",
    "Setting",
    "TrainConfig",
    "check_bounds",
    "header_of",
    "layer_settings",
    "parse_header",
    "read_model_file",
    "read_settings",
    "to_toml",
    "write_model_file",
]
