"""Options that several verbs share, each explained once."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from unnoise.denoiser.options import DenoiseOptions
from unnoise.denoiser.running import Running
from unnoise.images.files import ReadOptions

PATTERNS = 'Files, folders with their subfolders, or patterns such as "scans/**/*.tif".'

Applied = Annotated[DenoiseOptions, Parameter(name="*")]
Read = Annotated[ReadOptions, Parameter(name="*")]
RunBy = Annotated[Running, Parameter(name="*")]
APPLIED, READ, RUN_BY = DenoiseOptions(), ReadOptions(), Running()

Model = Annotated[
    str,
    Parameter(
        help="A model file, a run folder, or photo or fluorescence, which come with unnoise."
    ),
]
Inputs = Annotated[list[str], Parameter(help=PATTERNS)]
DataDir = Annotated[
    Path | None, Parameter(help="Where to look for named datasets before $UNNOISE_DATA.")
]
Overwrite = Annotated[bool, Parameter(help="Replace the output if it exists.")]
Quiet = Annotated[bool, Parameter(help="Print errors alone.")]
Json = Annotated[bool, Parameter(help="Print the result as JSON.")]
