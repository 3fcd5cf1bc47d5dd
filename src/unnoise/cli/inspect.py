"""``unnoise inspect``."""

import sys
from pathlib import Path

from unnoise.cli.applied import APPLIED, READ, RUN_BY, Applied, Read, RunBy
from unnoise.cli.console import print_json, speaker, verb_app
from unnoise.cli.options import Inputs, Json, Model, Overwrite

app = verb_app("inspect")


@app.default
def inspect(
    model: Model,
    inputs: Inputs,
    /,
    *,
    report: Path | None = None,
    compare: bool = False,
    options: Applied = APPLIED,
    read: Read = READ,
    overwrite: Overwrite = False,
    running: RunBy = RUN_BY,
    quiet: bool = False,
    json: Json = False,
) -> int:
    """Report whether results can be trusted, without clean images.

    Each image gets one line: a verdict (trust, check or reject) with its reasons, the noise, how
    familiar the image is, whether structure was removed, and an estimated PSNR. No result is
    written. A file that cannot be inspected is reported, and the exit status is 2.

    Parameters
    ----------
    report
        Write one HTML page with the maps of all images. Images of a stack are behind a slider,
        before and after, with the maps of the first one of the worst verdict.
    compare
        Compare the model with simple filters (gaussian, median, total variation, non-local means,
        wavelet; BM3D if installed), each with the best parameter for the image. This takes many
        times as long as the inspection; the seconds are printed.
    quiet
        Print errors, and lines of images that should not be trusted, alone.
    """
    from unnoise.api.inspecting import inspect_files, line, summary
    from unnoise.api.inspection_page import write_inspections
    from unnoise.images import left_out
    from unnoise.outputs import check_free

    if report:
        check_free(report, overwrite=overwrite)  # before the work
    say = speaker(quiet=quiet)
    denoiser = running.load(model)
    images = []
    for sentence in left_out(inputs):
        say(sentence)
    draw = report is not None
    for image in inspect_files(
        denoiser, inputs, read=read, options=options, draw=draw, compare=compare
    ):
        images.append(image)
        if not image.index:
            said: set[str] = set()  # once for a file, not for each of its images
        if image.error is not None:
            print(f"unnoise: {image.error}", file=sys.stderr)
        elif not json and not (quiet and image.verdict == "trust"):
            print(line(image, said))
    if json:
        print_json(
            [{"input": str(i.input), "index": i.index, "error": i.error, **i.facts} for i in images]
        )
    if report:
        write_inspections(report, images, denoiser, model=model, overwrite=overwrite)
        say(f"page: {report}")
    if compare:
        seconds = sum(image.facts.get("compared_seconds", 0) for image in images)
        say(f"the comparison with simple filters took {seconds:.1f} s")
    say(summary(images))
    return 2 if any(image.error is not None for image in images) else 0
