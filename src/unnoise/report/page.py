"""HTML pages that contain all their pictures: nothing is loaded from elsewhere.

A few lines of script move the slider through a stack; other pages have none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from unnoise.images import data_address


@dataclass(frozen=True, kw_only=True)
class HtmlPage:
    """The content of a page; each kind has a template."""

    template: ClassVar[str]
    title: str


@dataclass(frozen=True, kw_only=True)
class RunPage(HtmlPage):
    """The page of a run."""

    template = "run"
    facts: Mapping[str, str]  # short labelled figures at the top
    examples: bytes  # a picture: clean, noisy and denoised images
    curves: bytes | None  # a picture: loss and PSNR; None without validation
    table: Sequence[Mapping[str, Any]]  # rows of an evaluation; empty without clean images
    table_caption: str
    model: Mapping[str, Any]  # facts about the model
    config: str  # TOML
    axis: str = ""  # the letter of the axis of stacks
    along: bytes | None = None  # a picture: a piece of a stack along this axis


@dataclass(frozen=True)
class Slide:
    """One image of a stack; pictures are WebP."""

    place: str  # in the stack, such as ``T 12 of 64``
    verdict: str
    figures: Sequence[str]
    before: bytes
    after: bytes


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One inspected image, or a stack of them."""

    name: str  # of the file
    verdict: str  # trust, check, reject or error; of a stack, the worst
    share: str = ""  # of a stack: how many of its images have this verdict
    place: str = ""  # of a stack: the first image that has it, to which reasons and maps belong
    reasons: Sequence[str]
    figures: Sequence[str]  # noise, familiarity, removed structure and estimated PSNR, in words
    maps: bytes | None  # a picture; None without a result
    slides: Sequence[Slide] = ()  # of a stack
    note: str = ""  # how the slides are drawn


@dataclass(frozen=True, kw_only=True)
class InspectionPage(HtmlPage):
    """The page of inspected images."""

    template = "inspections"
    made_for: str  # which images the model is made for, and which it is not
    summary: str  # the number of images with each verdict
    entries: Sequence[Entry]


@dataclass(frozen=True, kw_only=True)
class ProbingRow:
    """One kind of features: its name, its size, and errors in words for each number of labels."""

    features: str
    size: int
    errors: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class ProbingPage(HtmlPage):
    """The page of a probe."""

    template = "probing"
    summary: str  # the classifier and the images
    columns: Sequence[str]  # numbers of labels, in words
    rows: Sequence[ProbingRow]  # the model's features first
    confusion: bytes  # a picture
    confusion_caption: str
    map: bytes | None  # a picture of the features
    map_caption: str
    recovery: bytes | None  # a picture; None without noise
    recovery_caption: str


@dataclass(frozen=True, kw_only=True)
class NoisePage(HtmlPage):
    """The page of an estimated noise."""

    template = "noise"
    spec: str
    evidence: Sequence[str]  # the findings, in sentences
    curves: bytes  # a picture: variance against brightness, and correlations
    crops: bytes  # a picture: real and synthetic noise side by side


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
    environment.filters["data_uri"] = data_address
    html = environment.get_template(f"{page.template}.html.jinja").render(page=page)
    # File names may have bytes that are not UTF-8: the page shows them escaped.
    return html.encode("utf-8", "backslashreplace").decode("utf-8")
