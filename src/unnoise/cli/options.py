"""Options that several verbs share, each explained once; those of denoising are in ``applied``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

PATTERNS = 'Files, folders with their subfolders, or patterns such as "scans/**/*.tif".'

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
Quiet = Annotated[bool, Parameter(help="Print the result and errors, and nothing else.")]
Json = Annotated[bool, Parameter(help="Print the result as JSON.")]
