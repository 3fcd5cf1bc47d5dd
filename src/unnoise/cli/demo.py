"""``unnoise demo``."""

from dataclasses import asdict
from pathlib import Path

from unnoise.cli.applied import RUN_BY, RunBy
from unnoise.cli.console import speaker, training_progress, verb_app
from unnoise.cli.evaluate import print_table
from unnoise.cli.options import Overwrite, Quiet

app = verb_app("demo")


@app.default
def demo(
    *,
    out: Path = Path("demo"),
    minutes: float = 1.0,
    running: RunBy = RUN_BY,
    seed: int = 0,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Train on the digits in the package, evaluate on its test digits, and write the report.

    Parameters
    ----------
    out
        The run folder.
    minutes
        How long to train.
    seed
        Decides the weights, the split, the order and the noise.
    """
    from unnoise.api.reporting import draw_preview, write_report
    from unnoise.api.training import train

    say = speaker(quiet=quiet)
    with training_progress(quiet=quiet) as progress:
        train(
            "digits",
            minutes=minutes,
            validation=0.1,
            seed=seed,
            **asdict(running),
            out=out,
            overwrite=overwrite,
            say=say,
            report=progress,
        )
    preview = draw_preview(out)
    say("evaluating, beside classical methods")
    report, evaluation = write_report(out, running=running)
    assert evaluation is not None  # the digits are clean
    print_table(evaluation)
    print(f"picture: {preview}")
    print(f"report:  {report}")
    print(f"noisy:    {evaluation.mean('noisy', 'psnr'):.2f} dB")
    print(f"denoised: {evaluation.mean('unnoise', 'psnr'):.2f} dB")
