"""``unnoise compare``."""

import sys
from typing import Annotated

from cyclopts import Parameter

from unnoise.cli.console import print_json, speaker, verb_app
from unnoise.denoiser.options import DenoiseOptions
from unnoise.denoiser.running import Running
from unnoise.images.files import ReadOptions

app = verb_app("compare")


@app.default
def compare(
    models: list[str],
    /,
    *,
    images: Annotated[list[str], Parameter(consume_multiple=True)],
    filters: bool = False,
    options: Annotated[DenoiseOptions, Parameter(name="*")] = DenoiseOptions(),  # noqa: B008  frozen
    read: Annotated[ReadOptions, Parameter(name="*")] = ReadOptions(),  # noqa: B008  frozen
    running: Annotated[Running, Parameter(name="*")] = Running(),  # noqa: B008  frozen
    quiet: bool = False,
    json: bool = False,
) -> int:
    """Tell which of several models is best on noisy images, without clean ones.

    For each image the models in the order of their estimated error, best first, with the estimated
    PSNR, how far each is behind the best, and which cannot be told apart. A file that cannot be
    compared is reported, and the exit status is 2.

    Parameters
    ----------
    models
        Model files, run folders, or photo or fluorescence, which come with unnoise.
    images
        Files, folders with their subfolders, or patterns such as "scans/**/*.tif".
    filters
        Compare with simple filters, too (gaussian, median, total variation, non-local means,
        wavelet; BM3D where it is installed), each with the best parameter for the image.
    quiet
        No messages but errors.
    json
        Print what was found as JSON.
    """
    from unnoise.api.comparing import as_plain, compare_files, table
    from unnoise.images import left_out

    say = speaker(quiet=quiet)
    for sentence in left_out(images):
        say(sentence)
    denoisers = [running.load(model) for model in models]
    found = []
    for each in compare_files(
        denoisers, images, names=models, filters=filters, read=read, options=options
    ):
        found.append(each)
        if each.found is None:
            print(f"unnoise: {each.name}: {each.error}", file=sys.stderr)
        elif not json:
            print(f"{each.name}: {each.found.sentence} ({each.found.seconds:.1f} s)")
            print(table(each.found))
    if json:
        print_json([as_plain(each) for each in found])
    return 2 if any(each.found is None for each in found) else 0
