"""``unnoise denoise --model self``: the training before the work."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from unnoise.cli.console import speaker, training_progress
from unnoise.denoiser.options import DenoiseOptions
from unnoise.errors import OutputError
from unnoise.images.files import ReadOptions

if TYPE_CHECKING:
    from unnoise.api import Own


def train_own(
    inputs: list[str],
    *,
    minutes: float | None,
    keep: Path | None,
    out: Path | None,
    suffix: str | None,
    options: DenoiseOptions,
    read: ReadOptions,
    overwrite: bool,
    skip_existing: bool,
    device: str,
    precision: Literal["auto", "fp32", "bf16"],
    quiet: bool,
) -> "Own | None":
    """Train a model on the inputs; None if all outputs are there and are to be left.

    Raises:
        OutputError: All outputs are there, and nothing says what to do with them.
    """
    from unnoise import api

    say = speaker(quiet=quiet)
    files = api.inputs_left(
        inputs, out=out, suffix=suffix, overwrite=overwrite, skip_existing=skip_existing
    )
    if not files and skip_existing:
        say("all outputs are there: nothing was trained")
        return None
    if not files:
        raise OutputError(
            "all outputs are there, so there is nothing to train for: pass --overwrite to replace "
            "them, or another --out"
        )
    with training_progress(quiet=quiet) as report:
        own = api.train_on(
            files,
            minutes=minutes,
            keep=keep,
            read=read,
            options=options,
            overwrite=overwrite,
            device=device,
            precision=precision,
            say=say,
            report=report,
        )
    if own.worse:
        say(_warning(own))
    if keep is not None:
        say(f"kept in {keep}: unnoise denoise IMAGES --model {keep} applies it to others")
    return own


def _warning(own: "Own") -> str:
    names = ", ".join(path.name for path in own.worse[:5])
    more = f" and {len(own.worse) - 5} more" if len(own.worse) > 5 else ""
    return (
        f"worse than the input, by estimate: the results of {len(own.worse)} of "
        f"{own.looked_at} files that were looked at ({names}{more}). Keep the inputs, lower "
        "--strength, or train longer with --minutes"
    )
