"""Inspecting files: what can be said of each image, as rows and as a page."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.api.common import Array, word
from unnoise.api.comparing import compared
from unnoise.denoiser import DenoiseOptions, Denoiser, View
from unnoise.errors import ImageError
from unnoise.images import Reader, ReadOptions, find_images, to_float
from unnoise.outputs import write_text
from unnoise.report import Entry, InspectionPage, Panel, draw_panels, render_page
from unnoise.trust import Inspection, inspect

STRUCTURE_TOP = 8.0  # standard deviations, the last colour of the map
COLOUR = 3
TOLD = {"trust": "to be trusted", "check": "to be checked", "reject": "to be rejected"}


@dataclass(frozen=True)
class InspectedImage:
    """What was found in one image of a file.

    Attributes:
        input: The file.
        index: Of the image in the file; None where it holds one.
        error: What went wrong, or None.
        facts: The fields of the inspection that are numbers or words; empty after an error.
        picture: The maps beside the image as a PNG, where they were asked for.
    """

    input: Path
    index: int | None = None
    error: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    picture: bytes | None = None

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
    """Inspect every image of files, one in memory at a time.

    Args:
        denoiser: What is applied.
        inputs: Files, folders with their subfolders, and patterns such as ``scans/**/*.tif``.
        read: How files are read.
        options: How the model is applied.
        draw: Whether to draw the maps.
        compare: Whether to compare the model with simple filters, too; see ``unnoise.compare``.

    Yields:
        One for each image; a file that cannot be inspected is one with its error.
    """
    seen: set[Path] = set()
    for given in inputs:
        try:
            paths = [image.path for image in find_images([given])]
        except ImageError as error:
            yield InspectedImage(Path(given), error=str(error))
            continue
        for path in paths:
            if path.resolve() in seen:
                continue
            seen.add(path.resolve())
            try:
                with read.open(path) as reader:
                    yield from _inspect(denoiser, reader, options, draw=draw, compare=compare)
            # Whatever happens with one file, such as a lack of memory, the rest is inspected.
            except Exception as error:
                yield InspectedImage(path, error=word(error))


def write_inspections(
    path: Path, images: Sequence[InspectedImage], denoiser: Denoiser, *, overwrite: bool = False
) -> None:
    """Write one page with the maps of all images.

    Raises:
        OutputError: The page exists and ``overwrite`` is false, or it cannot be written.
    """
    entries = [
        Entry(
            name=image.name,
            verdict=image.verdict,
            reasons=_said(image.facts) if image.facts else [image.error or ""],
            figures=_figures(image.facts) if image.facts else ["–"] * 4,
            maps=image.picture,
        )
        for image in images
    ]
    title = f"Inspected with {denoiser.info.model} of {denoiser.info.data}"
    page = InspectionPage(title=title, summary=summary(images), entries=entries)
    write_text(path, render_page(page), overwrite=overwrite)


def _said(facts: dict[str, Any]) -> list[str]:
    return [*facts["reasons"], *([facts["worth"]] if "worth" in facts else [])]


def summary(images: Sequence[InspectedImage]) -> str:
    """Count the verdicts, in words."""
    verdicts = [image.verdict for image in images]
    parts = [f"{verdicts.count(key)} {told}" for key, told in TOLD.items() if key in verdicts]
    if "error" in verdicts:
        parts.append(f"{verdicts.count('error')} could not be inspected")
    return ", ".join(parts)


def line(image: InspectedImage) -> str:
    """Return what was found in one line."""
    noise, p_value, structure, psnr = _figures(image.facts)
    text = f"{image.verdict} {image.name}: noise {noise}, familiarity p = {p_value}, "
    text += f"removed structure {structure}, PSNR about {psnr}"
    return "; ".join([text, *_said(image.facts), *image.facts["notes"]])


def _inspect(
    denoiser: Denoiser, reader: Reader, options: DenoiseOptions, *, draw: bool, compare: bool
) -> Iterator[InspectedImage]:
    view = denoiser.sight.of_reader(reader, options)  # all images of a file are seen alike
    for index in range(reader.count):
        image = reader.image(index)
        found = inspect(denoiser, image, axes="YXC", view=view)
        yield InspectedImage(
            reader.path,
            index if reader.count > 1 else None,
            facts=facts_of(found) | (compared(denoiser, image, view) if compare else {}),
            picture=_draw(image, found, view) if draw else None,
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
        "psnr_hidden": found.psnr_hidden,
        "notes": list(found.notes),
        "interval_width": float(found.maps["width"].mean()) if "width" in found.maps else None,
    }


def _figures(facts: dict[str, Any]) -> list[str]:
    noise = facts["noise_level"]
    return [
        f"{noise['std']:.3f}" + (" (more where bright)" if noise["gain"] > 0 else ""),
        "–" if facts["familiarity"] is None else f"{facts['familiarity']:.3f}",
        f"{facts['removed_structure']:.2f}",
        f"{facts['psnr']:.1f} dB",
    ]


def _draw(given: Array, found: Inspection, view: View) -> bytes:
    panels = [
        Panel("image", _shown(given, view), "image"),
        Panel("result", _shown(found.image, view), "image"),
        Panel("removed", found.maps["removed"], "signed"),
        Panel("structure in what was removed", found.maps["structure"], "amount", STRUCTURE_TOP),
        Panel("expected error", found.maps["error"], "amount"),
    ]
    if "width" in found.maps:
        panels.append(Panel("width of the interval", found.maps["width"], "amount"))
    return draw_panels(panels)


def _shown(image: Array, view: View) -> NDArray[np.float32]:
    """Return an image as it is drawn: in [0, 1], grey or the first three channels."""
    image = image[..., None] if image.ndim == 2 else image
    scaled = to_float(image[None, ..., : view.channels], view.values)[0]
    floats = np.nan_to_num(scaled).clip(0, 1)
    return np.moveaxis(floats[:COLOUR], 0, -1) if len(floats) >= COLOUR else floats[0]
