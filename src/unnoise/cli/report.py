"""``unnoise report``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from unnoise.cli.console import speaker, verb_app
from unnoise.denoiser.running import Running

app = verb_app("report")


@app.default
def report(
    run: Path,
    /,
    *,
    running: Annotated[Running, Parameter(name="*")] = Running(),  # noqa: B008  frozen
    quiet: bool = False,
) -> None:
    """Evaluate the model of a run on held-out images and write RUN/report.html.

    Parameters
    ----------
    run
        The run folder.
    quiet
        No messages but errors.
    """
    from unnoise.api.reporting import write_report

    path, _ = write_report(run, running=running, say=speaker(quiet=quiet))
    print(path)
