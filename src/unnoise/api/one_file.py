"""One file: open it, judge it, denoise it, and report the result."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import KW_ONLY, asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from unnoise.api.common import explain, ignore
from unnoise.denoiser import DenoiseOptions, Denoiser, Outputs, View, without_hot_pixels
from unnoise.errors import ImageError, UnnoiseError
from unnoise.facts import is_mosaic
from unnoise.images import Conversion, Reader, ReadOptions, convert, format_of, open_image
from unnoise.outputs import replacing
from unnoise.trust import WIDE, Calibration, Judgement, Verdict, glance, read_calibration
from unnoise.types import Say

VERDICTS = {"trust": "to be trusted", "check": "to be checked", "reject": "to be rejected"}
NAMED = 5  # failed inputs in a summary

FileProgress = Callable[[float, int | None], None]  # files done, with the share of one; of all


@dataclass(frozen=True)
class FileResult:
    """The result of one input, whoever denoised it."""

    input: str  # path or address
    output: str | None = None  # path of the file that was written, or was there
    error: str | None = None
    skipped: bool = False  # the output was there and was left
    seconds: float = 0.0
    megapixels: float = 0.0  # of all images of the file together
    # By the middle of the first image; None without a request or without a calibration.
    verdict: Verdict | None = None
    reasons: tuple[str, ...] = ()  # for the verdict
    noise_level: float | None = None  # standard deviation, where 1 is white; with a verdict
    notes: tuple[str, ...] = ()  # how values and channels were read, and hot pixels replaced
    lost: tuple[str, ...] = ()  # metadata of the input that the output does not have
    model: str | None = None  # the one that was chosen for it, where there were several
    chosen: str | None = None  # the reason for the choice


@dataclass
class Summary:
    """The results of many inputs, counted; it holds nothing that grows with them."""

    denoised: int = 0
    before: int = 0  # outputs that were there
    failed: int = 0
    repeated: int = 0  # inputs that were named before
    check: int = 0  # outputs with this verdict
    reject: int = 0
    lost: int = 0  # workers that died and were replaced
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)  # the first inputs that failed
    models: Counter[str] = field(default_factory=Counter)  # files of each model that was chosen

    @property
    def inputs(self) -> int:
        """Number of inputs that are done or failed."""
        return self.before + self.denoised + self.failed

    def count(self, result: FileResult) -> None:
        """Take a result into account."""
        if result.chosen and result.model:
            self.models[result.model] += 1
        if result.error is not None:
            self.failed += 1
            if len(self.failures) < NAMED:
                self.failures.append(result.input)
            return
        self.before += result.skipped
        self.denoised += not result.skipped
        self.check += result.verdict == "check"
        self.reject += result.verdict == "reject"

    def facts(self) -> dict[str, Any]:
        """Return the counts as plain values."""
        return {name: value for name, value in asdict(self).items() if name != "models"}

    def __str__(self) -> str:
        """Return the counts in words."""
        chosen = self.models.most_common() if len(self.models) > 1 else []
        counts = [
            *((count, f"with {model}") for model, count in chosen),
            (self.before, "were there"),
            (self.check, VERDICTS["check"]),
            (self.reject, VERDICTS["reject"]),
            (self.repeated, "were named before"),
            (self.lost, "workers died and were replaced"),
        ]
        parts = [
            f"{self.denoised} denoised",
            *(f"{count} {text}" for count, text in counts if count),
        ]
        if self.failed:
            more = self.failed - len(self.failures)
            names = ", ".join(self.failures) + (f" and {more} more" if more else "")
            parts.append(f"{self.failed} of {self.inputs} inputs failed: {names}")
        return ", ".join(parts)


class DenoiseFiles(Protocol):
    """Denoises the files of a call: this process does it, or the workers of a job."""

    def __call__(
        self,
        *,
        outputs: Outputs,
        read: ReadOptions,
        options: DenoiseOptions,
        report: Callable[[FileResult], None],
        progress: FileProgress,
    ) -> Summary:
        """Denoise them; report each result, and how many files are done, of all if it is known."""


@dataclass
class FileDenoiser:
    """Denoises files, each by itself."""

    denoiser: Denoiser
    _: KW_ONLY
    options: DenoiseOptions
    read: ReadOptions
    outputs: Outputs  # whether they may be replaced, and results are judged

    def __post_init__(self) -> None:
        self._calibration = read_calibration(self.denoiser.info.calibration)

    def __call__(
        self, path: Path, target: Path, *, progress: Callable[[float], None] = ignore
    ) -> FileResult:
        """Denoise one file; any error is in the result. ``progress`` gets the share done."""
        started, found = time.perf_counter(), list[str]()
        try:
            with open_image(path, self.read) as reader:
                view = self.view(reader)
                seen = self.look(reader, view, str(path))
                wanted = self.outputs.format
                if wanted is None or format_of(path) == wanted:
                    lost = self.denoiser.denoise_file(
                        reader,
                        target,
                        options=self.options,
                        view=view,
                        overwrite=self.outputs.overwrite,
                        progress=progress,
                        note=found.append,
                    )
                else:
                    done = self._convert(reader, target, view, found.append)
                    lost, found = done.lost, [*found, *done.said]
                pixels = reader.count * reader.height * reader.width
        # The other files are done whatever happens with this one, such as an error of a GPU.
        except Exception as error:
            return FileResult(str(path), error=explain(error, path))
        return replace(
            seen,
            output=str(target),
            seconds=time.perf_counter() - started,
            megapixels=pixels / 1e6,
            notes=(*seen.notes, *found),
            lost=lost,
        )

    def _convert(self, reader: Reader, target: Path, view: View, note: Say) -> Conversion:
        """Denoise the single image of a file into a picture of another format."""
        if reader.count > 1:
            raise ImageError(
                f"{reader.name} is a stack of {reader.count} images, and {self.outputs.format} "
                "holds one: leave --format out"
            )
        image = self.denoiser.denoise_image(reader, 0, self.options, view, note=note)
        with replacing(target, overwrite=self.outputs.overwrite) as temporary:
            return convert(temporary, image, reader, view.results)

    def view(self, reader: Reader) -> View:
        """Return how an open file is seen; see ``Sight.of_reader``.

        Raises:
            ImageError: It cannot be read; or it is a mosaic, and nothing says how to take it.
        """
        view = self.denoiser.sight.of_reader(reader, self.options)
        if self.read.mosaic is None and reader.layout.channels == 1 and not reader.film:
            self._check_developed(reader, view)
        return view

    def _check_developed(self, reader: Reader, view: View) -> None:
        """Raise ``ImageError`` if the middle of a grey file is a mosaic, unless the model fits."""
        sight = self.denoiser.sight
        middle = np.moveaxis(sight.peek(reader, WIDE, view), 0, -1)
        if is_mosaic(middle) and sight.stride(middle) % 2:
            raise ImageError(
                f"{reader.name} looks like the raw mosaic of a colour camera, whose colours must "
                "not be mixed: pass --mosaic RGGB (or BGGR, GRBG, GBRG) to denoise each by itself, "
                "or --mosaic none if it is a plain image"
            )

    def look(self, reader: Reader, view: View, name: str) -> FileResult:
        """Return the notes and the verdict of an open file before it is denoised."""
        seen = FileResult(name, notes=view.notes)
        if not self.outputs.inspect:
            return seen
        hot_pixels = self.options.hot_pixels
        judged = look(self.denoiser, reader, view, self._calibration, hot_pixels=hot_pixels)
        if judged is None:
            return seen
        return replace(
            seen, verdict=judged.verdict, reasons=judged.reasons, noise_level=judged.noise.std
        )


def look(
    denoiser: Denoiser,
    reader: Reader,
    view: View,
    calibration: Calibration | None,
    *,
    hot_pixels: bool = False,
) -> Judgement | None:
    """Judge the middle of the first image of a file.

    Args:
        denoiser, reader, view: The model, the file, and how the model sees it.
        calibration: Statistics of the model on held-out images.
        hot_pixels: Whether hot pixels are replaced first.

    Returns:
        None if there is no calibration and the image itself shows nothing, or the file cannot be
        denoised.
    """
    try:
        image = denoiser.sight.peek(reader, WIDE, view)
        if hot_pixels:
            image = without_hot_pixels(image, colours=view.colours)
        found = glance(denoiser, image, calibration, view)
    except UnnoiseError:
        return None  # denoising the file reports the error, if there is one
    known = calibration is not None and calibration.limited
    return found if known or len(found.reasons) > 1 else None
