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
from unnoise.denoiser import DenoiseOptions, Denoiser, View, beside
from unnoise.images import Contrast, Reader, ReadOptions, open_image
from unnoise.report import Panel, draw_image, draw_panels
from unnoise.trust import Inspection, inspect, read_calibration
from unnoise.types import Array

SLIDES = 64  # images of a stack that are drawn before and after
STRUCTURE_TOP = 8.0  # standard deviations, the last colour of the map
COLOUR = 3


@dataclass(frozen=True)
class InspectedImage:
    """The inspection of one image of a file."""

    input: Path
    index: int | None = None  # of the image in the file; None where it holds one
    error: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)  # numbers and words; empty after an error
    place: str = ""  # in the file, such as ``T 12 of 64``; empty where it holds one
    # The image and its maps as a WebP, if they were requested; of a stack, for an image whose
    # verdict is worse than those before.
    picture: bytes | None = None
    pair: tuple[bytes, bytes] | None = None  # of a stack, if requested: before and after, WebP
    drawn: str = ""  # how the pair is drawn, in words
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
        with open_image(path, read) as reader:
            yield from _inspect(denoiser, reader, options, draw=draw, compare=compare)

    def failed(name: str, error: str) -> InspectedImage:
        return InspectedImage(Path(name), error=error)

    return each_file(inputs, work, failed, sequence=read.sequence)


def reasons(facts: dict[str, Any]) -> list[str]:
    """Return the reasons of a verdict, and the sentence of a comparison with filters."""
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
    noise, alike, structure, psnr = figures(image)
    alike = alike if image.facts["familiarity"] is None else f"p = {alike}"
    text = f"{image.verdict} {image.name}: noise {noise}, familiarity {alike}, "
    text += f"removed structure {structure}, PSNR {psnr}"
    new = [each for each in (*reasons(image.facts), *image.facts["notes"]) if each not in said]
    said.update(new)
    return "; ".join([text, *new])


def _inspect(
    denoiser: Denoiser, reader: Reader, options: DenoiseOptions, *, draw: bool, compare: bool
) -> Iterator[InspectedImage]:
    view = denoiser.sight.of_reader(reader, options)  # all images of a file are seen alike
    seen = beside(reader, view.around)
    slides = _Slides(reader, view) if draw and reader.count > 1 else None
    worst = -1
    for index in range(reader.count):
        image = reader.image(index)
        together = seen.image(index) if view.around else None
        found = inspect(denoiser, image, axes="YXC", view=view, together=together)
        rank = list(VERDICTS).index(found.verdict)
        yield InspectedImage(
            reader.path,
            index if reader.count > 1 else None,
            facts=facts_of(found)
            | (compared(denoiser, image, view, seen.image(index)) if compare else {}),
            place=reader.layout.place(index),
            picture=_draw(image, found, view, reader) if draw and rank > worst else None,
            pair=slides.pair(index, image, found.image) if slides else None,
            drawn=slides.said if slides else "",
            unknown=_unknown(denoiser) if found.familiarity is None else "",
        )
        worst = max(worst, rank)


def facts_of(found: Inspection) -> dict[str, Any]:
    """Return the fields of an inspection that are numbers or words, as plain values."""
    return {
        "verdict": found.verdict,
        "reasons": list(found.reasons),
        "noise_level": asdict(found.noise_level),
        "familiarity": found.familiarity,
        "removed_structure": found.removed_structure,
        "smeared": None if found.smeared is None else found.smeared.share,
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


def figures(image: InspectedImage) -> list[str]:
    """Return the noise, the familiarity, the removed structure and the PSNR in words."""
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


class _Slides:
    """Draws images of a stack before and after: evenly spread ones, all in one contrast."""

    def __init__(self, reader: Reader, view: View) -> None:
        self._view = view
        count = min(SLIDES, reader.count)
        self._chosen = set(np.linspace(0, reader.count - 1, count).round().astype(int).tolist())
        parts = [_colours(part, view) for part in reader.sample()]
        seen = np.concatenate([part.reshape(1, -1, part.shape[-1]) for part in parts], axis=1)
        self._contrast = Contrast.of(seen, each=reader.colour == "other")

    @property
    def said(self) -> str:
        """The contrast in words, if it is stretched."""
        return self._contrast.said

    def pair(self, index: int, before: Array, after: Array) -> tuple[bytes, bytes] | None:
        """Return an image before and after; None if it is left out."""
        if index not in self._chosen:
            return None
        drawn = (self._contrast.draw(_colours(image, self._view)) for image in (before, after))
        first, second = map(draw_image, drawn)
        return first, second


def _colours(image: Array, view: View) -> Array:
    """Return the channels of an image to draw: the first one or three, ``(H, W, 1 or 3)``."""
    image = image[..., None] if image.ndim == 2 else image
    return image[..., : COLOUR if view.channels >= COLOUR else 1]


def _drawn(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    return picture if picture.shape[-1] == COLOUR else picture[..., 0]
