"""``unnoise report``."""

from pathlib import Path

from unnoise.cli.applied import RUN_BY, RunBy
from unnoise.cli.console import speaker, verb_app
from unnoise.cli.options import Quiet

app = verb_app("report")


@app.default
def report(run: Path, /, *, running: RunBy = RUN_BY, quiet: Quiet = False) -> None:
    """Evaluate the model of a run on held-out images and write RUN/report.html.

    Parameters
    ----------
    run
        The run folder.
    """
    from unnoise.api.reporting import write_report

    path, _ = write_report(run, running=running, say=speaker(quiet=quiet))
    print(path)
