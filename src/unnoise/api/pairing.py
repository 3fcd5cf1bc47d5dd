"""Inputs and their outputs: which file each input becomes, before any is read."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from unnoise.api.one_file import FileResult
from unnoise.denoiser import Outputs
from unnoise.errors import ConfigError, ImageError
from unnoise.images import (
    PICTURE_ENDINGS,
    Found,
    ReadOptions,
    find_images,
    frames_of,
    names_a_file,
    plain_ending,
    result_name,
)
from unnoise.outputs import check_writable


@dataclass(frozen=True)
class Pair:
    """An input and its output: two files, or two folders with the frames of a sequence."""

    path: Path
    target: Path
    frames: tuple[str, ...] = ()

    @property
    def inputs(self) -> list[Path]:
        """The files that are read."""
        return [self.path / frame for frame in self.frames] or [self.path]

    @property
    def outputs(self) -> list[Path]:
        """The files that are written."""
        return [self.target / result_name(name) for name in self.frames] or [self.target]

    @property
    def is_there(self) -> bool:
        """Whether all of them exist."""
        return all(path.exists() for path in self.outputs)


def pair_up(
    inputs: Iterable[str | Path], outputs: Outputs, read: ReadOptions
) -> list[Pair | FileResult]:
    """Give each input its output; an input that is no image is a result already.

    Raises:
        ConfigError: Two inputs have one output, or ``outputs`` do not suit the inputs.
        ImageError: There is no input at all.
        OutputError: Nothing can be written to ``outputs.out``.
    """
    jobs: dict[Path, Pair | FileResult] = {}
    reason: Exception = ConfigError("there is no input: name files or folders")
    for given in inputs:
        try:
            for image in find_images([given], exclude=outputs.out, sequence=read.sequence):
                jobs.setdefault(_real(image.path), _pair(image, outputs, read))
        except ImageError as error:
            jobs.setdefault(Path(given), FileResult(str(given), error=str(error)))
            reason = error
    pairs = [job for job in jobs.values() if isinstance(job, Pair)]
    if not pairs:
        raise reason
    # Inputs that are the output of another, by their names, come from an earlier call.
    made = {_real(pair.target) for pair in pairs} if outputs.added else set()
    kept = {
        path: job for path, job in jobs.items() if isinstance(job, FileResult) or path not in made
    }
    out = outputs.out
    one_file = out is not None and names_a_file(out)
    if one_file:
        _check_one_file(outputs, read, len(kept))
    elif read.sequence and outputs.format is not None:
        raise ConfigError("frames of sequences keep their format: leave --format out")
    elif out is not None and read.sequence and outputs.suffix:
        raise ConfigError(
            f"frames of sequences keep their names, and --suffix {outputs.suffix} would change "
            "them: drop it; --out names another folder already"
        )
    _check_apart([job for job in kept.values() if isinstance(job, Pair)])
    if out is not None:
        check_writable(out.parent if one_file else out)
    return list(kept.values())


def inputs_left(inputs: Iterable[str | Path], outputs: Outputs, read: ReadOptions) -> list[Path]:
    """Return the inputs that would get an output; raise what ``pair_up`` raises."""
    pairs = [job for job in pair_up(inputs, outputs, read) if isinstance(job, Pair)]
    return [pair.path for pair in pairs if outputs.overwrite or not pair.is_there]


def _pair(image: Found, outputs: Outputs, read: ReadOptions) -> Pair:
    path, out = image.path, outputs.out
    if out is not None and names_a_file(out):
        return Pair(path, out)
    if not read.sequence:
        place = out / image.relative if out else path
        return Pair(path, place.with_name(outputs.rename(path.name)))
    frames = tuple(frame.name for frame in frames_of(path))
    if out is not None:
        return Pair(path, out / image.relative, frames)
    folder = path.absolute()
    return Pair(path, folder.with_name(folder.name + outputs.added), frames)


def _check_one_file(outputs: Outputs, read: ReadOptions, count: int) -> None:
    """Raise ``ConfigError`` unless one input becomes the file that ``out`` names."""
    out = outputs.out
    if count > 1 or read.sequence:
        what = "frames of sequences are files" if read.sequence else f"there are {count} inputs"
        raise ConfigError(
            f"--out {out} names a file, and {what}: name a folder, without the ending of a format"
        )
    if outputs.format and out and plain_ending(out) != PICTURE_ENDINGS[outputs.format]:
        raise ConfigError(f"--out {out} and --format {outputs.format} disagree: drop one")
    if outputs.suffix:
        raise ConfigError(
            f"--out {out} is the whole name of the output, and --suffix {outputs.suffix} would "
            "change it: drop one"
        )


def _check_apart(pairs: Sequence[Pair]) -> None:
    """Raise ``ConfigError`` if two inputs have one output, or an output is an input."""
    given = {_real(path): path for pair in pairs for path in pair.inputs}
    makers: dict[Path, Path] = {}
    for pair in pairs:
        for output in pair.outputs:
            target = _real(output)
            if target in given:
                raise ConfigError(
                    f"{given[target]} would be replaced by the output of {pair.path}: choose "
                    "another --out, or a --suffix"
                )
            other = makers.setdefault(target, pair.path)
            if other != pair.path:
                raise ConfigError(
                    f"several inputs are called {pair.path.name}, and their outputs would be one "
                    f"file: {other} and {pair.path} would both become {output}; denoise them in "
                    "separate calls with separate --out"
                )


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
