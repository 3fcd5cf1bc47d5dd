"""Inspecting files: what can be said of each image, as rows and as a page."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.api.common import Array, word
from unnoise.denoiser import Denoiser
from unnoise.errors import ImageError
from unnoise.images import MAX_PIXELS, Reader, check_max_pixels, find_images, open_image, to_float
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
    axes: str | None = None,
    max_pixels: int = MAX_PIXELS,
    draw: bool = False,
) -> Iterator[InspectedImage]:
    """Inspect every image of files, one in memory at a time.

    Args:
        denoiser: What is applied.
        inputs: Files, folders with their subfolders, and patterns such as ``scans/**/*.tif``.
        axes: Of the files, one letter per axis; None reads or guesses them.
        max_pixels: Of one image; 0 is no limit.
        draw: Whether to draw the maps.

    Raises:
        ConfigError: ``max_pixels`` is negative.

    Yields:
        One for each image; a file that cannot be inspected is one with its error.
    """
    check_max_pixels(max_pixels)
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
                with open_image(path, axes=axes, max_pixels=max_pixels) as reader:
                    yield from _inspect(denoiser, reader, draw=draw)
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
            reasons=image.facts["reasons"] if image.facts else [image.error or ""],
            figures=_figures(image.facts) if image.facts else ["–"] * 4,
            maps=image.picture,
        )
        for image in images
    ]
    title = f"Inspected with {denoiser.info.model} of {denoiser.info.data}"
    page = InspectionPage(title=title, summary=summary(images), entries=entries)
    write_text(path, render_page(page), overwrite=overwrite)


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
    return "; ".join([text, *image.facts["reasons"]])


def _inspect(denoiser: Denoiser, reader: Reader, *, draw: bool) -> Iterator[InspectedImage]:
    for index in range(reader.count):
        image = reader.image(index)
        image = image[..., :-1] if denoiser.sight.alpha_in(reader) else image
        found = inspect(denoiser, image, axes="YXC")
        yield InspectedImage(
            reader.path,
            index if reader.count > 1 else None,
            facts=facts_of(found),
            picture=_draw(denoiser, image, found) if draw else None,
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


def _draw(denoiser: Denoiser, given: Array, found: Inspection) -> bytes:
    panels = [
        Panel("image", _shown(denoiser, given), "image"),
        Panel("result", _shown(denoiser, found.image), "image"),
        Panel("removed", found.maps["removed"], "signed"),
        Panel("structure in what was removed", found.maps["structure"], "amount", STRUCTURE_TOP),
        Panel("expected error", found.maps["error"], "amount"),
    ]
    if "width" in found.maps:
        panels.append(Panel("width of the interval", found.maps["width"], "amount"))
    return draw_panels(panels)


def _shown(denoiser: Denoiser, image: Array) -> NDArray[np.float32]:
    """Return an image as it is drawn: in [0, 1], grey or the first three channels."""
    image = image[..., None] if image.ndim == 2 else image
    floats = to_float(image[None], denoiser.sight.value_range(image.dtype))[0].clip(0, 1)
    return np.moveaxis(floats[:COLOUR], 0, -1) if len(floats) >= COLOUR else floats[0]
