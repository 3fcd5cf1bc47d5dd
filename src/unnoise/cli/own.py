"""``unnoise denoise --model self``: the training before the work."""

from pathlib import Path
from typing import TYPE_CHECKING

from unnoise.cli.console import speaker, training_progress
from unnoise.denoiser.options import DenoiseOptions, Outputs
from unnoise.denoiser.running import Running
from unnoise.errors import DataError, OutputError
from unnoise.images.files import ReadOptions

if TYPE_CHECKING:
    from unnoise.api.own import Own


def train_own(
    inputs: list[str],
    *,
    minutes: float | None,
    keep: Path | None,
    outputs: Outputs,
    options: DenoiseOptions,
    read: ReadOptions,
    running: Running,
    quiet: bool,
) -> "Own | None":
    """Train a model on the inputs; return None if all outputs are there and stay as they are.

    Raises:
        DataError: The results of most inputs are estimated to be worse than the inputs.
        OutputError: All outputs are there, and no option says what to do with them.
    """
    from unnoise.api.denoising import inputs_left
    from unnoise.api.own import train_on

    say = speaker(quiet=quiet)
    files = inputs_left(inputs, outputs)
    if not files and outputs.skip_existing:
        say("all outputs are there: nothing was trained")
        return None
    if not files:
        raise OutputError(
            "all outputs are there, so there is nothing to train for: pass --overwrite to replace "
            "them, or another --out"
        )
    with training_progress(quiet=quiet) as report:
        own = train_on(
            files,
            minutes=minutes,
            keep=keep,
            read=read,
            options=options,
            running=running,
            overwrite=outputs.overwrite,
            say=say,
            report=report,
        )
    if keep is not None:
        say(f"kept in {keep}: unnoise denoise IMAGES --model {keep} applies it to others")
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
