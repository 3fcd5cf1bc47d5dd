"""One file: open it, look at it, denoise it, and say what became of it.

Many files are done by this one after another, or by many workers.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from unnoise.api.common import describe_error
from unnoise.denoiser import DenoiseOptions, Denoiser, View, without_hot_pixels
from unnoise.errors import ConfigError, UnnoiseError
from unnoise.images import Reader, ReadOptions
from unnoise.trust import WIDE, Calibration, Judgement, Verdict, glance, read_calibration

# Endings that stay whole when a suffix goes before them.
ENDINGS = (".ome.tif", ".ome.tiff", ".idx.gz", "-ubyte.gz", "-ubyte")


@dataclass(frozen=True)
class FileResult:
    """What became of one input.

    Attributes:
        input: The file.
        output: What was written, or was there already; None after an error.
        error: What went wrong, or None.
        skipped: Whether the output was there and was left.
        seconds: Spent on it.
        megapixels: Denoised, all images of the file together.
        verdict: ``trust``, ``check`` or ``reject``, by the middle of the first image; None where
            none was asked for, or the model file has no calibration.
        reasons: Of the verdict.
        noise_level: The standard deviation of its noise, where 1 is white; told with the verdict.
        notes: How its values and channels were read, where the file does not say it all; and how
            many hot pixels were replaced, where that was asked for.
        lost: What it has beside its pixels, and the output has not.
        model: The name of the model that was chosen for it, where several were there.
        chosen: Why that one, in words; None likewise.
    """

    input: Path
    output: Path | None = None
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


class FileDenoiser:
    """Denoises files, each by itself.

    Args:
        denoiser: What is applied.
        options: How it is applied.
        read: How files are read.
        inspect: Whether to look at each file first, and say whether its result can be trusted.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        *,
        options: DenoiseOptions,
        read: ReadOptions,
        inspect: bool,
    ) -> None:
        self._denoiser, self._options, self._read = denoiser, options, read
        self._inspect, self._usual = inspect, read_calibration(denoiser.info.calibration)

    def __call__(
        self,
        path: Path,
        target: Path,
        *,
        overwrite: bool = False,
        progress: Callable[[float], None] = lambda _: None,
    ) -> FileResult:
        """Denoise one file; whatever goes wrong with it is told in the result.

        Args:
            path: What is read.
            target: What is written.
            overwrite: Whether the target may be replaced.
            progress: Told the share that is done.
        """
        started, found = time.perf_counter(), list[str]()
        try:
            with self._read.open(path) as reader:
                view = self.view(reader)
                seen = self.look(reader, view)
                lost = self._denoiser.denoise_file(
                    reader,
                    target,
                    options=self._options,
                    view=view,
                    overwrite=overwrite,
                    progress=progress,
                    note=found.append,
                )
                pixels = reader.count * reader.height * reader.width
        # Whatever happens with one file, such as an error of a library or a GPU, the rest is done.
        except Exception as error:
            return FileResult(path, error=explain(error, path))
        return FileResult(
            path,
            target,
            seconds=time.perf_counter() - started,
            megapixels=pixels / 1e6,
            verdict=seen.verdict if seen else None,
            reasons=seen.reasons if seen else (),
            noise_level=seen.noise.std if seen else None,
            notes=(*view.notes, *found),
            lost=lost,
        )

    def view(self, reader: Reader) -> View:
        """Return how an open file is seen; see ``Sight.of_reader``."""
        return self._denoiser.sight.of_reader(reader, self._options)

    def look(self, reader: Reader, view: View) -> Judgement | None:
        """Judge an open file, unless that is not asked for; see ``look``."""
        if not self._inspect:
            return None
        return look(self._denoiser, reader, view, self._usual, hot_pixels=self._options.hot_pixels)


def look(
    denoiser: Denoiser,
    reader: Reader,
    view: View,
    usual: Calibration | None,
    *,
    hot_pixels: bool = False,
) -> Judgement | None:
    """Judge the middle of the first image of a file.

    Args:
        denoiser: What is applied.
        reader: The file.
        view: How it is seen.
        usual: What is usual for the model.
        hot_pixels: Whether hot pixels are replaced first.

    Returns:
        None where nothing is usual for the model and the image itself shows nothing, or where the
        file cannot be denoised: doing it says why.
    """
    try:
        image = denoiser.sight.peek(reader, WIDE, view)
        if hot_pixels:
            image = without_hot_pixels(image, colours=view.colours)
        found = glance(denoiser, image, usual, view)
    except UnnoiseError:
        return None  # denoising the file says what is wrong with it, if anything is
    known = usual is not None and usual.limited
    return found if known or len(found.reasons) > 1 else None


def explain(error: Exception, path: Path) -> str:
    """Return what went wrong with a file, in words that name it."""
    reason = describe_error(error)
    return reason if path.name in reason else f"{path}: {reason}"


def check_suffix(suffix: str) -> None:
    """Raise ``ConfigError`` for what cannot be put into a name."""
    if "/" in suffix or os.sep in suffix:
        raise ConfigError(f"suffix is {suffix!r}: it is put into a name, so it holds no {os.sep}")


def add_suffix(name: str, suffix: str) -> str:
    """Put a suffix before the extension of a name."""
    ending = next((end for end in ENDINGS if name.lower().endswith(end)), Path(name).suffix)
    return name[: len(name) - len(ending)] + suffix + name[len(name) - len(ending) :]
