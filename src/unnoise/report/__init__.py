"""Pictures, and self-contained HTML pages.

This room gets figures and arrays and draws them; it does not know how they were made.
"""

from unnoise.report.along import draw_along
from unnoise.report.charts import (
    NoiseCurves,
    draw_confusion,
    draw_curves,
    draw_map,
    draw_noise_curves,
    draw_recovery,
)
from unnoise.report.comparison import Comparison, draw_comparison
from unnoise.report.maps import Panel, draw_panels
from unnoise.report.page import (
    Entry,
    InspectionPage,
    NoisePage,
    ProbingPage,
    ProbingRow,
    RunPage,
    Slide,
    render_page,
)
from unnoise.report.pictures import draw_crops, draw_grid, draw_image, join_below

__all__ = [
    "Comparison",
    "Entry",
    "InspectionPage",
    "NoiseCurves",
    "NoisePage",
    "Panel",
    "ProbingPage",
    "ProbingRow",
    "RunPage",
    "Slide",
    "draw_along",
    "draw_comparison",
    "draw_confusion",
    "draw_crops",
    "draw_curves",
    "draw_grid",
    "draw_image",
    "draw_map",
    "draw_noise_curves",
    "draw_panels",
    "draw_recovery",
    "join_below",
    "render_page",
]
