"""``unnoise denoise``."""

import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import Parameter

from unnoise.cli.applied import APPLIED, READ, RUN_BY, Applied, Read, RunBy
from unnoise.cli.console import (
    Notes,
    file_progress,
    print_json,
    speaker,
    training_progress,
    verb_app,
)
from unnoise.cli.options import Json, Quiet
from unnoise.cli.streams import STREAM, is_streamed, streamed
from unnoise.denoiser.loading import SELF
from unnoise.denoiser.options import Outputs
from unnoise.errors import ConfigError, DataError, OutputError

if TYPE_CHECKING:
    from unnoise.api.one_file import DenoiseFiles, FileResult
    from unnoise.api.own import Own
    from unnoise.types import Say

app = verb_app("denoise")
HERE: Final = "here"  # the engine of one process
DEFAULT = "photo"  # for many workers, which do not choose


@app.default
def denoise(
    inputs: Annotated[list[str], Parameter(allow_leading_hyphen=True)],
    /,
    *,
    model: str | None = None,
    minutes: float | None = None,
    keep: Path | None = None,
    outputs: Annotated[Outputs, Parameter(name="*")] = Outputs(),  # noqa: B008  frozen
    options: Applied = APPLIED,
    read: Read = READ,
    running: RunBy = RUN_BY,
    engine: Literal["here", "processes", "ray"] = "here",
    address: str | None = None,
    workers: int | None = None,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Denoise files of any size, or folders of them.

    Every output has the format, axes, size, dtype and metadata of its input. A file that cannot be
    denoised is reported and skipped, and the exit status is 2.

    With --engine processes or ray, many workers share the work, and --out holds a record of it,
    manifest.jsonl: a line for each input, with its output, verdict, noise level, seconds and error.
    If it is killed at any point, the same command goes on with what is missing.

    An input - is one image from standard input, whose result goes to standard output, or to --out:
    unnoise denoise - --format png < noisy.tif > clean.png

    Parameters
    ----------
    inputs
        Files, folders with their subfolders, or patterns such as "scans/**/*.tif": PNG, JPEG,
        WebP, TIFF, .npy, .npz, IDX, zarr, and films (.mp4, .mkv, .mov, .webm, .avi). --engine
        processes or ray takes one of them, with a pattern in quotes; or a list of paths, one on
        each line of a .txt file; or an address such as s3://bucket/scans, which fsspec reaches. One
        zarr array, .npy or tiled TIFF is divided among the workers.
    model
        A model file (.safetensors, or .onnx), a run folder, hf://owner/name, or photo or
        fluorescence, which come with unnoise; or self, which first trains a model on the inputs
        alone: for images that no model knows. [default: the one of photo and fluorescence that
        knows the image]
    minutes
        With --model self: length of the training, for all inputs together. [default: 2]
    keep
        With --model self: a run folder to keep the model in.
    engine
        Who does the work: this process (here), several processes of this machine, with one core
        each, or Ray (pip install 'unnoise[cluster]').
    address
        With --engine ray: a running cluster, such as 10.0.0.1:6379. Its machines must see the
        inputs, the model and --out under the same names. Without it, Ray starts on this machine.
    workers
        With --engine processes or ray: their number. [default: one for each GPU, or each core]
    """
    for name in inputs:
        if name.startswith("-") and name != STREAM:
            raise ConfigError(
                f"unknown option {name}: unnoise denoise --help lists all; a file is ./{name}"
            )
    if is_streamed(inputs, outputs):
        if engine != HERE:
            raise ConfigError(f"- is one image, and --engine {engine} is for many: leave it out")
        with streamed(inputs, outputs, json=json) as (files, places):
            return denoise(
                files,
                model=model,
                minutes=minutes,
                keep=keep,
                outputs=places,
                options=options,
                read=read,
                running=running,
                quiet=quiet,
                json=json,
            )
    from unnoise.api.denoising import denoise_here, load_built_ins
    from unnoise.images import left_out

    given = minutes is not None or keep is not None
    _check_self(model, engine, given=given, compiles=running.compile)
    say, training = speaker(quiet=quiet), dict[str, object]()
    run: DenoiseFiles
    if engine == HERE:
        if address is not None or workers is not None:
            raise ConfigError(
                "--address and --workers are for many workers: add --engine processes, or ray"
            )
        for sentence in left_out(inputs, exclude=outputs.out):
            say(sentence)
        if model == SELF:
            from unnoise.api.own import train_on

            train = partial(
                train_on, minutes=minutes, keep=keep, read=read, options=options, running=running
            )
            own = _train_own(train, inputs, outputs, read, quiet=quiet)
            if own is None:
                if json:
                    print_json([])
                return 0
            training = {"training": own.facts()}
            run = partial(denoise_here, own.denoiser, inputs)
        else:
            denoiser = load_built_ins(running) if model is None else running.load(model)
            run = partial(denoise_here, denoiser, inputs)
    else:
        from unnoise.cluster import MANIFEST, denoise_many

        if len(inputs) != 1:
            raise ConfigError(
                f"--engine {engine} takes one source, and {len(inputs)} were given: put a pattern "
                "in quotes, so that the shell leaves it as it is, or write the paths into a list, "
                "one on each line of a .txt file"
            )
        if model is None:
            say("with photo, which comes with unnoise and knows photographs; --model takes another")
        if outputs.skip_existing:
            say(f"--skip-existing adds nothing: --engine {engine} always goes on where it stopped")
        many = partial(denoise_many, model or DEFAULT, inputs[0], running=running, say=say)
        run = partial(many, engine=engine, address=address, workers=workers)
    job = engine != HERE
    # A job may have millions of files, and its manifest holds what would be printed or kept here.
    report = _Report(say, each=not job, keep=json and not job)
    with file_progress(quiet=quiet) as progress:
        summary = run(outputs=outputs, read=read, options=options, report=report, progress=progress)
    for rest in report.notes.rest("the manifest" if job else "--json"):
        say(rest)
    if json and job:
        print_json({**summary.facts(), "manifest": outputs.out and outputs.out / MANIFEST})
    elif json:
        rows = (asdict(result) for result in report.results)
        print_json([{**row, "model": row["model"] or model, **training} for row in rows])
    if summary.failed:
        print(f"unnoise: {summary}", file=sys.stderr)
        return 2
    say(str(summary))
    return 0


class _Report:
    """Prints messages about each result, its output and verdict too if ``each``."""

    def __init__(self, say: "Say", *, each: bool, keep: bool) -> None:
        self._say, self._each, self._keep = say, each, keep
        self._model: str | None = None
        self.notes = Notes()
        self.results: list[FileResult] = []

    def __call__(self, result: "FileResult") -> None:
        if self._keep:
            self.results.append(result)
        if result.error is not None:
            print(f"unnoise: {result.error}", file=sys.stderr)
            return
        name = result.input
        if result.chosen and result.model != self._model:
            self._say(f"{name}: with {result.model}: {result.chosen}; --model chooses another")
        self._model = result.model
        lost = [f"not kept: {', '.join(result.lost)}"] if result.lost else []
        for note in self.notes.new([*result.notes, *lost]):
            self._say(f"{name}: {note}")
        if not self._each:
            return
        if result.verdict in ("check", "reject"):
            self._say(f"{result.verdict} {name}: {'; '.join(result.reasons)}")
        if not sys.stderr.isatty():  # where there is no bar
            self._say(f"{name} -> {result.output}{' (was there)' * result.skipped}")


def _check_self(model: str | None, engine: str, *, given: bool, compiles: bool) -> None:
    """Refuse options (``given``) for ``--model self`` alone, and options that contradict it."""
    if model != SELF and given:
        raise ConfigError("--minutes and --keep are for --model self, which trains a model first")
    if model == SELF and engine != HERE:
        raise ConfigError(
            f"--model self trains in this process, and --engine {engine} is for many: train first, "
            "with --keep RUN on a few of the inputs, then pass --model RUN"
        )
    if model == SELF and compiles:
        raise ConfigError("--compile pays for many images, and --model self is for few: drop one")


def _train_own(
    train: "partial[Own]", inputs: list[str], outputs: Outputs, read: Read, *, quiet: bool
) -> "Own | None":
    """Train a model on the inputs; return None if all outputs are there and stay as they are."""
    from unnoise.api.pairing import inputs_left

    say = speaker(quiet=quiet)
    files = inputs_left(inputs, outputs, read)
    if not files and outputs.skip_existing:
        say("all outputs are there: nothing was trained")
        return None
    if not files:
        raise OutputError(
            "all outputs are there, so there is nothing to train for: pass --overwrite to replace "
            "them, or another --out"
        )
    with training_progress(quiet=quiet) as report:
        own = train(files, overwrite=outputs.overwrite, say=say, report=report)
    if own.run is not None:
        say(f"kept in {own.run}: unnoise denoise IMAGES --model {own.run} applies it to others")
    if not own.worse:
        return own
    names = ", ".join(path.name for path in own.worse[:5])
    more = f" and {len(own.worse) - 5} more" if len(own.worse) > 5 else ""
    worse = (
        f"worse than the input, by estimate, for {len(own.worse)} of {own.looked_at} files that "
        f"were looked at ({names}{more})"
    )
    if outputs.inspect and len(own.worse) > own.looked_at / 2:
        raise DataError(
            f"nothing is written, since it would be {worse}. Their structure is too fine, or "
            "their noise too weak, to be learned from them alone: train longer with --minutes, "
            "learn from pairs or clean images with unnoise train, or write the results with "
            "--no-inspect"
        )
    say(f"{worse}. Keep these inputs, lower --strength, or train longer with --minutes")
    return own
