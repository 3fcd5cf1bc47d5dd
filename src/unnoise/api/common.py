"""The types that the functions of this room share."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unnoise.training import Progress

Array = NDArray[np.generic]
Source = str | Path | Array
Say = Callable[[str], None]
Report = Callable[[Progress], None]


def silent(_: object) -> None:
    """Tell nobody."""
