"""Denoising many files: which output belongs to which input, and one bad file among good ones.

All that can be refused is refused before the first file is read. What goes wrong with one file is
reported with it, and the rest is done.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from unnoise.api.common import Say, silent, tell, word
from unnoise.denoiser import Denoiser, check_strength
from unnoise.errors import ConfigError, ImageError, UnnoiseError
from unnoise.images import (
    MAX_PIXELS,
    Found,
    Reader,
    check_max_pixels,
    find_images,
    open_image,
)
from unnoise.outputs import check_writable
from unnoise.trust import SIDE, Calibration, Judgement, Verdict, glance, read_calibration

SUFFIX = "_denoised"
# Endings that stay whole when a suffix goes before them.
ENDINGS = (".ome.tif", ".ome.tiff", ".idx.gz", "-ubyte.gz", "-ubyte")

FileProgress = Callable[[float, int], None]  # files that are done, with the share of one; of all

Job = tuple[Path, Path]  # an input and its output


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
    """

    input: Path
    output: Path | None = None
    error: str | None = None
    skipped: bool = False
    seconds: float = 0.0
    megapixels: float = 0.0
    verdict: Verdict | None = None
    reasons: tuple[str, ...] = ()


def denoise_files(
    denoiser: Denoiser,
    inputs: Iterable[str | Path],
    *,
    out: str | Path | None = None,
    suffix: str | None = None,
    strength: float = 1.0,
    axes: str | None = None,
    overwrite: bool = False,
    skip_existing: bool = False,
    max_pixels: int = MAX_PIXELS,
    inspect: bool = True,
    say: Say = tell,
    progress: FileProgress = lambda _done, _all: None,
) -> Iterator[FileResult]:
    """Denoise files, each into a file of its format, axes, size and dtype.

    Args:
        denoiser: What is applied.
        inputs: Files, folders with their subfolders, and patterns such as ``scans/**/*.tif``.
        out: A folder to write to; the tree below a folder among the inputs is made again there,
            and nothing that lies in it is read. None writes beside the inputs.
        suffix: Put before the extension; None is ``_denoised`` beside the inputs, and nothing in
            ``out``.
        strength: From 0, which gives the images back, to 1, the model's results.
        axes: Of the files, one letter per axis; None reads or guesses them.
        overwrite: Whether outputs that exist may be replaced.
        skip_existing: Leave outputs that exist, so that an interrupted call can be repeated.
        max_pixels: Of one image; 0 is no limit.
        inspect: Whether to look at each file first, and say whether its result can be trusted.
        say: Told messages.
        progress: Told how many files are done, with the share of the one at work, and of how many.

    Returns:
        An iterator that does the work: one result per input, in order.

    Raises:
        ConfigError: Settings contradict each other, or two inputs have one output.
        ImageError: There is no input at all.
        OutputError: Nothing can be written to ``out``.
    """
    check_strength(strength)
    if overwrite and skip_existing:
        raise ConfigError(
            "overwrite replaces outputs that exist, skip_existing leaves them: drop one"
        )
    check_max_pixels(max_pixels)
    out = None if out is None else Path(out)
    suffix = (SUFFIX if out is None else "") if suffix is None else suffix
    if "/" in suffix or os.sep in suffix:
        raise ConfigError(f"suffix is {suffix!r}: it is put into a name, so it holds no {os.sep}")
    jobs = _pair(_find(inputs, out), out, suffix)
    if out is not None:
        check_writable(out)

    usual = read_calibration(denoiser.info.calibration) if inspect else None

    def work(path: Path, target: Path, share: Callable[[float], None]) -> FileResult:
        if skip_existing and target.exists():
            return FileResult(path, target, skipped=True)
        started = time.perf_counter()
        with open_image(path, axes=axes, max_pixels=max_pixels) as reader:
            if reader.channels > 1 == denoiser.info.channels:
                once(
                    f"{path.name} has {reader.channels} channels and the model one: each channel "
                    "is denoised by itself"
                )
            seen = look(denoiser, reader, usual)
            denoiser.denoise_file(
                reader, target, strength=strength, overwrite=overwrite, progress=share
            )
            size = reader.count * reader.height * reader.width / 1e6
        return FileResult(
            path,
            target,
            seconds=time.perf_counter() - started,
            megapixels=size,
            verdict=seen.verdict if seen else None,
            reasons=seen.reasons if seen else (),
        )

    once = _once(say)
    return _work(jobs, work, progress)


def look(denoiser: Denoiser, reader: Reader, usual: Calibration | None) -> Judgement | None:
    """Judge the middle of the first image of a file, by what is usual for the model.

    None where that is not known, or where the file cannot be denoised: doing it says why.
    """
    if usual is None:
        return None
    try:
        return glance(denoiser, denoiser.sight.peek(reader, SIDE), usual)
    except UnnoiseError:
        return None  # denoising the file says what is wrong with it, if anything is


def _find(inputs: Iterable[str | Path], out: Path | None) -> list[Found | FileResult]:
    """List the images of all inputs; an input that gives none is a result already."""
    found: dict[Path, Found | FileResult] = {}
    reason: Exception = ConfigError("there is no input: name files or folders")
    for given in inputs:
        try:
            for image in find_images([given], exclude=out):
                found.setdefault(_real(image.path), image)
        except ImageError as error:
            found.setdefault(Path(given), FileResult(Path(given), error=str(error)))
            reason = error
    if not any(isinstance(image, Found) for image in found.values()):
        raise reason
    return list(found.values())


def _pair(found: list[Found | FileResult], out: Path | None, suffix: str) -> list[Job | FileResult]:
    """Give each input its output.

    Inputs that are the output of another, by their names, come from an earlier call and are left
    out.

    Raises:
        ConfigError: Two inputs have one output, or an output is an input.
    """
    jobs = [
        image if isinstance(image, FileResult) else (image.path, _target(image, out, suffix))
        for image in found
    ]
    pairs = [job for job in jobs if not isinstance(job, FileResult)]
    outputs = {_real(target) for _, target in pairs} if suffix else set()
    pairs = [pair for pair in pairs if _real(pair[0]) not in outputs]
    kept = {target for _, target in pairs}
    makers: dict[Path, Path] = {}
    inputs = {_real(path): path for path, _ in pairs}
    for path, target in pairs:
        if (replaced := inputs.get(_real(target))) is not None:
            raise ConfigError(
                f"{replaced} would be replaced by the output of {path}: choose another --out, or "
                "a --suffix"
            )
        other = makers.setdefault(_real(target), path)
        if other != path:
            raise ConfigError(
                f"several inputs are called {path.name}, and their outputs would be one file: "
                f"{other} and {path} would both become {target}; denoise them in separate calls "
                "with separate --out"
            )
    return [job for job in jobs if isinstance(job, FileResult) or job[1] in kept]


def _target(image: Found, out: Path | None, suffix: str) -> Path:
    name = image.path.name
    ending = next((end for end in ENDINGS if name.lower().endswith(end)), image.path.suffix)
    name = name[: len(name) - len(ending)] + suffix + name[len(name) - len(ending) :]
    return image.path.with_name(name) if out is None else out / image.relative.with_name(name)


def _work(
    jobs: list[Job | FileResult],
    work: Callable[[Path, Path, Callable[[float], None]], FileResult],
    progress: FileProgress,
) -> Iterator[FileResult]:
    for done, job in enumerate(jobs):
        progress(done, len(jobs))
        if isinstance(job, FileResult):
            yield job
            continue
        path, target = job
        try:
            result = work(path, target, partial(_share, progress, done, len(jobs)))
        # Whatever happens with one file, such as an error of a library or a GPU, the rest is done.
        except Exception as error:
            reason = word(error)
            if path.name not in reason:
                reason = f"{path}: {reason}"
            result = FileResult(path, error=reason)
        yield result
    progress(len(jobs), len(jobs))


def _share(progress: FileProgress, done: int, count: int, share: float) -> None:
    progress(done + share, count)


def _once(say: Say) -> Say:
    """Return what says its first message and no other."""
    said: list[str] = []

    def once(text: str) -> None:
        (silent if said else say)(text)
        said.append(text)

    return once


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
