"""What the package does, in Python: each function wires rooms together.

The public ones are named in ``unnoise``; the others serve the command line, which knows no other
room but this one (and the readers of files).
"""

from unnoise.api.denoising import FileResult, denoise_files
from unnoise.api.forecasting import forecast
from unnoise.api.inspecting import (
    TOLD,
    InspectedImage,
    inspect_files,
    line,
    summary,
    write_inspections,
)
from unnoise.api.planning import default_out
from unnoise.api.probing import Probe, probe, write_probe
from unnoise.api.showing import draw_noise, draw_preview, write_report
from unnoise.api.training import resume, train
from unnoise.api.using import add_noise, evaluate, load

__all__ = [
    "TOLD",
    "FileResult",
    "InspectedImage",
    "Probe",
    "add_noise",
    "default_out",
    "denoise_files",
    "draw_noise",
    "draw_preview",
    "evaluate",
    "forecast",
    "inspect_files",
    "line",
    "load",
    "probe",
    "resume",
    "summary",
    "train",
    "write_inspections",
    "write_probe",
    "write_report",
]
