"""Denoising many files: which output belongs to which input, and one bad file among good ones.

All that can be refused is refused before the first file is read. What goes wrong with one file is
reported with it, and the rest is done.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from unnoise.api.choosing import ChoosingDenoiser
from unnoise.api.one_file import FileDenoiser, FileResult, add_suffix, check_suffix
from unnoise.denoiser import DenoiseOptions, Denoiser
from unnoise.errors import ConfigError, ImageError
from unnoise.images import Found, ReadOptions, find_images
from unnoise.outputs import check_writable

SUFFIX = "_denoised"

FileProgress = Callable[[float, int], None]  # files that are done, with the share of one; of all

Job = tuple[Path, Path]  # an input and its output


def denoise_files(
    denoiser: Denoiser | Mapping[str, Denoiser],
    inputs: Iterable[str | Path],
    *,
    out: str | Path | None = None,
    suffix: str | None = None,
    read: ReadOptions = ReadOptions(),  # noqa: B008  frozen
    options: DenoiseOptions = DenoiseOptions(),  # noqa: B008  frozen
    overwrite: bool = False,
    skip_existing: bool = False,
    inspect: bool = True,
    progress: FileProgress = lambda _done, _all: None,
) -> Iterator[FileResult]:
    """Denoise files, each into a file of its format, axes, size and dtype.

    Args:
        denoiser: What is applied; of several, by name, the one that knows the file (``choose``).
        inputs: Files, folders with their subfolders, and patterns such as ``scans/**/*.tif``.
        out: A folder to write to; the tree below a folder among the inputs is made again there,
            and nothing that lies in it is read. None writes beside the inputs.
        suffix: Put before the extension; None is ``_denoised`` beside the inputs, and nothing in
            ``out``.
        read: How files are read.
        options: How the model is applied.
        overwrite: Whether outputs that exist may be replaced.
        skip_existing: Leave outputs that exist, so that an interrupted call can be repeated.
        inspect: Whether to look at each file first, and say whether its result can be trusted.
        progress: Told how many files are done, with the share of the one at work, and of how many.

    Returns:
        An iterator that does the work: one result per input, in order.

    Raises:
        ConfigError: Settings contradict each other, or two inputs have one output.
        ImageError: There is no input at all.
        OutputError: Nothing can be written to ``out``.
    """
    jobs = _jobs(inputs, out, suffix, replace=overwrite, leave=skip_existing)
    denoise: FileDenoiser | ChoosingDenoiser
    if isinstance(denoiser, Denoiser):
        denoise = FileDenoiser(denoiser, options=options, read=read, inspect=inspect)
    else:
        denoise = ChoosingDenoiser(denoiser, options=options, read=read, inspect=inspect)

    def work(path: Path, target: Path, share: Callable[[float], None]) -> FileResult:
        if skip_existing and target.exists():
            return FileResult(path, target, skipped=True)
        return denoise(path, target, overwrite=overwrite, progress=share)

    return _work(jobs, work, progress)


def inputs_left(
    inputs: Iterable[str | Path],
    *,
    out: str | Path | None = None,
    suffix: str | None = None,
    overwrite: bool = False,
    skip_existing: bool = False,
) -> list[Path]:
    """Return the files that ``denoise_files`` would write an output for, and refuse what it does.

    Raises:
        ConfigError: Settings contradict each other, or two inputs have one output.
        ImageError: There is no input at all.
        OutputError: Nothing can be written to ``out``.
    """
    jobs = _jobs(inputs, out, suffix, replace=overwrite, leave=skip_existing)
    pairs = [job for job in jobs if not isinstance(job, FileResult)]
    return [path for path, target in pairs if overwrite or not target.exists()]


def _jobs(
    inputs: Iterable[str | Path],
    out: str | Path | None,
    suffix: str | None,
    *,
    replace: bool,
    leave: bool,
) -> list[Job | FileResult]:
    if replace and leave:
        raise ConfigError(
            "overwrite replaces outputs that exist, skip_existing leaves them: drop one"
        )
    out = None if out is None else Path(out)
    suffix = (SUFFIX if out is None else "") if suffix is None else suffix
    check_suffix(suffix)
    jobs = _pair(_find(inputs, out), out, suffix)
    if out is not None:
        check_writable(out)
    return jobs


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
    name = add_suffix(image.path.name, suffix)
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
        yield work(path, target, partial(_share, progress, done, len(jobs)))
    progress(len(jobs), len(jobs))


def _share(progress: FileProgress, done: int, count: int, share: float) -> None:
    progress(done + share, count)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
