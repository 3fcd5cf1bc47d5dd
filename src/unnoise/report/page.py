"""HTML pages that contain all their pictures: no script, nothing loaded from elsewhere."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, kw_only=True)
class HtmlPage:
    """The content of a page; each kind has a template.

    Attributes:
        title: The title of the page.
    """

    template: ClassVar[str]
    title: str


@dataclass(frozen=True, kw_only=True)
class RunPage(HtmlPage):
    """The page of a run.

    Attributes:
        facts: Short labelled figures at the top.
        examples: PNG of clean, noisy and denoised images.
        curves: PNG of loss and PSNR, None without validation.
        table: Rows of an evaluation: ``method``, ``psnr``, ``ssim``, ``mse``,
            ``images_per_second``; empty without clean images.
        table_caption: What was measured on which images.
        model: Facts about the model.
        config: The run's config as TOML.
    """

    template = "run"
    facts: Mapping[str, str]
    examples: bytes
    curves: bytes | None
    table: Sequence[Mapping[str, Any]]
    table_caption: str
    model: Mapping[str, Any]
    config: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One inspected image.

    Attributes:
        name: The name of the file, with the number of the image if the file holds several.
        verdict: ``trust``, ``check``, ``reject`` or ``error``.
        reasons: Why, and what to do.
        figures: Noise, familiarity, removed structure and estimated PSNR, in words.
        maps: A picture; None without a result.
    """

    name: str
    verdict: str
    reasons: Sequence[str]
    figures: Sequence[str]
    maps: bytes | None


@dataclass(frozen=True, kw_only=True)
class InspectionPage(HtmlPage):
    """The page of inspected images.

    Attributes:
        made_for: Which images the model is made for, and which it is not.
        summary: The number of images with each verdict.
        entries: The images.
    """

    template = "inspections"
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
class ProbingPage(HtmlPage):
    """The page of a probe.

    Attributes:
        summary: The classifier and the images.
        columns: Numbers of labels, in words.
        rows: The kinds of features, the model's first.
        confusion: A PNG.
        confusion_caption: Which features and labels it is of.
        map: A PNG, or None.
        map_caption: How the map was made, and from how many images.
        recovery: A PNG; None without noise.
        recovery_caption: The classifier and the denoiser.
    """

    template = "probing"
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
class NoisePage(HtmlPage):
    """The page of an estimated noise.

    Attributes:
        spec: The noise.
        evidence: The findings, in sentences.
        curves: A PNG: variance against brightness, and correlations.
        crops: A PNG: real and synthetic noise side by side.
    """

    template = "noise"
    spec: str
    evidence: Sequence[str]
    curves: bytes
    crops: bytes


def render_page(page: HtmlPage) -> str:
    """Return a page as HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("unnoise.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["data_uri"] = _data_uri
    html = environment.get_template(f"{page.template}.html.jinja").render(page=page)
    # File names may have bytes that are not UTF-8: the page shows them escaped.
    return html.encode("utf-8", "backslashreplace").decode("utf-8")


def _data_uri(picture: bytes) -> str:
    kind = "webp" if picture.startswith(b"RIFF") else "png"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
