"""Inspecting files: facts about the result of each image, as rows and as a page."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.api.common import each_file
from unnoise.api.comparing import compared
from unnoise.api.one_file import VERDICTS
from unnoise.api.sharing import made_for, title_of
from unnoise.denoiser import DenoiseOptions, Denoiser, View, beside
from unnoise.images import Contrast, Reader, ReadOptions
from unnoise.outputs import write_text
from unnoise.report import Entry, InspectionPage, Panel, draw_panels, render_page
from unnoise.trust import Inspection, inspect, read_calibration
from unnoise.types import Array

STRUCTURE_TOP = 8.0  # standard deviations, the last colour of the map
COLOUR = 3


@dataclass(frozen=True)
class InspectedImage:
    """The inspection of one image of a file."""

    input: Path
    index: int | None = None  # of the image in the file; None where it holds one
    error: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)  # numbers and words; empty after an error
    picture: bytes | None = None  # the image and its maps as a WebP, if they were requested
    unknown: str = ""  # why there is no familiarity

    @property
    def name(self) -> str:
        """The file, with the number of the image where it holds several."""
        return str(self.input) if self.index is None else f"{self.input}[{self.index}]"

    @property
    def verdict(self) -> str:
        """``trust``, ``check``, ``reject``, or ``error``."""
        return str(self.facts.get("verdict", "error"))


def inspect_files(
    denoiser: Denoiser,
    inputs: Iterable[str | Path],
    *,
    read: ReadOptions = ReadOptions(),  # noqa: B008  frozen
    options: DenoiseOptions = DenoiseOptions(),  # noqa: B008  frozen
    draw: bool = False,
    compare: bool = False,
) -> Iterator[InspectedImage]:
    """Yield an inspection for every image of files, one in memory at a time.

    ``draw`` adds the maps, ``compare`` a comparison with simple filters.
    """
    options.check_whole("inspect")

    def work(path: Path) -> Iterator[InspectedImage]:
        with read.open(path) as reader:
            yield from _inspect(denoiser, reader, options, draw=draw, compare=compare)

    def failed(name: str, error: str) -> InspectedImage:
        return InspectedImage(Path(name), error=error)

    return each_file(inputs, work, failed, sequence=read.sequence)


def write_inspections(
    path: Path,
    images: Sequence[InspectedImage],
    denoiser: Denoiser,
    *,
    model: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write one page with the maps of all images; ``model``, a name or file, is in its title."""
    entries = [
        Entry(
            name=image.name,
            verdict=image.verdict,
            reasons=_said(image.facts) if image.facts else [image.error or ""],
            figures=_figures(image) if image.facts else ["–"] * 4,
            maps=image.picture,
        )
        for image in images
    ]
    page = InspectionPage(
        title=f"Inspected with {title_of(denoiser, model)}",
        made_for=made_for(denoiser, model),
        summary=summary(images),
        entries=entries,
    )
    write_text(path, render_page(page), overwrite=overwrite)


def _said(facts: dict[str, Any]) -> list[str]:
    return [*facts["reasons"], *([facts["worth"]] if "worth" in facts else [])]


def summary(images: Sequence[InspectedImage]) -> str:
    """Count the verdicts, in words."""
    verdicts = [image.verdict for image in images]
    parts = [f"{verdicts.count(key)} {text}" for key, text in VERDICTS.items() if key in verdicts]
    if "error" in verdicts:
        parts.append(f"{verdicts.count('error')} could not be inspected")
    return ", ".join(parts)


def line(image: InspectedImage, said: set[str]) -> str:
    """Return an inspection in one line; leave out notes in ``said``, and add new ones to it."""
    noise, alike, structure, psnr = _figures(image)
    alike = alike if image.facts["familiarity"] is None else f"p = {alike}"
    text = f"{image.verdict} {image.name}: noise {noise}, familiarity {alike}, "
    text += f"removed structure {structure}, PSNR {psnr}"
    new = [each for each in (*_said(image.facts), *image.facts["notes"]) if each not in said]
    said.update(new)
    return "; ".join([text, *new])


def _inspect(
    denoiser: Denoiser, reader: Reader, options: DenoiseOptions, *, draw: bool, compare: bool
) -> Iterator[InspectedImage]:
    view = denoiser.sight.of_reader(reader, options)  # all images of a file are seen alike
    seen = beside(reader, view.around)
    for index in range(reader.count):
        image = reader.image(index)
        together = seen.image(index) if view.around else None
        found = inspect(denoiser, image, axes="YXC", view=view, together=together)
        yield InspectedImage(
            reader.path,
            index if reader.count > 1 else None,
            facts=facts_of(found)
            | (compared(denoiser, image, view, seen.image(index)) if compare else {}),
            picture=_draw(image, found, view, reader) if draw else None,
            unknown=_unknown(denoiser) if found.familiarity is None else "",
        )


def facts_of(found: Inspection) -> dict[str, Any]:
    """Return the fields of an inspection that are numbers or words, as plain values."""
    return {
        "verdict": found.verdict,
        "reasons": list(found.reasons),
        "noise_level": asdict(found.noise_level),
        "familiarity": found.familiarity,
        "removed_structure": found.removed_structure,
        "psnr": found.psnr,
        "psnr_untold": found.psnr_untold,
        "psnr_hidden": found.psnr_hidden,
        "notes": list(found.notes),
        "interval_width": float(found.maps["width"].mean()) if "width" in found.maps else None,
    }


def _unknown(denoiser: Denoiser) -> str:
    """Return why the familiarity of an image is unknown."""
    calibration = read_calibration(denoiser.info.calibration)
    if calibration is None:
        return "unknown: the model file has no calibration"
    return "unknown: " + (
        "the image is too small" if calibration.kinds else "too few held-out images"
    )


def _figures(image: InspectedImage) -> list[str]:
    facts = image.facts
    noise = facts["noise_level"]
    return [
        f"{noise['std']:.3f}" + (" (more where bright)" if noise["gain"] > 0 else ""),
        image.unknown if facts["familiarity"] is None else f"{facts['familiarity']:.3f}",
        f"{facts['removed_structure']:.2f}",
        f"unknown: {facts['psnr_untold']}"
        if facts["psnr"] is None
        else f"about {facts['psnr']:.1f} dB",
    ]


def _draw(given: Array, found: Inspection, view: View, reader: Reader) -> bytes:
    before, after = (_colours(image, view) for image in (given, found.image))
    contrast = Contrast.of(before, each=reader.colour == "other")
    panels = [
        Panel("image", _drawn(contrast.draw(before)), "image", note=contrast.said),
        Panel("result", _drawn(contrast.draw(after)), "image"),
        Panel("removed", found.maps["removed"], "signed"),
        Panel("structure in what was removed", found.maps["structure"], "amount", STRUCTURE_TOP),
        Panel("expected error", found.maps["error"], "amount"),
    ]
    if "width" in found.maps:
        panels.append(Panel("width of the interval", found.maps["width"], "amount"))
    return draw_panels(panels)


def _colours(image: Array, view: View) -> Array:
    """Return the channels of an image to draw: the first one or three, ``(H, W, 1 or 3)``."""
    image = image[..., None] if image.ndim == 2 else image
    return image[..., : COLOUR if view.channels >= COLOUR else 1]


def _drawn(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    return picture if picture.shape[-1] == COLOUR else picture[..., 0]
