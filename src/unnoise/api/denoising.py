"""Denoising many files: which output belongs to which input, and one bad file among good ones.

Everything that can be refused is refused before the first file is read. What goes wrong with one
file is reported with it, and the rest is done.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from unnoise.api.choosing import ChoosingDenoiser
from unnoise.api.one_file import FileDenoiser, FileProgress, FileResult, Summary
from unnoise.denoiser import DenoiseOptions, Denoiser, Outputs
from unnoise.errors import ConfigError, ImageError
from unnoise.images import ReadOptions, find_images
from unnoise.outputs import check_writable


@dataclass(frozen=True)
class Pair:
    """An input and its output."""

    path: Path
    target: Path


def denoise_files(
    denoiser: Denoiser | Mapping[str, Denoiser],
    inputs: Iterable[str | Path],
    *,
    outputs: Outputs = Outputs(),  # noqa: B008  frozen
    read: ReadOptions = ReadOptions(),  # noqa: B008  frozen
    options: DenoiseOptions = DenoiseOptions(),  # noqa: B008  frozen
    progress: FileProgress = lambda _done, _all: None,
) -> Iterator[FileResult]:
    """Denoise files in this process, each into a file of its format, axes, size and dtype.

    Args:
        denoiser: The model; of several, by name, the one that knows the file (``choose``).
        inputs: Files, folders with their subfolders, and patterns such as ``scans/**/*.tif``.
        outputs: Where outputs go. The tree below a folder among the inputs is made again in
            ``out``, and nothing that lies there is read.
        read: How files are read.
        options: How the model is applied.
        progress: Called with the number of files that are done, with the share of the one at work,
            and the number of all.

    Returns:
        An iterator that does the work: one result per input, in order.

    Raises:
        ConfigError: Settings contradict each other, or two inputs have one output.
        ImageError: There is no input at all.
        OutputError: Nothing can be written to ``outputs.out``.
    """
    jobs = _jobs(inputs, outputs)
    denoise: FileDenoiser | ChoosingDenoiser
    if isinstance(denoiser, Denoiser):
        denoise = FileDenoiser(denoiser, options=options, read=read, outputs=outputs)
    else:
        denoise = ChoosingDenoiser(denoiser, options=options, read=read, outputs=outputs)

    def work() -> Iterator[FileResult]:
        for done, job in enumerate(jobs):
            progress(done, len(jobs))
            if isinstance(job, FileResult):
                yield job
            elif outputs.skip_existing and job.target.exists():
                yield FileResult(str(job.path), str(job.target), skipped=True)
            else:
                share = partial(_share, progress, done, len(jobs))
                yield denoise(job.path, job.target, progress=share)
        progress(len(jobs), len(jobs))

    return work()


def denoise_here(
    denoiser: Denoiser | Mapping[str, Denoiser],
    inputs: Iterable[str | Path],
    *,
    outputs: Outputs,
    read: ReadOptions,
    options: DenoiseOptions,
    report: Callable[[FileResult], None],
    progress: FileProgress,
) -> Summary:
    """Do as ``denoise_files``; report each result, and count them. It is an ``Engine``."""
    started, summary = time.monotonic(), Summary()
    for result in denoise_files(
        denoiser, inputs, outputs=outputs, read=read, options=options, progress=progress
    ):
        summary.count(result)
        report(result)
    summary.seconds = time.monotonic() - started
    return summary


def inputs_left(inputs: Iterable[str | Path], outputs: Outputs) -> list[Path]:
    """Return the files that ``denoise_files`` would write an output for; raise what it raises."""
    pairs = [job for job in _jobs(inputs, outputs) if isinstance(job, Pair)]
    return [pair.path for pair in pairs if outputs.overwrite or not pair.target.exists()]


def _jobs(inputs: Iterable[str | Path], outputs: Outputs) -> list[Pair | FileResult]:
    """Give each input its output; an input that is no image is a result already."""
    jobs: dict[Path, Pair | FileResult] = {}
    reason: Exception = ConfigError("there is no input: name files or folders")
    for given in inputs:
        try:
            for image in find_images([given], exclude=outputs.out):
                path, name = image.path, outputs.rename(image.path.name)
                place = outputs.out / image.relative if outputs.out else path
                jobs.setdefault(_real(path), Pair(path, place.with_name(name)))
        except ImageError as error:
            jobs.setdefault(Path(given), FileResult(str(given), error=str(error)))
            reason = error
    pairs = [job for job in jobs.values() if isinstance(job, Pair)]
    if not pairs:
        raise reason
    # Inputs that are the output of another, by their names, come from an earlier call.
    made = {_real(pair.target) for pair in pairs} if outputs.added else set()
    kept = {path: job for path, job in jobs.items() if path not in made}
    _check_apart({path: job for path, job in kept.items() if isinstance(job, Pair)})
    if outputs.out is not None:
        check_writable(outputs.out)
    return list(kept.values())


def _check_apart(pairs: Mapping[Path, Pair]) -> None:
    """Raise ``ConfigError`` if two inputs have one output, or an output is an input."""
    makers: dict[Path, Path] = {}
    for pair in pairs.values():
        target = _real(pair.target)
        if target in pairs:
            raise ConfigError(
                f"{pairs[target].path} would be replaced by the output of {pair.path}: choose "
                "another --out, or a --suffix"
            )
        other = makers.setdefault(target, pair.path)
        if other != pair.path:
            raise ConfigError(
                f"several inputs are called {pair.path.name}, and their outputs would be one file: "
                f"{other} and {pair.path} would both become {pair.target}; denoise them in "
                "separate calls with separate --out"
            )


def _share(progress: FileProgress, done: int, count: int, share: float) -> None:
    progress(done + share, count)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
