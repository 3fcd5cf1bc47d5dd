"""``unnoise noise-model``."""

from pathlib import Path

from unnoise.cli.applied import READ, Read
from unnoise.cli.console import print_json, speaker, verb_app
from unnoise.cli.options import Inputs, Json, Overwrite, Quiet

app = verb_app("noise-model")


@app.default
def noise_model(
    noisy: Inputs,
    /,
    *,
    clean: str | None = None,
    read: Read = READ,
    limit: int = 48,
    report: Path | None = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Estimate a noise for training from noisy images.

    The spec is printed on standard output, and the evidence on standard error. To train with it:
    unnoise train CLEAN --noise "$(unnoise noise-model NOISY)", or unnoise train CLEAN --noise auto
    --noisy NOISY.

    Parameters
    ----------
    clean
        The same images without noise, matched by name: the noise is then the difference.
    limit
        Measure at most N images, evenly spread over all.
    report
        Write one HTML page with the evidence: variance against brightness, correlations, and a
        part of a noisy image beside noise of the spec.
    """
    from unnoise.api.noise_models import noise_model as estimate_noise
    from unnoise.api.reporting import write_noise_page
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
