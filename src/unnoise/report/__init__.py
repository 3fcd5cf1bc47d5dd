"""Pictures, and one self-contained HTML page about a run.

This room gets figures and arrays and draws them; it does not know how they were made.
"""

from unnoise.report.page import Page, render_page
from unnoise.report.pictures import draw_curves, draw_grid

__all__ = ["Page", "draw_curves", "draw_grid", "render_page"]
