"""The page of an inspection: an entry for each image, and one for each stack, with a slider."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from unnoise.api.inspecting import InspectedImage, figures, reasons, summary
from unnoise.api.one_file import VERDICTS
from unnoise.api.sharing import made_for, title_of
from unnoise.denoiser import Denoiser
from unnoise.outputs import write_text
from unnoise.report import Entry, InspectionPage, Slide, render_page

ROOM = 10_500_000  # bytes of pictures: as text, the page stays below 15 MB
FEWEST = 5  # slides of a stack at least
RANKS = [*VERDICTS, "error"]
UNKNOWN = ["–"] * 4


def write_inspections(
    path: Path,
    images: Sequence[InspectedImage],
    denoiser: Denoiser,
    *,
    model: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write one page with the maps of all images; ``model``, a name or file, is in its title.

    The images of a stack, before and after, are behind a slider, with the maps of the first one of
    the worst verdict. Some are left out where the page would become too large.
    """
    room = ROOM - sum(len(image.picture or b"") for image in images)
    needed = sum(len(side) for image in images for side in image.pair or ())
    every = max(1, -(-needed // max(room, 1)))
    files = [list(group) for _, group in groupby(images, key=lambda image: image.input)]
    page = InspectionPage(
        title=f"Inspected with {title_of(denoiser, model)}",
        made_for=made_for(denoiser, model),
        summary=summary(images),
        entries=[_stack(group, every) if len(group) > 1 else _entry(*group) for group in files],
    )
    write_text(path, render_page(page), overwrite=overwrite)


def _entry(image: InspectedImage) -> Entry:
    return Entry(
        name=image.name,
        verdict=image.verdict,
        reasons=reasons(image.facts) if image.facts else [image.error or ""],
        figures=figures(image) if image.facts else UNKNOWN,
        maps=image.picture,
    )


def _stack(images: Sequence[InspectedImage], every: int) -> Entry:
    """Return the entry of several images of a file, with each n-th of them on the slider."""
    worst = max(images, key=lambda image: RANKS.index(image.verdict))
    alike = sum(image.verdict == worst.verdict for image in images)
    drawn = [image for image in images if image.picture]
    pairs = [(image, image.pair) for image in images if image.pair]
    return Entry(
        name=str(worst.input),
        verdict=worst.verdict,
        share=f"{alike} of {len(images)} images",
        reasons=reasons(worst.facts) if worst.facts else [worst.error or ""],
        figures=_spans([image for image in images if image.facts]),
        place=worst.place,
        maps=drawn[-1].picture if drawn else None,
        note=worst.drawn,
        slides=[
            Slide(image.place, image.verdict, figures(image), *pair)
            for image, pair in pairs[:: max(1, min(every, len(pairs) // FEWEST))]
        ],
    )


def _spans(images: Sequence[InspectedImage]) -> Sequence[str]:
    """Return the figures of several images: from the least to the largest."""
    if not images:
        return UNKNOWN
    facts = [image.facts for image in images]
    columns = (
        ([each["noise_level"]["std"] for each in facts], ".3f", ""),
        ([each["familiarity"] for each in facts], ".3f", ""),
        ([each["removed_structure"] for each in facts], ".2f", ""),
        ([each["psnr"] for each in facts], ".1f", " dB"),
    )
    found = figures(images[0])  # in words, where no image has the figure
    for place, (column, digits, unit) in enumerate(columns):
        if known := [value for value in column if value is not None]:
            ends = dict.fromkeys(f"{end:{digits}}" for end in (min(known), max(known)))
            found[place] = " to ".join(ends) + unit
    return found
