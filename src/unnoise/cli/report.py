"""``unnoise report``."""

from pathlib import Path

from unnoise.cli.console import speaker, verb_app

app = verb_app("report")


@app.default
def report(run: Path, /, *, device: str = "auto", quiet: bool = False) -> None:
    """Evaluate the model of a run on held-out images and write RUN/report.html.

    Parameters
    ----------
    run
        The run folder.
    device
        cpu, cuda, mps or auto.
    quiet
        No messages but errors.
    """
    from unnoise.api.reporting import write_report

    path, _ = write_report(run, device=device, say=speaker(quiet=quiet))
    print(path)
