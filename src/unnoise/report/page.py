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
        maps: A picture; None where there was no result.
    """

    name: str
    verdict: str
    reasons: Sequence[str]
    figures: Sequence[str]
    maps: bytes | None


@dataclass(frozen=True, kw_only=True)
class InspectionPage:
    """What the page of inspected images shows.

    Attributes:
        title: With which model.
        made_for: Which images the model is made for, and which it is not.
        summary: How many images got which verdict.
        entries: The images.
    """

    title: str
    made_for: str
    summary: str
    entries: Sequence[Entry]


@dataclass(frozen=True, kw_only=True)
class ProbingRow:
    """One kind of features: its name, its size, and errors in words for each number of labels."""

    features: str
    size: int
    errors: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class ProbingPage:
    """What the page of a probe shows.

    Attributes:
        title: Of the model.
        summary: Which classifier, which images.
        columns: Numbers of labels, in words.
        rows: Ours first.
        confusion: A PNG.
        confusion_caption: Of which features and labels.
        map: A PNG, or None.
        map_caption: How it was made, of how many images.
        recovery: A PNG; None where no noise was asked for.
        recovery_caption: Which classifier and which denoiser.
    """

    title: str
    summary: str
    columns: Sequence[str]
    rows: Sequence[ProbingRow]
    confusion: bytes
    confusion_caption: str
    map: bytes | None
    map_caption: str
    recovery: bytes | None
    recovery_caption: str


@dataclass(frozen=True, kw_only=True)
class NoisePage:
    """What the page of an estimated noise shows.

    Attributes:
        title: Of which images.
        spec: The noise.
        evidence: What was found, in sentences.
        curves: A PNG: variance against brightness, and correlations.
        crops: A PNG: real and synthetic noise side by side.
    """

    title: str
    spec: str
    evidence: Sequence[str]
    curves: bytes
    crops: bytes


def render_page(page: Page | InspectionPage | ProbingPage | NoisePage) -> str:
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
    name = TEMPLATES[type(page)]
    html = environment.get_template(f"{name}.html.jinja").render(page=page)
    # A page is UTF-8, and names need not be: their other bytes are shown escaped.
    return html.encode("utf-8", "backslashreplace").decode("utf-8")


TEMPLATES = {
    Page: "page",
    InspectionPage: "inspections",
    ProbingPage: "probing",
    NoisePage: "noise",
}


def _data_uri(picture: bytes) -> str:
    kind = "webp" if picture.startswith(b"RIFF") else "png"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
