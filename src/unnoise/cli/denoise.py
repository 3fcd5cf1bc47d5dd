"""``unnoise denoise``."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from unnoise.cli.console import Notes, file_progress, print_json, speaker, verb_app
from unnoise.denoiser.loading import SELF
from unnoise.denoiser.options import DenoiseOptions
from unnoise.errors import ConfigError
from unnoise.images.files import ReadOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unnoise.api.one_file import FileResult
    from unnoise.api.own import Own
    from unnoise.denoiser import Denoiser

app = verb_app("denoise")
DEFAULT = "photo"  # of many workers, which do not choose


@app.default
def denoise(
    inputs: list[str],
    /,
    *,
    model: str | None = None,
    minutes: float | None = None,
    keep: Path | None = None,
    out: Path | None = None,
    suffix: str | None = None,
    options: Annotated[DenoiseOptions, Parameter(name="*")] = DenoiseOptions(),  # noqa: B008  frozen
    read: Annotated[ReadOptions, Parameter(name="*")] = ReadOptions(),  # noqa: B008  frozen
    overwrite: bool = False,
    skip_existing: bool = False,
    inspect: bool = True,
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16"] = "auto",
    compile: bool = False,  # noqa: A002  the word of torch
    engine: Literal["here", "processes", "ray"] = "here",
    address: str | None = None,
    workers: int | None = None,
    quiet: bool = False,
    json: bool = False,
) -> int:
    """Denoise files of any size, or folders of them.

    Every output has the format, axes, size, dtype and metadata of its input. A file that cannot be
    denoised is reported and skipped, and the exit status is 2.

    With --engine processes or ray the work is shared by many workers, and --out holds a record of
    it, manifest.jsonl: a line for each input, with its output, verdict, noise level, seconds and
    error. Killed at any point, the same command goes on with what is missing.

    Parameters
    ----------
    inputs
        Files, folders with their subfolders, or patterns such as "scans/**/*.tif": PNG, JPEG,
        WebP, TIFF, .npy, .npz, IDX and zarr. With --engine processes or ray it is one of them,
        with a pattern in quotes; or a list of paths, one on each line of a .txt file; or an address
        such as s3://bucket/scans, which fsspec reaches. One zarr array, .npy or tiled TIFF is
        divided among the workers.
    model
        A model file (.safetensors, or .onnx), a run folder, hf://owner/name, or photo or
        fluorescence, which come with unnoise; or self, which first trains a model on the inputs
        alone: for images that no model knows. [default: of those that come with unnoise, the one
        that knows the image]
    minutes
        With --model self: of the training, for all inputs together. [default: 2]
    keep
        With --model self: a run folder to keep the model in.
    out
        The folder to write to; subfolders are made as they are in the input. Without it, outputs
        lie beside their inputs.
    suffix
        Put before the extension. [default: _denoised, or nothing with --out]
    overwrite
        Replace outputs that exist.
    skip_existing
        Leave outputs that exist: repeats a call that was interrupted.
    inspect
        Look at each file first, and warn where the result cannot be trusted: noise that the model
        does not know, structure that it removes, images unlike its training images. With --model
        self, nothing is written if most results are estimated to be worse than their inputs.
    device
        cpu, cuda, mps or auto.
    precision
        Arithmetic; auto takes bf16, which is faster, where the hardware has it.
    compile
        On a GPU: let torch compile the network first, which takes a minute and pays for many files.
    engine
        Who does the work: this process (here), several processes of this machine, which torch or
        ONNX Runtime then use one core each, or Ray (pip install 'unnoise[cluster]').
    address
        With --engine ray: a cluster that runs, such as 10.0.0.1:6379. Its machines must see the
        inputs, the model and --out under the same names. Without it, Ray is started on this
        machine.
    workers
        With --engine processes or ray: how many. [default: one for each GPU, or each core]
    quiet
        No messages but errors.
    json
        Print what was done as JSON.
    """
    from unnoise.api.choosing import load_built_ins
    from unnoise.api.denoising import denoise_files
    from unnoise.api.loading import load
    from unnoise.cli.jobs import denoise_job
    from unnoise.cli.own import train_own
    from unnoise.images import left_out

    say, results, notes, before = speaker(quiet=quiet), [], Notes(), None
    _check_self(model, minutes=minutes, keep=keep, engine=engine, compiles=compile)
    if model is None and engine != "here":
        model = DEFAULT
        say("with photo, which comes with unnoise and knows photographs; --model takes another")
    if engine != "here":
        return denoise_job(
            model or DEFAULT,
            inputs,
            engine=engine,
            out=out,
            skip_existing=skip_existing,
            quiet=quiet,
            json=json,
            address=address,
            workers=workers,
            suffix=suffix or "",
            options=options,
            read=read,
            overwrite=overwrite,
            inspect=inspect,
            device=device,
            precision=precision,
            compile=compile,
        )
    if address is not None or workers is not None:
        raise ConfigError(
            "--address and --workers are for many workers: add --engine processes, or ray"
        )
    for sentence in left_out(inputs, exclude=out):
        say(sentence)
    denoiser: Denoiser | dict[str, Denoiser]
    own = None
    if model == SELF:
        own = train_own(
            inputs,
            minutes=minutes,
            keep=keep,
            out=out,
            suffix=suffix,
            options=options,
            read=read,
            overwrite=overwrite,
            skip_existing=skip_existing,
            inspect=inspect,
            device=device,
            precision=precision,
            quiet=quiet,
        )
        if own is None:
            if json:
                print_json([])
            return 0
        denoiser = own.denoiser
    elif model is None:
        denoiser = load_built_ins(device=device, precision=precision, compile=compile)
    else:
        denoiser = load(model, device=device, precision=precision, compile=compile)
    with file_progress(quiet=quiet) as show:
        for result in denoise_files(
            denoiser,
            inputs,
            out=out,
            suffix=suffix,
            options=options,
            read=read,
            overwrite=overwrite,
            skip_existing=skip_existing,
            inspect=inspect,
            progress=show,
        ):
            results.append(result)
            if result.error is not None:
                print(f"unnoise: {result.error}", file=sys.stderr)
                continue
            if result.chosen and result.model != before:
                say(
                    f"{result.input}: with {result.model}: {result.chosen}; --model chooses another"
                )
            before = result.model
            for note in notes.new([*result.notes, *_lost(result.lost)]):
                say(f"{result.input}: {note}")
            if result.verdict in ("check", "reject"):
                say(f"{result.verdict} {result.input}: {'; '.join(result.reasons)}")
            if not sys.stderr.isatty():  # where there is no bar
                say(f"{result.input} -> {result.output}{' (was there)' * result.skipped}")
    for rest in notes.rest("--json"):
        say(rest)
    if json:
        print_json([_row(result, model, own) for result in results])
    failed = any(result.error is not None for result in results)
    if failed:
        print(f"unnoise: {_summary(results)}", file=sys.stderr)
    else:
        say(_summary(results))
    return 2 if failed else 0


def _lost(lost: "Sequence[str]") -> list[str]:
    return [f"not kept: {', '.join(lost)}"] if lost else []


def _summary(results: "list[FileResult]") -> str:
    from unnoise.api.inspecting import TOLD

    failed = [str(result.input) for result in results if result.error is not None]
    skipped = sum(result.skipped for result in results)
    parts = [f"{len(results) - len(failed) - skipped} denoised"]
    models = Counter(result.model for result in results if result.chosen)
    if len(models) > 1:
        parts += [f"{count} with {model}" for model, count in models.most_common()]
    if skipped:
        parts.append(f"{skipped} were there")
    for verdict in ("check", "reject"):
        if count := sum(result.verdict == verdict for result in results):
            parts.append(f"{count} {TOLD[verdict]}")
    if failed:
        more = f" and {len(failed) - 5} more" if len(failed) > 5 else ""
        names = ", ".join(failed[:5]) + more
        parts.append(f"{len(failed)} of {len(results)} inputs failed: {names}")
    return ", ".join(parts)


def _row(result: "FileResult", model: str | None, own: "Own | None") -> dict[str, object]:
    output = None if result.output is None else str(result.output)
    row = {**result.__dict__, "input": str(result.input), "output": output}
    row["model"] = result.model or model
    return row if own is None else {**row, "training": own.facts()}


def _check_self(
    model: str | None, *, minutes: float | None, keep: Path | None, engine: str, compiles: bool
) -> None:
    """Refuse options that are for ``--model self`` alone, and those that it does not go with."""
    if model != SELF and (minutes is not None or keep is not None):
        raise ConfigError("--minutes and --keep are for --model self, which trains a model first")
    if model == SELF and engine != "here":
        raise ConfigError(
            f"--model self trains in this process, and --engine {engine} is for many: train first, "
            "with --keep RUN on a few of the inputs, then pass --model RUN"
        )
    if model == SELF and compiles:
        raise ConfigError("--compile pays for many images, and --model self is for few: drop one")
