"""Pictures, and one self-contained HTML page about a run.

This room gets figures and arrays and draws them; it does not know how they were made.
"""

from unnoise.report.charts import draw_confusion, draw_map, draw_recovery
from unnoise.report.comparison import Comparison, draw_comparison
from unnoise.report.maps import Panel, draw_panels
from unnoise.report.noise import NoiseCurves, draw_crops, draw_noise_curves
from unnoise.report.page import (
    Entry,
    InspectionPage,
    NoisePage,
    Page,
    ProbingPage,
    ProbingRow,
    render_page,
)
from unnoise.report.pictures import draw_curves, draw_grid
from unnoise.report.places import amount_of_structure, most_structured

__all__ = [
    "Comparison",
    "Entry",
    "InspectionPage",
    "NoiseCurves",
    "NoisePage",
    "Page",
    "Panel",
    "ProbingPage",
    "ProbingRow",
    "amount_of_structure",
    "draw_comparison",
    "draw_confusion",
    "draw_crops",
    "draw_curves",
    "draw_grid",
    "draw_map",
    "draw_noise_curves",
    "draw_panels",
    "draw_recovery",
    "most_structured",
    "render_page",
]
