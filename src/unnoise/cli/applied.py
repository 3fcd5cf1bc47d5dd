"""Options that verbs take whole from other rooms: how images are read, denoised, and by what."""

from typing import Annotated

from cyclopts import Parameter

from unnoise.denoiser.options import DenoiseOptions
from unnoise.denoiser.running import Running
from unnoise.images.options import ReadOptions

Applied = Annotated[DenoiseOptions, Parameter(name="*")]
Read = Annotated[ReadOptions, Parameter(name="*")]
RunBy = Annotated[Running, Parameter(name="*")]
APPLIED, READ, RUN_BY = DenoiseOptions(), ReadOptions(), Running()
