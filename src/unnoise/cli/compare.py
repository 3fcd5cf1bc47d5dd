"""``unnoise compare``."""

import sys
from typing import Annotated

from cyclopts import Parameter

from unnoise.cli.applied import APPLIED, READ, RUN_BY, Applied, Read, RunBy
from unnoise.cli.console import print_json, speaker, verb_app
from unnoise.cli.options import Json, Quiet

app = verb_app("compare")


@app.default
def compare(
    models: list[str],
    /,
    *,
    images: Annotated[list[str], Parameter(consume_multiple=True)],
    filters: bool = False,
    options: Applied = APPLIED,
    read: Read = READ,
    running: RunBy = RUN_BY,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Rank several models on noisy images, without clean ones.

    The models are listed for each image, the least estimated error first: with the estimated PSNR,
    the distance to the best, and those that cannot be distinguished. A file that cannot be
    compared is reported, and the exit status is 2.

    Parameters
    ----------
    models
        Model files, run folders, or photo or fluorescence, which come with unnoise.
    images
        Files, folders with their subfolders, or patterns such as "scans/**/*.tif".
    filters
        Rank simple filters, too (gaussian, median, total variation, non-local means, wavelet; BM3D
        if installed), each with the best parameter for the image.
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
            print(f"unnoise: {each.error}", file=sys.stderr)
        elif not json:
            print(f"{each.name}: {each.found.sentence} ({each.found.seconds:.1f} s)")
            print(table(each.found))
    if json:
        print_json([as_plain(each) for each in found])
    return 2 if any(each.found is None for each in found) else 0
