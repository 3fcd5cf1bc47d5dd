"""``unnoise noise-model``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from unnoise.cli.console import print_json, speaker, verb_app
from unnoise.images.files import ReadOptions

app = verb_app("noise-model")


@app.default
def noise_model(
    noisy: list[str],
    /,
    *,
    clean: str | None = None,
    read: Annotated[ReadOptions, Parameter(name="*")] = ReadOptions(),  # noqa: B008  frozen
    limit: int = 48,
    report: Path | None = None,
    overwrite: bool = False,
    quiet: bool = False,
    json: bool = False,
) -> None:
    """Estimate a noise for training from noisy images.

    Prints the spec alone on standard output, and what it was read from on standard error, so that
    unnoise train CLEAN --noise "$(unnoise noise-model NOISY)" trains with it. unnoise train CLEAN
    --noise auto --noisy NOISY does the same.

    Parameters
    ----------
    noisy
        Files, folders with their subfolders, or patterns such as "scans/**/*.tif".
    clean
        The same images without noise, found by name: the noise is then the difference.
    limit
        How many images are looked at, evenly spread over all.
    report
        Write one HTML page with the evidence: variance against brightness, correlations, and a
        part of a noisy image beside noise of the spec.
    overwrite
        Replace the page, if it exists.
    quiet
        No messages but errors.
    json
        Print spec and evidence as JSON.
    """
    from unnoise.api.noise_models import noise_model as estimate_noise
    from unnoise.api.noise_page import write_noise_page
    from unnoise.images import left_out
    from unnoise.outputs import check_free

    if report:
        check_free(report, overwrite=overwrite)  # before the work
    say = speaker(quiet=quiet)
    for sentence in left_out(noisy):
        say(sentence)
    found = estimate_noise(list(noisy), clean=clean, read=read, limit=limit, say=say)
    for sentence in found.evidence:
        say(sentence)
    if report:
        write_noise_page(report, found, title=noisy[0], overwrite=overwrite)
        say(f"page: {report}")
    if json:
        print_json(found.to_plain())
    else:
        print(found.spec)
