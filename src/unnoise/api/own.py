"""``--model self``: a model that learns from the very images that it denoises.

It is a training on noisy images alone, which chooses its method, structure and stride as every
training does. Where ``photo`` knows the images and their noise, it starts from its weights.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from unnoise.api.common import Report, ignore, print_message
from unnoise.api.training import train
from unnoise.data import find_depth, look_at
from unnoise.denoiser import DenoiseOptions, Denoiser, Running, View
from unnoise.errors import ConfigError, UnnoiseError
from unnoise.facts import noise_correlation, noise_floor
from unnoise.images import ReadOptions, open_image
from unnoise.trust import WIDE, Evidence, estimate_risk, excess, glance, read_calibration
from unnoise.types import Denoise, Floats, Say

Middle = tuple[Path, Floats, View]  # of a file: an image (C, H, W), and how it is seen

MINUTES = 2.0  # of a training, by default
START = "photo"
LOOKED_AT = 16  # files, spread over all: they decide the start, and their results are checked
RUNS = 2  # with added noise, for an estimate of the error
LOST = 2.0  # times the removal in flat places: half of it is structure


@dataclass(frozen=True)
class Own:
    """A model that was trained on the images that it is for."""

    denoiser: Denoiser
    start: str | None  # the model that it started from; None is random weights
    seconds: float
    run: Path | None  # the folder that keeps it
    looked_at: int  # files whose result was compared with the input
    worse: tuple[Path, ...]  # files whose result is estimated to be worse than the input

    def facts(self) -> dict[str, Any]:
        """Return the facts of the training as plain values."""
        info = self.denoiser.info
        return {
            "objective": info.objective.split(",")[0],
            "reason": info.reason,
            "start": self.start,
            "strides": list(info.strides),
            "steps": int(info.trained["steps"]),
            "seconds": round(self.seconds, 1),
            "run": None if self.run is None else str(self.run),
            "worse": [str(path) for path in self.worse],
        }


def train_on(
    files: Sequence[str | Path],
    *,
    minutes: float | None = None,
    steps: int | None = None,
    keep: str | Path | None = None,
    read: ReadOptions = ReadOptions(),  # noqa: B008  frozen
    options: DenoiseOptions = DenoiseOptions(),  # noqa: B008  frozen
    seed: int | None = None,
    running: Running = Running(),  # noqa: B008  frozen
    overwrite: bool = False,
    say: Say = print_message,
    report: Report = ignore,
) -> Own:
    """Train a model on noisy files alone, for these files.

    Args:
        files: The files to denoise, all by one model.
        minutes: Length of the training, for all files together; None is 2, or ``steps``.
        steps: Length of the training, instead.
        keep: A run folder to keep the model in; None keeps nothing on disk.
        read, options: How files are read, and how the model will be applied.
        seed: Decides weights, order and held-out images.
        running: Where and how the training runs, and the model after it.
        overwrite: Whether a run in ``keep`` may be replaced.
        say, report: Called with messages, and with the progress.

    Raises:
        ConfigError: Options contradict it, or each other.
        DataError: The images are too small, or of several kinds.
        ImageError: There is no image.
        OutputError: ``keep`` holds a run, or cannot be written.
    """
    started = time.perf_counter()
    if options.channels == "separate":
        raise ConfigError(
            "channels is separate, and a model of the images themselves learns all channels of a "
            "pixel together: leave it out, or give each channel as a file of its own"
        )
    if minutes is None and steps is None:
        minutes = MINUTES
    if len(files) > 1:
        length = f"{steps} steps" if minutes is None else f"{minutes:g} minutes"
        say(f"the {length} are shared by {len(files)} files: one model learns from all of them")
    some = [Path(files[i]) for i in np.linspace(0, len(files) - 1, LOOKED_AT).astype(int)]
    middles = partial(_middles, files=dict.fromkeys(some), read=read, options=options)
    photo = running.load(START)
    stacks = None
    with suppress(UnnoiseError):  # training reports it
        stacks = find_depth(look_at(_readable(files, read), split="train", read=read)[0].parts)
    if stacks and stacks.helps:
        start = None
        say(f"starting from random weights: {START} sees single images, and {stacks}")
    else:
        start = START if _suits(photo, middles(photo)) else None
        say(
            f"starting from {START}, which knows such images and their noise"
            if start
            else f"starting from random weights: {START} does not know such images, or their noise"
        )
    denoiser = train(
        str(files[0]) if len(files) == 1 else _readable(files, read),
        minutes=minutes,
        steps=steps,
        init=start,
        **asdict(read),
        **asdict(running),
        range=options.range,
        seed=seed,
        out=keep,
        overwrite=overwrite,
        say=say,
        report=report,
    )
    if start and _error(photo, middles(photo)) < _error(denoiser, middles(denoiser)):
        say(f"{START} alone is estimated to be better on these images: --model {START}")
    worse = {}
    for path, noisy, view in middles(denoiser):
        image, denoise = denoiser.among(noisy, view)
        worse[path] = is_worse(denoise, image)
    return Own(
        denoiser=denoiser,
        start=start,
        seconds=time.perf_counter() - started,
        run=None if keep is None else Path(keep),
        looked_at=len(worse),
        worse=tuple(path for path in worse if worse[path]),
    )


def _readable(files: Sequence[str | Path], read: ReadOptions) -> list[str]:
    """Leave out what cannot be opened; denoising it reports the error."""
    found = []
    for path in files:
        with suppress(UnnoiseError), open_image(path, read):
            found.append(str(path))
    return found or [str(path) for path in files]  # training reports the error


def _suits(photo: Denoiser, middles: Iterable[Middle]) -> bool:
    """Whether most files are images that ``photo`` knows, with white noise of a level it knows."""
    calibration = read_calibration(photo.info.calibration)
    votes = [
        view.together
        and _is_white(noisy)
        and glance(photo, noisy, calibration, view).verdict == "trust"
        for _, noisy, view in middles
    ]
    return sum(votes) > len(votes) / 2


def _is_white(noisy: Floats) -> bool:
    """Whether the noise of an image ``(C, H, W)`` may be white."""
    grain = noise_correlation(np.moveaxis(noisy, 0, -1))
    alone = grain is None or grain.stride == 1
    seen = Evidence.of(noisy)
    return alone and not seen.grainy and seen.unknown_noise(clipped=False) is None


def is_worse(denoise: Denoise, noisy: Floats) -> bool:
    """Estimate whether a function makes an image ``(C, H, W)`` worse."""
    risk = estimate_risk(denoise, noisy, most=RUNS)
    if risk.error > risk.noise:  # the noise is the error of the input
        return True
    # Where flat places show no noise, as in scanned text, Stein's formula takes structure for
    # noise. There, compare what was removed at structure with flat places of that brightness.
    floor = noise_floor(np.moveaxis(noisy, 0, -1))
    if floor is None or floor.noise:
        return False
    return excess(noisy, denoise(noisy[None])[0]) > LOST


def _error(denoiser: Denoiser, middles: Iterable[Middle]) -> float:
    """Return the sum of the estimated errors of files."""
    seen = (denoiser.among(noisy, view) for _, noisy, view in middles)
    return sum(estimate_risk(denoise, image, most=RUNS).error for image, denoise in seen)


def _middles(
    denoiser: Denoiser, files: Iterable[Path], read: ReadOptions, options: DenoiseOptions
) -> Iterator[Middle]:
    """Yield the middles of files as a model sees them; leave out what cannot be read."""
    for path in files:
        with suppress(UnnoiseError):
            with open_image(path, read) as reader:
                view = denoiser.sight.of_reader(reader, options)
                noisy = denoiser.sight.peek(reader, WIDE, view)
            yield path, noisy, view
