"""Which of the models that come with the package knows an image, where no model is named."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from unnoise.api.one_file import FileDenoiser, FileResult
from unnoise.denoiser import DenoiseOptions, Denoiser, Outputs, Running, View, without_hot_pixels
from unnoise.errors import UnnoiseError
from unnoise.images import RGB, Reader, ReadOptions
from unnoise.pretrained import PRETRAINED, SUBJECTS
from unnoise.trust import WIDE, Likeness, likeness, read_calibration

ALIKE = 1.5 / 255  # difference of channels that rounding makes: such an image has no colours
LEAST = 5.0  # logarithm of the ratio of likelihoods: less is a tie, and the first model wins


@dataclass(frozen=True)
class Choice:
    """A model, and the reason for the choice in words."""

    name: str
    why: str


def load_built_ins(running: Running = Running()) -> dict[str, Denoiser]:  # noqa: B008  frozen
    """Load the models that come with the package, each under its name."""
    return {name: running.load(name) for name in PRETRAINED}


class ChoosingDenoiser:
    """Denoises files, each with the model that knows it; otherwise a ``FileDenoiser``.

    Args:
        denoisers: By their names. The first one takes what no other knows better.
        options: How they are applied.
        read: How files are read.
        outputs: See ``FileDenoiser``.
    """

    def __init__(
        self,
        denoisers: Mapping[str, Denoiser],
        *,
        options: DenoiseOptions,
        read: ReadOptions,
        outputs: Outputs,
    ) -> None:
        self._denoisers, self._options, self._read = denoisers, options, read
        self._work = {
            name: FileDenoiser(each, options=options, read=read, outputs=outputs)
            for name, each in denoisers.items()
        }

    def __call__(
        self,
        path: Path,
        target: Path,
        *,
        progress: Callable[[float], None] = lambda _: None,
    ) -> FileResult:
        """Denoise one file; see ``FileDenoiser``."""
        started = time.perf_counter()
        try:
            with self._read.open(path) as reader:
                choice = choose(self._denoisers, reader, self._options)
        # Denoising the file says what is wrong with it.
        except Exception:
            choice = Choice(next(iter(self._denoisers)), "it could not be looked at")
        spent = time.perf_counter() - started
        result = self._work[choice.name](path, target, progress=progress)
        seconds = result.seconds + spent
        return replace(result, model=choice.name, chosen=choice.why, seconds=seconds)


def choose(denoisers: Mapping[str, Denoiser], reader: Reader, options: DenoiseOptions) -> Choice:
    """Choose the model whose training images an open file is most like.

    Each model denoises the middle 256 × 256 pixels of the first image, and the result is compared
    with the images of its training (``trust/likeness.py``). Models of one channel are left out
    where the file has colours. The first model wins a tie, and where nothing is known.

    Args:
        denoisers: By their names.
        reader: The file.
        options: How they are applied.

    Raises:
        ImageError: The file cannot be read.
        UnnoiseError: The first model does not take it.
    """
    first = next(iter(denoisers))
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
    return Choice(
        best,
        f"the image is more like {subject} than like {SUBJECTS.get(first, first)} (log-likelihood "
        f"ratio {most:.0f})",
    )


def _has_colours(denoiser: Denoiser, reader: Reader, view: View) -> bool:
    """Whether the three channels of a file are colours, and differ."""
    if not view.together or view.channels != RGB:
        return False
    middle = denoiser.sight.peek(reader, WIDE, view)
    return not np.allclose(middle[:1], middle[1:], rtol=0, atol=ALIKE)


def _likeness(denoiser: Denoiser, reader: Reader, options: DenoiseOptions) -> Likeness | None:
    """Return how well a model knows a file; None where that is not known."""
    calibration = read_calibration(denoiser.info.calibration)
    try:
        view = denoiser.sight.of_reader(reader, options)
        # Impulses are bright on dark, as in no photograph, and say nothing of the scene.
        image = without_hot_pixels(denoiser.sight.peek(reader, WIDE, view), colours=view.colours)
        return likeness(denoiser, image, calibration, view)
    except UnnoiseError:  # the model does not take it
        return None
