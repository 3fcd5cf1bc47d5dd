"""Denoising many files: load models, and choose one for each file.

Everything that can be refused is refused before the first file is read. The error of one file is
reported with it, and the rest is done.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from inspect import cleandoc
from pathlib import Path

import numpy as np

from unnoise.api.one_file import FileDenoiser, FileProgress, FileResult, Summary
from unnoise.api.pairing import Pair, pair_up
from unnoise.denoiser import (
    DenoiseOptions,
    Denoiser,
    Outputs,
    Precision,
    Running,
    View,
    without_hot_pixels,
)
from unnoise.errors import UnnoiseError
from unnoise.images import RGB, MosaicReader, Reader, ReadOptions, open_image
from unnoise.pretrained import PRETRAINED, SUBJECTS
from unnoise.trust import WIDE, Likeness, likeness, read_calibration

ALIKE = 1.5 / 255  # difference of channels that rounding makes: such an image has no colours
LEAST = 5.0  # logarithm of the ratio of likelihoods: less is a tie, and the first model wins


def load(
    path: str | Path,
    *,
    device: str = "auto",
    precision: Precision = "auto",
    compile: bool = False,  # noqa: A002  the word of torch
) -> Denoiser:
    """Load a denoiser.

    Args:
        path: A model file (``.safetensors``, or ``.onnx``, which runs without torch), a run folder,
            a repository ``hf://owner/name`` of Hugging Face or a folder like one, or the name of a
            model in the package: ``photo`` is for photographs, grey and colour, with gaussian noise
            of any level up to 55/255 and with noise like a camera's; ``fluorescence`` is for
            fluorescence micrographs, channel by channel.
        device, precision, compile: Where and how it runs; see below.

    Raises:
        ModelFileError: The file is missing, damaged or of another format.
        ConfigError: The device cannot be used here, ``compile`` is set without a GPU, or an option
            needs torch.
    """
    return Running(device=device, precision=precision, compile=compile).load(path)


load.__doc__ = f"{cleandoc(load.__doc__ or '')}\n\n{cleandoc(Running.__doc__ or '')}"


@dataclass(frozen=True)
class Choice:
    """A model, and the reason for the choice in words."""

    name: str
    why: str


def load_built_ins(running: Running = Running()) -> dict[str, Denoiser]:  # noqa: B008  frozen
    """Load the models that come with the package, each under its name."""
    return {name: running.load(name) for name in PRETRAINED}


def _denoise_with_best(
    work: Mapping[str, FileDenoiser], path: Path, target: Path, *, progress: Callable[[float], None]
) -> FileResult:
    """Denoise one file with the model that knows it."""
    started, (first, one) = time.perf_counter(), next(iter(work.items()))
    try:
        with open_image(path, one.read) as reader:
            denoisers = {name: each.denoiser for name, each in work.items()}
            choice = choose(denoisers, reader, one.options)
    except Exception:  # denoising the file reports it
        choice = Choice(first, "it could not be looked at")
    spent = time.perf_counter() - started
    result = work[choice.name](path, target, progress=progress)
    seconds = result.seconds + spent
    return replace(result, model=choice.name, chosen=choice.why, seconds=seconds)


def choose(denoisers: Mapping[str, Denoiser], reader: Reader, options: DenoiseOptions) -> Choice:
    """Choose the model whose training images an open file is most like (``trust/likeness.py``).

    It compares the middle 256 × 256 pixels of the first image. Models of one channel are left out
    where the file has colours. The first model wins a tie, and where nothing is known. It also
    takes mosaics, which are photographs, though their linear values are as dark as micrographs.
    """
    first = next(iter(denoisers))
    if isinstance(reader, MosaicReader):
        return Choice(first, "a mosaic of a camera")
    view = denoisers[first].sight.of_reader(reader, options)
    coloured = _has_colours(denoisers[first], reader, view)
    able = [
        name
        for name, each in denoisers.items()
        if name == first or not coloured or each.info.channels == RGB
    ]
    if len(able) == 1:
        return Choice(first, "a colour image, and the other models are for grey ones")
    found = {name: _likeness(denoisers[name], reader, options) for name in able}
    ours = found[first]
    if ours is None:
        return Choice(first, "how well the models know this image could not be estimated")
    best, most = first, LEAST
    for name, theirs in found.items():
        if name == first or theirs is None or (ours.known and not theirs.known):
            continue
        ratio = theirs.ratio(ours)
        if ratio is not None and ratio > most:
            best, most = name, ratio
    subject = SUBJECTS.get(best, f"the training images of {best}")
    if best == first:
        return Choice(first, f"the image is most like {subject}")
    why = f"the image is more like {subject} than like {SUBJECTS.get(first, first)}"
    return Choice(best, f"{why} (log-likelihood ratio {most:.0f})")


def _has_colours(denoiser: Denoiser, reader: Reader, view: View) -> bool:
    """Whether the three channels of a file are colours, and differ."""
    if not view.together or view.channels != RGB:
        return False
    middle = denoiser.sight.peek(reader, WIDE, view)
    return not np.allclose(middle[:1], middle[1:], rtol=0, atol=ALIKE)


def _likeness(denoiser: Denoiser, reader: Reader, options: DenoiseOptions) -> Likeness | None:
    """Return how well a model knows a file, or None if it cannot be estimated."""
    calibration = read_calibration(denoiser.info.calibration)
    try:
        view = denoiser.sight.of_reader(reader, options)
        # Impulses are bright on dark, as in no photograph, and say nothing of the scene.
        image = without_hot_pixels(denoiser.sight.peek(reader, WIDE, view), colours=view.colours)
        return likeness(denoiser, image, calibration, view)
    except UnnoiseError:  # the model does not take it
        return None


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
            ``out``, and nothing that lies there is read; for one input, ``out`` may name the file.
        read, options: How files are read, and how the model is applied.
        progress: Called with the number of files that are done, with the share of the one at work,
            and the number of all.

    Returns:
        An iterator that does the work: one result per input, in order.

    Raises:
        ConfigError: Settings contradict each other, or two inputs have one output.
        ImageError: There is no input at all.
        OutputError: Nothing can be written to ``outputs.out``.
    """
    jobs = pair_up(inputs, outputs, read)
    make = partial(FileDenoiser, options=options, read=read, outputs=outputs)
    denoise: FileDenoiser | partial[FileResult]
    if isinstance(denoiser, Denoiser):
        denoise = make(denoiser)
    else:
        work = {name: make(each) for name, each in denoiser.items()}
        denoise = partial(_denoise_with_best, work)

    def one(pair: Pair, done: int) -> FileResult:
        if outputs.skip_existing and pair.is_there:
            return FileResult(str(pair.path), str(pair.target), skipped=True)
        return denoise(
            pair.path, pair.target, progress=lambda share: progress(done + share, len(jobs))
        )

    def results() -> Iterator[FileResult]:
        for done, job in enumerate(jobs):
            progress(done, len(jobs))
            yield job if isinstance(job, FileResult) else one(job, done)
        progress(len(jobs), len(jobs))

    return results()


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
    """Do as ``denoise_files``; report each result, and count them. It is a ``DenoiseFiles``."""
    started, summary = time.monotonic(), Summary()
    for result in denoise_files(
        denoiser, inputs, outputs=outputs, read=read, options=options, progress=progress
    ):
        summary.count(result)
        report(result)
    summary.seconds = time.monotonic() - started
    return summary
