"""What the package does, in Python: each function wires rooms together.

The public ones are named in ``unnoise``; the others serve the command line and the server, which
know no other room but this one (and the readers of files). Each is imported when it is first used,
because some need no torch and shall not wait for it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unnoise.api.choosing import load_built_ins
    from unnoise.api.comparing import (
        ComparedImage,
        Comparison,
        as_plain,
        compare,
        compare_files,
        table,
    )
    from unnoise.api.denoising import denoise_files, inputs_left
    from unnoise.api.evaluating import add_noise, evaluate
    from unnoise.api.exporting import export
    from unnoise.api.figures import figure
    from unnoise.api.forecasting import forecast
    from unnoise.api.inspecting import (
        TOLD,
        InspectedImage,
        inspect_files,
        line,
        summary,
        write_inspections,
    )
    from unnoise.api.loading import load
    from unnoise.api.noise_models import NoiseModel, noise_model
    from unnoise.api.noise_page import write_noise_page
    from unnoise.api.one_file import FileResult
    from unnoise.api.own import MINUTES, Own, train_on
    from unnoise.api.planning import default_out
    from unnoise.api.probing import Probe, probe, write_probe
    from unnoise.api.serving import load_models
    from unnoise.api.showing import draw_noise, draw_preview, write_report
    from unnoise.api.training import train

_HOMES = {
    "choosing": ("load_built_ins",),
    "comparing": (
        "ComparedImage",
        "Comparison",
        "as_plain",
        "compare",
        "compare_files",
        "table",
    ),
    "denoising": ("denoise_files", "inputs_left"),
    "evaluating": ("add_noise", "evaluate"),
    "exporting": ("export",),
    "figures": ("figure",),
    "forecasting": ("forecast",),
    "inspecting": (
        "TOLD",
        "InspectedImage",
        "inspect_files",
        "line",
        "summary",
        "write_inspections",
    ),
    "loading": ("load",),
    "noise_models": ("NoiseModel", "noise_model"),
    "noise_page": ("write_noise_page",),
    "one_file": ("FileResult",),
    "own": ("MINUTES", "Own", "train_on"),
    "planning": ("default_out",),
    "probing": ("Probe", "probe", "write_probe"),
    "serving": ("load_models",),
    "showing": ("draw_noise", "draw_preview", "write_report"),
    "training": ("train",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "MINUTES",
    "TOLD",
    "ComparedImage",
    "Comparison",
    "FileResult",
    "InspectedImage",
    "NoiseModel",
    "Own",
    "Probe",
    "add_noise",
    "as_plain",
    "compare",
    "compare_files",
    "default_out",
    "denoise_files",
    "draw_noise",
    "draw_preview",
    "evaluate",
    "export",
    "figure",
    "forecast",
    "inputs_left",
    "inspect_files",
    "line",
    "load",
    "load_built_ins",
    "load_models",
    "noise_model",
    "probe",
    "summary",
    "table",
    "train",
    "train_on",
    "write_inspections",
    "write_noise_page",
    "write_probe",
    "write_report",
]


def __getattr__(name: str) -> object:
    """Import a name on first use (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value
