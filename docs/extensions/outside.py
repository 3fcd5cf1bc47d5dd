"""Sphinx extension: shows pages of the repository that lie outside docs/, and mends links to them.

Each page in ``SHOWN`` stands in docs/ as a line with a link to its source, which is what people see
who read the repository. On the site, the source itself stands there.
"""

import os
import re
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SHOWN = {
    "project/changelog": "CHANGELOG.md",
    "project/contributing": "CONTRIBUTING.md",
    "project/security": "SECURITY.md",
    "project/conduct": "CODE_OF_CONDUCT.md",
    "models/photo": "src/unnoise/pretrained/photo.md",
    "models/fluorescence": "src/unnoise/pretrained/fluorescence.md",
    "models/digits": "src/unnoise/datasets/digits/README.md",
    "benchmarks/index": "benchmarks/README.md",
}
PLACES = {ROOT / source: DOCS / f"{page}.md" for page, source in SHOWN.items()}
PLACES[ROOT / "README.md"] = DOCS / "index.md"
LINK = re.compile(r"\]\((?!\w+:)([^)\s#]+)(#[^)\s]*)?\)")


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to the reading of pages."""
    app.connect("source-read", read)
    return {"parallel_read_safe": True}


def read(app: Sphinx, page: str, content: list[str]) -> None:  # noqa: ARG001  Sphinx's signature
    """Put the source in the place of a page, and turn links to sources to their pages."""
    here = DOCS / f"{page}.md"
    source = ROOT / SHOWN[page] if page in SHOWN else here
    text = source.read_text(encoding="utf-8") if page in SHOWN else content[0]
    if page in SHOWN:
        text += "".join(re.findall(r"\n```\{toctree\}.*?```\n", content[0], re.S))

    def mended(link: re.Match[str]) -> str:
        target = Path(os.path.normpath(source.parent / link[1]))
        if not target.is_file():
            return link[0]
        shown = os.path.relpath(PLACES.get(target, target), here.parent)
        return f"]({shown}{link[2] or ''})"

    content[0] = LINK.sub(mended, text)
