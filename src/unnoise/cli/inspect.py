"""``unnoise inspect``."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from unnoise.cli.console import print_json, speaker, verb_app
from unnoise.denoiser.options import DenoiseOptions
from unnoise.denoiser.running import Running
from unnoise.images.files import ReadOptions

app = verb_app("inspect")


@app.default
def inspect(
    model: str,
    inputs: list[str],
    /,
    *,
    report: Path | None = None,
    compare: bool = False,
    options: Annotated[DenoiseOptions, Parameter(name="*")] = DenoiseOptions(),  # noqa: B008  frozen
    read: Annotated[ReadOptions, Parameter(name="*")] = ReadOptions(),  # noqa: B008  frozen
    overwrite: bool = False,
    running: Annotated[Running, Parameter(name="*")] = Running(),  # noqa: B008  frozen
    quiet: bool = False,
    json: bool = False,
) -> int:
    """Tell whether results can be trusted, without clean images.

    One line per image: a verdict (trust, check or reject), its reasons, the noise, how familiar
    the image is, whether structure was removed, and an estimate of the PSNR. Nothing is written
    but the page of --report. A file that cannot be inspected is reported, and the exit status is 2.

    Parameters
    ----------
    model
        A model file, a run folder, or photo or fluorescence, which come with unnoise.
    inputs
        Files, folders with their subfolders, or patterns such as "scans/**/*.tif".
    report
        Write one HTML page with the maps of all images.
    compare
        Compare the model with simple filters (gaussian, median, total variation, non-local means,
        wavelet; BM3D where it is installed), each with the best parameter for the image. It takes
        many times the inspection; the seconds are printed.
    overwrite
        Replace the page, if it exists.
    quiet
        No messages but errors, and no lines but those of images that are not to be trusted.
    json
        Print what was found as JSON.
    """
    from unnoise.api.inspecting import inspect_files, line, summary, write_inspections
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
            print(f"unnoise: {image.name}: {image.error}", file=sys.stderr)
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
