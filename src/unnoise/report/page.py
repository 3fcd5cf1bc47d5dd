"""One HTML page with everything inside: no script, nothing loaded from elsewhere."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the page shows.

    Attributes:
        title: Of the run.
        facts: Short labelled figures at the top.
        examples: PNG of clean, noisy and denoised images.
        curves: PNG of loss and PSNR, None where there was no validation.
        table: Rows of an evaluation: ``method``, ``psnr``, ``ssim``, ``mse``,
            ``images_per_second``; none where there are no clean images.
        table_caption: What was measured on which images.
        model: What is known about the model.
        config: The run's config as TOML.
    """

    title: str
    facts: Mapping[str, str]
    examples: bytes
    curves: bytes | None
    table: Sequence[Row]
    table_caption: str
    model: Mapping[str, Any]
    config: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One inspected image.

    Attributes:
        name: Of the file, and the number of the image where it holds several.
        verdict: ``trust``, ``check``, ``reject`` or ``error``.
        reasons: Why.
        figures: Noise, familiarity, removed structure and estimated PSNR, in words.
        maps: A PNG; None where there was no result.
    """

    name: str
    verdict: str
    reasons: Sequence[str]
    figures: Sequence[str]
    maps: bytes | None


@dataclass(frozen=True, kw_only=True)
class InspectionPage:
    """What the page of inspected images shows."""

    title: str
    summary: str
    entries: Sequence[Entry]


def render_page(page: Page | InspectionPage) -> str:
    """Return the page as HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("unnoise.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["data_uri"] = _data_uri
    name = "page" if isinstance(page, Page) else "inspections"
    return environment.get_template(f"{name}.html.jinja").render(page=page)


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
