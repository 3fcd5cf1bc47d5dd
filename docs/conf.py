"""Settings of Sphinx: ``make docs`` builds the site into docs/_build/html, without any network.

The pages are Markdown (MyST) and docstrings. ``extensions/reference.py`` writes the pages about the
command line, the HTTP interface, settings, noise and errors from the code.
``UNNOISE_DOCS`` decides how much runs: ``none`` leaves the tutorials as text, ``full`` runs their
long form, and without it they run in their short form.
"""

import os
import sys
from pathlib import Path

import unnoise

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "extensions"))

project = "unnoise"
author = "The unnoise authors"
copyright = f"2026, {author}"  # noqa: A001 - the name that Sphinx asks for
version = release = unnoise.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "outside",
    "reference",
]
exclude_patterns = ["_build", "tutorials/*.rst", "**/sg_execution_times.rst"]
nitpicky = False  # types of other packages have no pages here

smartquotes = False  # it would turn options such as --noise into –noise

html_theme = "furo"
html_title = f"unnoise {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}

myst_enable_extensions = ["colon_fence", "deflist", "html_image"]
myst_heading_anchors = 4

autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
napoleon_google_docstring = True
napoleon_numpy_docstring = True

RUNS = os.environ.get("UNNOISE_DOCS", "small")
sphinx_gallery_conf = {
    "examples_dirs": ["tutorials"],
    "gallery_dirs": ["learn"],
    "filename_pattern": r"/tutorial_",
    "plot_gallery": RUNS != "none",
    "abort_on_example_error": True,
    "within_subsection_order": "FileNameSortKey",
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 1e9,
    "write_computation_times": False,  # a page that loads scripts from other hosts
    "download_all_examples": False,
    "remove_config_comments": True,
}
