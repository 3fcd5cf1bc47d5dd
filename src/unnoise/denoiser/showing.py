"""A model in a notebook: its main facts as a table, and in one line."""

from collections.abc import Mapping
from html import escape
from typing import Any

from unnoise.denoiser.description import in_words

# Of ``in_words``, with the name in the table.
SHOWN = {
    "network": "model",
    "trained on": "trained on",
    "method, and why": "method",
    "noise it learned": "noise",
    "neighbouring images": "neighbouring images",
    "values of images": "values",
    "training": "training",
    "quality": "quality",
    "cost": "cost",
}
LONGEST = 120  # characters of a cell; the whole text shows when the mouse rests on it
LINE = 40  # characters of a name in one line


def in_html(facts: Mapping[str, Any]) -> str:
    """Return the main facts of ``Denoiser.describe`` as a table."""
    known = in_words(facts)
    rows = "".join(
        f'<tr><th style="text-align: left">{name}</th>'
        f'<td style="text-align: left" title="{escape(known[label])}">'
        f"{escape(_short(known[label], LONGEST))}</td></tr>"
        for label, name in SHOWN.items()
        if label in known
    )
    return f"<table><caption>unnoise denoiser</caption>{rows}</table>"


def in_line(facts: Mapping[str, Any]) -> str:
    """Return name, data, method and quality in one line, such as for ``repr``."""
    known = in_words(facts)
    parts = [str(facts.get("model")), f"trained on {_short(str(facts.get('data')), LINE)}"]
    parts += [known[label].partition(":")[0] for label in ("method, and why",) if label in known]
    parts += [known["quality"]] if "quality" in known else []
    return f"<Denoiser {' '.join(', '.join(parts).split())}>"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
