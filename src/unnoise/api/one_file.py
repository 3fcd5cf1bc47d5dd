"""One file: open it, look at it, denoise it, and report the result.

Many files are done by this one after another, or by many workers.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from unnoise.api.common import describe_error
from unnoise.denoiser import DenoiseOptions, Denoiser, Outputs, View, without_hot_pixels
from unnoise.errors import UnnoiseError
from unnoise.images import Reader, ReadOptions
from unnoise.trust import WIDE, Calibration, Judgement, Verdict, glance, read_calibration

VERDICTS = {"trust": "to be trusted", "check": "to be checked", "reject": "to be rejected"}
NAMED = 5  # failed inputs in a summary

FileProgress = Callable[[float, int | None], None]  # files done, with the share of one; of all


@dataclass(frozen=True)
class FileResult:
    """The result of one input, whoever denoised it.

    Attributes:
        input: Its path or address.
        output: The path of the file that was written, or was there; None after an error.
        error: What went wrong, or None.
        skipped: Whether the output was there and was left.
        seconds: Spent on it.
        megapixels: Denoised, all images of the file together.
        verdict: ``trust``, ``check`` or ``reject``, by the middle of the first image; None where
            nobody asked for it, or the model file has no calibration.
        reasons: Reasons for the verdict.
        noise_level: The standard deviation of its noise, where 1 is white; comes with the verdict.
        notes: How its values and channels were read, where the file does not say it all; and how
            many hot pixels were replaced, where that was asked for.
        lost: What the input has beside its pixels, and the output does not.
        model: The name of the model that was chosen for it, where there were several.
        chosen: The reason for the choice, in words; None likewise.
    """

    input: str
    output: str | None = None
    error: str | None = None
    skipped: bool = False
    seconds: float = 0.0
    megapixels: float = 0.0
    verdict: Verdict | None = None
    reasons: tuple[str, ...] = ()
    noise_level: float | None = None
    notes: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    model: str | None = None
    chosen: str | None = None


@dataclass
class Summary:
    """The results of many inputs, counted; it holds nothing that grows with them.

    Attributes:
        denoised: Outputs that were written.
        before: Outputs that were there before.
        failed: Inputs that could not be denoised.
        repeated: Inputs that were named before.
        check: Outputs with this verdict.
        reject: Likewise.
        lost: Workers that were lost and replaced.
        seconds: Duration of all of it.
        failures: The first inputs that failed.
        models: Number of files of each model that was chosen.
    """

    denoised: int = 0
    before: int = 0
    failed: int = 0
    repeated: int = 0
    check: int = 0
    reject: int = 0
    lost: int = 0
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)
    models: Counter[str] = field(default_factory=Counter)

    @property
    def inputs(self) -> int:
        """Number of inputs that are dealt with."""
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


class Engine(Protocol):
    """Who denoises the files of a call: this process, or the workers of a job."""

    def __call__(
        self,
        *,
        outputs: Outputs,
        read: ReadOptions,
        options: DenoiseOptions,
        report: Callable[[FileResult], None],
        progress: FileProgress,
    ) -> Summary:
        """Denoise them, and report each result.

        Args:
            outputs: Where outputs go.
            read: How files are read.
            options: How the model is applied.
            report: Called with each result.
            progress: Called with the number of files that are done, and of all, if it is known.
        """


class FileDenoiser:
    """Denoises files, each by itself.

    Args:
        denoiser: The model.
        options: How it is applied.
        read: How files are read.
        outputs: Whether outputs may be replaced, and results are judged.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        *,
        options: DenoiseOptions,
        read: ReadOptions,
        outputs: Outputs,
    ) -> None:
        self._denoiser, self._options, self._read = denoiser, options, read
        self._outputs = outputs
        self._calibration = read_calibration(denoiser.info.calibration)

    def __call__(
        self,
        path: Path,
        target: Path,
        *,
        progress: Callable[[float], None] = lambda _: None,
    ) -> FileResult:
        """Denoise one file; whatever goes wrong with it is in the result.

        Args:
            path: The input.
            target: The output.
            progress: Called with the share that is done.
        """
        started, found = time.perf_counter(), list[str]()
        try:
            with self._read.open(path) as reader:
                view = self.view(reader)
                seen = self.look(reader, view, str(path))
                lost = self._denoiser.denoise_file(
                    reader,
                    target,
                    options=self._options,
                    view=view,
                    overwrite=self._outputs.overwrite,
                    progress=progress,
                    note=found.append,
                )
                pixels = reader.count * reader.height * reader.width
        # Whatever happens with one file, such as an error of a library or a GPU, the rest is done.
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

    def view(self, reader: Reader) -> View:
        """Return how an open file is seen; see ``Sight.of_reader``."""
        return self._denoiser.sight.of_reader(reader, self._options)

    def look(self, reader: Reader, view: View, name: str) -> FileResult:
        """Return what is known of an open file before it is denoised: notes, and a verdict."""
        seen = FileResult(name, notes=view.notes)
        if not self._outputs.inspect:
            return seen
        hot_pixels = self._options.hot_pixels
        judged = look(self._denoiser, reader, view, self._calibration, hot_pixels=hot_pixels)
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
        denoiser: The model.
        reader: The file.
        view: How it is seen.
        calibration: Statistics of the model on held-out images.
        hot_pixels: Whether hot pixels are replaced first.

    Returns:
        None where there is no calibration and the image itself shows nothing, or where the file
        cannot be denoised: doing it says why.
    """
    try:
        image = denoiser.sight.peek(reader, WIDE, view)
        if hot_pixels:
            image = without_hot_pixels(image, colours=view.colours)
        found = glance(denoiser, image, calibration, view)
    except UnnoiseError:
        return None  # denoising the file says what is wrong with it, if anything is
    known = calibration is not None and calibration.limited
    return found if known or len(found.reasons) > 1 else None


def explain(error: Exception, path: Path) -> str:
    """Return what went wrong with a file, in words that name it."""
    reason = describe_error(error)
    return reason if path.name in reason else f"{path}: {reason}"
